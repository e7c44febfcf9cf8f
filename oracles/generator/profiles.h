// Whole programs: which snippets, in which order.
#pragma once

#include "oracles/generator/writer.h"

namespace callgate::oracles {

// Fills the program. Most are mixtures of a few snippets drawn anew, so that programs differ in character and not only
// in detail; some follow the plan of a kind of filter.
void write_program(Writer& w);

}  // namespace callgate::oracles
