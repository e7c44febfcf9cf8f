#include "bpf/names.h"
