// Every system call by which code is published fails in turn: the chain runs on the interpreter and says why, or
// publishes another way; it decides right either way, nothing is leaked, and the chain below it stays as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "tests/faults/questions.h"
#include "tests/faults/system_calls.h"
#include "tests/support/chains.h"

namespace callgate::test {
namespace {

std::vector<Options> native_kinds() {
  std::vector<Options> native;
  for (const Options& options : all_kinds()) {
    if (options.engine != Engine::interpreter && !options.no_exec_memory) native.push_back(options);
  }
  return native;
}

using Attached = Expected<Chain, AttachError>;

// A way to publish a chain. The chains that it starts from are made before anything fails.
struct Deed {
  const char* name;
  std::function<Attached()> run;
};

class Publishing : public testing::TestWithParam<Options> {
 protected:
  std::vector<Deed> deeds() const {
    return {{"create", [] { return Chain::create(GetParam()); }},
            {"attach at once", [this] { return empty.attach(std::span(questions.filters()).first(2)); }},
            {"attach on top", [this] { return one.attach(questions.filters()[1]); }}};
  }

  // What must hold of a chain that lost a call to `error`. Where the kernel refuses the stronger seal, EPERM says so,
  // and the other one is tried: what fails only once is then made good.
  void check(const Chain& chain, SystemCall failed, int error, Failing failing) const {
    ASSERT_TRUE(questions.right(chain));
    const bool again = failing == Failing::once && (error == EPERM || (error == EINTR && failed == SystemCall::pwrite));
    if (failed == SystemCall::none || again) {
      ASSERT_EQ(chain.engine(), GetParam().engine) << message(chain.fallback_reason());
      ASSERT_EQ(chain.fallback_reason(), FallbackReason::none);
      ASSERT_GT(chain.sizes().code, 0u);
    } else {
      ASSERT_EQ(chain.engine(), Engine::interpreter);
      ASSERT_EQ(chain.fallback_reason(), FallbackReason::memory_refused);
      ASSERT_EQ(chain.fallback_errno(), error);
      ASSERT_EQ(chain.sizes().code, 0u);
    }
    if (chain.length() == 2) {
      const Chain more = sound(chain.attach(questions.filters()[2]));
      ASSERT_EQ(more.engine(), GetParam().engine);
      ASSERT_TRUE(questions.right(more));
    }
  }

