#include "bench/perf/seeds.h"

bool callgate::bench::choose_seed(const char*) { return false; }
