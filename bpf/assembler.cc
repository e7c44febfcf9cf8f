#include "bpf/assembler.h"
