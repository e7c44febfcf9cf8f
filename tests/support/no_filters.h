// Skips a test that loads a filter into the kernel where that is known not to work. CALLGATE_NO_FILTERS has the reason;
// scripts/stages.sh tries once before the tests and sets it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#define CALLGATE_SKIP_WITHOUT_FILTERS() \
  if (const char* why = std::getenv("CALLGATE_NO_FILTERS")) GTEST_SKIP() << why
