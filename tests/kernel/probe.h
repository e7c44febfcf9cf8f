// The probe for tests, or a skip with the reason.
#pragma once

#include <gtest/gtest.h>

#include "oracles/kernel/probe_client.h"
#include "tests/support/machine.h"

// Starts the probe into `name`, or skips the test.
#define CALLGATE_PROBE_OR_SKIP(name, bits)                                      \
  auto name##_started = ::callgate::kernel::start_probe(bits, CALLGATE_PROBES); \
  if (!name##_started.probe) GTEST_SKIP() << name##_started.reason;             \
  ::callgate::kernel::Probe& name = *name##_started.probe

// Fails with a report of the oracle, if there is one.
#define ASSERT_NO_DIFFERENCE(report)                        \
  do {                                                      \
    const std::optional<std::string> difference = (report); \
    ASSERT_FALSE(difference.has_value()) << *difference;    \
  } while (false)
