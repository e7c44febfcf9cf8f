// Which sanitizers a test is built with: each makes some tests impossible.
#pragma once

#if defined(__has_feature)
#define CALLGATE_TEST_FEATURE(name) __has_feature(name)
#else
#define CALLGATE_TEST_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || CALLGATE_TEST_FEATURE(address_sanitizer)
#define CALLGATE_TEST_ASAN 1
#else
#define CALLGATE_TEST_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || CALLGATE_TEST_FEATURE(thread_sanitizer)
#define CALLGATE_TEST_TSAN 1
#else
#define CALLGATE_TEST_TSAN 0
#endif

namespace callgate::test {

inline constexpr bool has_asan = CALLGATE_TEST_ASAN;
inline constexpr bool has_tsan = CALLGATE_TEST_TSAN;

}  // namespace callgate::test
