// Results in words, and what a chain says of its precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

TEST(ResultNames, SayActionDataAndErrno) {
  EXPECT_EQ(result_to_string(0x00050026), "ERRNO(38) ENOSYS");
  EXPECT_EQ(result_to_string(0x00050000), "ERRNO(0)");
  EXPECT_EQ(result_to_string(0x00050029), "ERRNO(41)") << "the number that Linux leaves out";
  EXPECT_EQ(result_to_string(0x0005ffff), "ERRNO(65535)");
  EXPECT_EQ(result_to_string(action::allow), "ALLOW");
  EXPECT_EQ(result_to_string(action::allow | 1), "ALLOW(1)");
  EXPECT_EQ(result_to_string(action::trace | 5), "TRACE(5)");
  EXPECT_EQ(result_to_string(action::trap), "TRAP");
  EXPECT_EQ(result_to_string(action::kill_process), "KILL_PROCESS");
  EXPECT_EQ(result_to_string(action::kill_thread), "KILL_THREAD");
  EXPECT_EQ(result_to_string(action::user_notif), "USER_NOTIF");
  EXPECT_EQ(result_to_string(action::log), "LOG");
  EXPECT_EQ(result_to_string(0x90000000), "UNKNOWN(0x90000000)");
  EXPECT_EQ(result_to_string(0x00010002), "UNKNOWN(0x00010002)");
  EXPECT_STREQ(action_name(0x00050026), "ERRNO");
  EXPECT_STREQ(action_name(0x90000000), "UNKNOWN");
}

#if defined(__x86_64__) || defined(__i386__)
TEST(ResultNames, ErrnoAsTheSystemNamesThem) {
  EXPECT_STREQ(errno_name(EPERM), "EPERM");
  EXPECT_STREQ(errno_name(EAGAIN), "EAGAIN");
  EXPECT_STREQ(errno_name(ENOSYS), "ENOSYS");
  EXPECT_STREQ(errno_name(EDEADLK), "EDEADLK");
  EXPECT_STREQ(errno_name(ENOTSUP), "EOPNOTSUPP");
  EXPECT_STREQ(errno_name(ERFKILL), "ERFKILL");
  EXPECT_STREQ(errno_name(EHWPOISON), "EHWPOISON");
  for (const std::uint32_t number : {0u, 41u, 58u, 134u, 4095u, ~0u}) EXPECT_EQ(errno_name(number), nullptr) << number;
}
#endif

TEST(ResultNames, FitIntoAnyBuffer) {
  const std::string whole = "ERRNO(38) ENOSYS";
  for (std::size_t capacity = 0; capacity <= whole.size() + 2; ++capacity) {
    std::string out(whole.size() + 3, '#');
    const std::size_t length = describe_result(0x00050026, out.data(), capacity);
    const std::size_t expected = capacity == 0 ? 0 : std::min(capacity - 1, whole.size());
    EXPECT_EQ(length, expected);
    EXPECT_EQ(out.substr(0, length), whole.substr(0, length));
    if (capacity != 0) {
      EXPECT_EQ(out[length], '\0');
    }
    EXPECT_EQ(out.substr(capacity), std::string(out.size() - capacity, '#')) << "wrote behind its end";
  }
  for (std::uint32_t data = 0; data <= 0xffff; ++data) ASSERT_LT(result_to_string(0x00050000 | data).size(), 47u);
}

TEST(PrecisionOf, ChainsIsFullWhereNothingIsLost) {
  const std::vector<Program> filters = {program("ld [args[0].lo]\njeq #1, no\nret #ALLOW\nno: ret #ERRNO(1)")};
  for (const Options& options : all_options()) {
    SCOPED_TRACE(describe(options));
    const Chain chain = chain_of(filters, options);
    EXPECT_FALSE(chain.degraded() && !native_engines().empty());
    const bool is_full = options.optimize == Optimize::full && options.engine != Engine::interpreter;
    EXPECT_EQ(chain.precision(), is_full ? Precision::path_sensitive : Precision::baseline);
  }
}

TEST(PrecisionOf, ChainsOverABudgetIsLess) {
  std::string text = "ld [nr]\n";
  for (int nr = 0; nr < 60; ++nr) {
    const std::string n = std::to_string(nr);
    text += "jneq #" + n + ", x" + n + "\nld [args[" + std::to_string(nr % 6) + "].lo]\njeq #" + n + "000, y" + n +
            "\nret #ALLOW\ny" + n + ": ret #ERRNO(" + n + ")\nx" + n + ": ";
  }
  text += "ld [args[3].lo]\njset #0x80, no\nret #ALLOW\nno: ret #TRAP";
  for (const Engine engine : native_engines()) {
    const Chain chain = chain_of({program(text)}, {.engine = engine, .code_limit = 1});
    EXPECT_EQ(chain.precision(), Precision::baseline);
    EXPECT_EQ(chain.fallback_reason(), FallbackReason::none);
    EXPECT_TRUE(chain.degraded());
    EXPECT_FALSE(chain_of({program(text)}, {.engine = engine}).degraded());
  }
}

TEST(PrecisionOf, HasNames) {
  EXPECT_STREQ(name(Precision::path_sensitive), "path_sensitive");
  EXPECT_STREQ(name(Precision::per_number), "per_number");
  EXPECT_STREQ(name(Precision::number_blind), "number_blind");
  EXPECT_STREQ(name(Precision::baseline), "baseline");
  EXPECT_STREQ(name(static_cast<Precision>(9)), "unknown");
}

}  // namespace
}  // namespace callgate::test
