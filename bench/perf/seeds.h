// Slow-downs on purpose, to test that the gate sees them.
#pragma once

namespace callgate::bench {

// From now on callgate is slower in the way that `name` says: "hot path" (work added in front of all code), "pass"
// (what a path has learnt is not used), "code" (twice as much of it). False if this program has no such seed.
bool choose_seed(const char* name);

}  // namespace callgate::bench
