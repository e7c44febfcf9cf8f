// Every system call by which code is published fails in turn: the chain runs on the interpreter and says why, or
// publishes another way; it decides right either way, nothing is leaked, and the chain below it stays as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "jit/code_memory.h"
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

  // What must hold of a chain, or of the lack of one, that lost a call to `error`. What fails only once is made good by
  // another way, but for the address space and for what makes anonymous memory executable: these cost the code. What
  // fails for ever leaves no memory to seal.
  void check(const Attached& chain, SystemCall failed, int error, Failing failing, bool is_native) const {
    if (failed != SystemCall::none && failing == Failing::for_ever) {
      ASSERT_FALSE(chain) << "decides from memory that is not sealed";
      ASSERT_EQ(chain.error().code, AttachErrc::out_of_memory);
      return;
    }
    ASSERT_TRUE(chain) << to_string(chain.error());
    ASSERT_TRUE(questions.right(*chain));
    if (is_native) {
      ASSERT_EQ(chain->engine(), GetParam().engine) << message(chain->fallback_reason());
      ASSERT_EQ(chain->fallback_reason(), FallbackReason::none);
      ASSERT_GT(chain->sizes().code, 0u);
    } else {
      ASSERT_EQ(chain->engine(), Engine::interpreter);
      ASSERT_EQ(chain->fallback_reason(), FallbackReason::memory_refused);
      ASSERT_EQ(chain->fallback_errno(), error);
      ASSERT_EQ(chain->sizes().code, 0u);
    }
    if (chain->length() == 2) {
      const Chain more = sound(chain->attach(questions.filters()[2]));
      ASSERT_EQ(more.engine(), GetParam().engine);
      ASSERT_TRUE(questions.right(more));
    }
  }

  // Every call of every deed is lost in turn. With files, only the first call (for the address space) is not made good;
  // without, none is.
  void lose_any_call(bool has_files, std::map<SystemCall, int>& losses) {
    const Held before = held();
    for (const Deed& deed : deeds()) {
      for (const Failing failing : {Failing::once, Failing::for_ever}) {
        for (const int error : {EPERM, ENOMEM, EACCES, ENOSYS, EMFILE, EINTR, EINVAL}) {
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
              const bool is_native = failed == SystemCall::none || (has_files && n != 0);
              ASSERT_NO_FATAL_FAILURE(check(chain, failed, error, failing, is_native)) << name(failed);
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
  }

  Questions questions;
  Chain empty = sound(Chain::create(GetParam()));
  Chain one = sound(empty.attach(questions.filters()[0]));
};

TEST_P(Publishing, SurvivesTheLossOfAnyCall) {
  std::map<SystemCall, int> losses;
  lose_any_call(true, losses);
  for (const SystemCall call :
       {SystemCall::memfd_create, SystemCall::ftruncate, SystemCall::pwrite, SystemCall::fcntl, SystemCall::mmap}) {
    EXPECT_GT(losses[call], 0) << name(call) << " never failed: is publishing still done by it?";
  }
}

TEST_P(Publishing, SurvivesTheLossOfAnyCallWithoutFiles) {
  const RefuseFiles refuse;
  std::map<SystemCall, int> losses;
  lose_any_call(false, losses);
  for (const SystemCall call : {SystemCall::mmap, SystemCall::mprotect}) {
    EXPECT_GT(losses[call], 0) << name(call) << " never failed: is publishing still done by it?";
  }
}

// Between memfd_create() and the seals everybody can write to the descriptor. What is mapped is what was meant,
// whatever happened meanwhile and happens later; and no decision is lost to it.
TEST_P(Publishing, OthersWhoTamperWithTheFileChangeNothing) {
  const Held before = held();
  const auto survive = [this](Tampering how, std::size_t at) {
    SCOPED_TRACE(testing::Message() << "tampering " << static_cast<int>(how) << " at " << at);
    const Tamper tamper(how, at);
    for (const Deed& deed : deeds()) {
      const Attached chain = deed.run();
      ASSERT_TRUE(chain);
      tamper.write_late();
      ASSERT_EQ(chain->engine(), GetParam().engine);
      ASSERT_TRUE(questions.right(*chain)) << deed.name;
    }
    EXPECT_EQ(tamper.count(), deeds().size());
  };
  for (const std::size_t at : {0u, 8u, 24u, 64u, 512u, 1024u, 2000u, 4095u}) {
    for (const Tampering how : {Tampering::write, Tampering::map, Tampering::seal}) {
      ASSERT_NO_FATAL_FAILURE(survive(how, at));
    }
  }
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{4096}, std::size_t{1} << 20, Tamper::at_the_end}) {
    ASSERT_NO_FATAL_FAILURE(survive(Tampering::resize, bytes));
  }
  EXPECT_EQ(held(), before);
}

// What lies behind the code is executable as well: also there nothing is left that others wrote.
TEST_P(Publishing, OthersWhoWriteBehindTheCodeLeaveNothing) {
  const Tamper tamper(Tampering::write, Tamper::at_the_end);
  const std::vector<std::uint8_t> code(16, 0xc3);
  const auto memory = jit::publish({}, code, {});
  ASSERT_TRUE(memory);
  EXPECT_EQ(tamper.count(), 1u);
  for (std::size_t at = code.size(); at < 4096; ++at) ASSERT_EQ(memory->code()[at], 0) << at;
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
    if (chain.fallback_reason() != FallbackReason::none) {
      EXPECT_EQ(chain.fallback_errno(), EACCES);
    }
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
    EXPECT_EQ(chain.engine(), GetParam().engine) << "in anonymous memory";
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

// What must do without executable memory makes no file for its image, and asks for none.
TEST(PublishingWithoutCode, IsDoneByMmapAndMprotect) {
  const Questions questions;
  for (const Options& options : all_kinds()) {
    if (options.engine != Engine::interpreter && !options.no_exec_memory) continue;
    SCOPED_TRACE(describe(options));
    const Chain chain = chain_of(questions.first(2), options);
    const Held before = held();
    for (std::size_t n = 0;; ++n) {
      ASSERT_LT(n, 10u);
      const FailCallsAfter fail(n, EPERM, Failing::for_ever);
      const Attached more = chain.attach(questions.filters()[2]);
      const SystemCall failed = fail.first_failed();
      EXPECT_TRUE(failed == SystemCall::none || failed == SystemCall::mmap || failed == SystemCall::mprotect);
      EXPECT_EQ(more.has_value(), failed == SystemCall::none);
      EXPECT_TRUE(questions.right(more ? *more : chain));
      if (failed == SystemCall::none) break;
    }
    EXPECT_EQ(held(), before);
  }
}

}  // namespace
}  // namespace callgate::test
