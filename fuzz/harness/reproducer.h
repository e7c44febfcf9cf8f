// A finding as text that can be pasted into a test.
#pragma once

#include <string>

#include "fuzz/harness/finding.h"

namespace callgate::fuzz {

std::string reproducer(const Finding& finding);

}  // namespace callgate::fuzz
