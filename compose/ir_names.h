// A chain's graph is made of the names of ir/: every file of this room uses them.
#pragma once

#include "ir/graph.h"

namespace callgate::compose {

using namespace ir;

}  // namespace callgate::compose