  Questions questions;
  Chain empty = sound(Chain::create(GetParam()));
  Chain one = sound(empty.attach(questions.filters()[0]));
};

using Losses = std::map<SystemCall, int>;

TEST_P(Publishing, SurvivesTheLossOfAnyCall) {
  const Held before = held();
  Losses losses;
  for (const Deed& deed : deeds()) {
    for (const Failing failing : {Failing::once, Failing::for_ever}) {
      for (const int error : {EPERM, ENOMEM, EACCES, ENOSYS, EMFILE, EINTR}) {
        for (std::size_t n = 0;; ++n) {
          SCOPED_TRACE(std::string(deed.name) + ", call " + std::to_string(n) + ", " + std::strerror(error));
          ASSERT_LT(n, 100u);
          if (error == EINTR && failing == Failing::for_ever)
            break;  // pwrite() would be tried for ever, and rightly so
          SystemCall failed = SystemCall::none;
          {
            errno = 4321;
            const Attached chain = [&] {
              const FailCallsAfter fail(n, error, failing);
              Attached result = deed.run();
              failed = fail.first_failed();
              return result;
            }();
            ASSERT_EQ(errno, 4321) << "errno is the caller's";
            ASSERT_TRUE(chain) << to_string(chain.error());
            ASSERT_NO_FATAL_FAILURE(check(*chain, failed, error, failing)) << name(failed);
          }
          ASSERT_EQ(held(), before) << "leaks files or memory after " << name(failed);
          ++losses[failed];
          if (failed == SystemCall::none) break;
        }
      }
    }
  }
  ASSERT_TRUE(questions.right(empty));
  ASSERT_TRUE(questions.right(one));
  ASSERT_EQ(one.engine(), GetParam().engine);
  for (const SystemCall call :
       {SystemCall::memfd_create, SystemCall::ftruncate, SystemCall::pwrite, SystemCall::fcntl, SystemCall::mmap}) {
    EXPECT_GT(losses[call], 0) << name(call) << " never failed: is publishing still done by it?";
  }
}

// A mapping that cannot be undone is lost, and nothing else.
TEST_P(Publishing, ReleaseSurvivesARefusedMunmap) {
  const Held before = held();
  {
    const Chain chain = sound(one.attach(questions.filters()[1]));
    const Held with_chain = held();
    ASSERT_GT(with_chain.bytes, before.bytes);
    {
      const RefuseUnmapping refuse;
      errno = 4321;
      { const Chain released = sound(chain.attach(questions.filters()[2])); }
      EXPECT_EQ(errno, 4321);
    }
    EXPECT_EQ(held().files, before.files);
    EXPECT_GT(held().bytes, with_chain.bytes);
    EXPECT_TRUE(questions.right(chain));
  }
  EXPECT_TRUE(questions.right(one));
}

// The reason that is told is the first one, not that of the cleaning up.
TEST_P(Publishing, ARefusedMunmapHidesNoReason) {
  for (std::size_t n = 0; n < 100; ++n) {
    const RefuseUnmapping refuse;
    const FailCallsAfter fail(n, EACCES, Failing::once);
    const Chain chain = sound(one.attach(questions.filters()[1]));
    if (fail.first_failed() == SystemCall::none) return;
    EXPECT_EQ(chain.fallback_errno(), EACCES);
    EXPECT_TRUE(questions.right(chain));
  }
  FAIL() << "never without a failure";
}

TEST_P(Publishing, WritesThatAreCutShortGoOn) {
  const Held before = held();
  for (const std::size_t bytes : {1u, 7u, 100u, 4095u}) {
    const WriteAtMost at_most(bytes);
    const Chain chain = sound(one.attach(questions.filters()[1]));
    EXPECT_EQ(chain.engine(), GetParam().engine);
    EXPECT_TRUE(questions.right(chain));
  }
  {
    const WriteAtMost nothing(0);
    const Chain chain = sound(one.attach(questions.filters()[1]));
    EXPECT_EQ(chain.engine(), Engine::interpreter);
    EXPECT_EQ(chain.fallback_errno(), EIO);
    EXPECT_TRUE(questions.right(chain));
  }
  EXPECT_EQ(held(), before);
}

// Without mseal a chain is as good as any, and can be released.
TEST_P(Publishing, PermanentWithoutMseal) {
  const Held before = held();
  for (const int error : {ENOSYS, EPERM, ENOMEM}) {
    Options options = GetParam();
    options.permanent = true;
    bool refused = false;
    const auto chain = [&] {
      for (std::size_t n = 0;; ++n) {
        const FailCallsAfter fail(n, error, Failing::for_ever);
        Attached result = Chain::create(options);
        refused = fail.first_failed() == SystemCall::mseal;
        if (refused || fail.first_failed() == SystemCall::none) return result;
      }
    }();
    ASSERT_TRUE(chain);
    ASSERT_TRUE(refused) << "mseal was not called";
    EXPECT_EQ(chain->engine(), GetParam().engine);
    EXPECT_FALSE(chain->permanent());
    EXPECT_TRUE(questions.right(*chain));
  }
  EXPECT_EQ(held(), before);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Publishing);  // a build without assemblers
INSTANTIATE_TEST_SUITE_P(Native, Publishing, testing::ValuesIn(native_kinds()), shown_with_rule);

// What publishes nothing makes none of these calls.
TEST(PublishingNothing, IsDoneByChainsWithoutCode) {
  const Questions questions;
  for (const Options& options : all_kinds()) {
    if (options.engine != Engine::interpreter && !options.no_exec_memory) continue;
    const FailCallsAfter fail(0, EPERM, Failing::for_ever);
    const Chain chain = chain_of(questions.first(2), options);
    EXPECT_EQ(fail.first_failed(), SystemCall::none) << describe(options);
    EXPECT_TRUE(questions.right(sound(chain.attach(questions.filters()[2]))));
  }
}

}  // namespace
}  // namespace callgate::test
