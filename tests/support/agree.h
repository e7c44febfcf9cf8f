// ASSERT_AGREE(filters, …): run_everywhere() with its report shown as it is.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/run_everywhere.h"

namespace callgate::test {

inline testing::AssertionResult agree(const std::string& report) {
  if (report.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\n" << report;
}

}  // namespace callgate::test

#define ASSERT_AGREE(...) ASSERT_TRUE(::callgate::test::agree(::callgate::test::run_everywhere(__VA_ARGS__)))
