#include "bpf/formats.h"
