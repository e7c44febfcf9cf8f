#include "bpf/disassembler.h"
