// A finding as text that can be pasted into a test.
#pragma once

#include <string>

#include "oracles/harness/finding.h"

namespace callgate::oracles {

std::string reproducer(const Finding& finding);

}  // namespace callgate::oracles
