// The system refuses executable memory, each way that it can: the chain has its code in another kind of memory, or runs
// on the interpreter and says why; it decides right. Every refusal happens in a child of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include "jit/code_memory.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/memory/maps.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/node.h"
#include "tests/support/own_filter.h"
#include "tests/support/sanitizers.h"

namespace callgate::test {
namespace {

void limit(int resource, rlim_t value) {
  rlimit both{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &both) != 0) _exit(98);
  both.rlim_cur = value;
  if (setrlimit(static_cast<__rlimit_resource>(resource), &both) != 0) _exit(98);
}

// 64-bit and 32-bit programs name some calls differently.
#ifdef SYS_mmap2
constexpr long sys_mmap = SYS_mmap2;
#else
constexpr long sys_mmap = SYS_mmap;
#endif
#ifdef SYS_fcntl64
constexpr long sys_fcntl = SYS_fcntl64;
#else
constexpr long sys_fcntl = SYS_fcntl;
#endif
#ifdef SYS_ftruncate64
constexpr long sys_ftruncate = SYS_ftruncate64;
#else
constexpr long sys_ftruncate = SYS_ftruncate;
#endif
#ifdef SYS_ugetrlimit
constexpr long sys_getrlimit = SYS_ugetrlimit;
#else
constexpr long sys_getrlimit = SYS_getrlimit;
#endif

constexpr std::uint32_t add_seals_bits = F_ADD_SEALS ^ (F_ADD_SEALS & F_DUPFD_CLOEXEC);  // set in F_ADD_SEALS alone
const std::vector<Call> truncate = {{SYS_ftruncate}, {sys_ftruncate}};
const std::vector<Call> add_seals = {{SYS_fcntl, 1, add_seals_bits}, {sys_fcntl, 1, add_seals_bits}};

void refuse(const std::vector<Call>& calls, std::uint32_t error) {
  confine(filter_text(calls, action::errno_ | error, action::allow));
}

struct Refusal {
  const char* name;
  std::function<void()> apply;
  FallbackReason reason;
  int error;
};

// The process may have the memory that it has, and no more. Free heap is left for everything that is not code.
void limit_address_space() {
  unsigned long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%lu", &pages) != 1) _exit(98);
  std::fclose(file);
  limit(RLIMIT_AS, static_cast<rlim_t>(pages) * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)));
}

// Anonymous memory is never made executable.
const Call protect_exec{SYS_mprotect, 2, PROT_EXEC};

// Those with an error leave no way to executable memory. The others leave one: a file, or anonymous memory.
const std::vector<Refusal> refusals = {
    {"RLIMIT_NOFILE", [] { limit(RLIMIT_NOFILE, 0); }, FallbackReason::none, 0},
    {"RLIMIT_FSIZE_0", [] { limit(RLIMIT_FSIZE, 0); }, FallbackReason::none, 0},
    {"RLIMIT_FSIZE_page", [] { limit(RLIMIT_FSIZE, 4096); }, FallbackReason::none, 0},
    {"no_anonymous_RLIMIT_FSIZE",
     [] {
       refuse({protect_exec}, EACCES);
       limit(RLIMIT_FSIZE, 4096);
     },
     FallbackReason::file_size_limit, 0},
    {"memfd_create", [] { refuse({{SYS_memfd_create}}, EPERM); }, FallbackReason::none, 0},
    {"memfd_create_unknown", [] { refuse({{SYS_memfd_create}}, ENOSYS); }, FallbackReason::none, 0},
    {"ftruncate", [] { refuse(truncate, EPERM); }, FallbackReason::none, 0},
    {"pwrite", [] { refuse({{SYS_pwrite64}}, EPERM); }, FallbackReason::none, 0},
    {"add_seals", [] { refuse(add_seals, EPERM); }, FallbackReason::none, 0},
    {"mmap_exec",
     [] {
       refuse({{sys_mmap, 2, PROT_EXEC}}, EPERM);
     },
     FallbackReason::none, 0},
    {"mprotect_exec", [] { refuse({protect_exec}, EACCES); }, FallbackReason::none, 0},
    {"both_ways",
     [] {
       refuse({{SYS_memfd_create}, protect_exec}, EPERM);
     },
     FallbackReason::memory_refused, EPERM},
    {"all_exec",
     [] {
       refuse({{sys_mmap, 2, PROT_EXEC}, protect_exec}, EACCES);
     },
     FallbackReason::memory_refused, EACCES},
};

struct Deed {
  Engine engine;
  const Refusal* refusal;
};

std::vector<Program> filters() {
  oracles::ProgramGenerator generator(61);
  std::vector<Program> all;
  for (int i = 0; i < 3; ++i) all.push_back(program(std::span<const Insn>(generator.valid(80))));
  return all;
}

std::vector<SeccompData> inputs(const std::vector<Program>& filters) {
  std::vector<SeccompData> all;
  for (const Program& filter : filters) {
    for (const SeccompData& data : oracles::inputs_for(filter.instructions(), 62, 20)) all.push_back(data);
  }
  return all;
}

bool right(const Chain& chain, const std::vector<Program>& filters, const std::vector<SeccompData>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [&](const SeccompData& data) {
    const Match expected = reference(filters, chain.options().rule, data);
    const Match match = chain.match(data);
    return chain.evaluate(data) == expected.result && match.result == expected.result &&
           match.filter == expected.filter;
  });
}

std::string wrong(const Chain& chain, FallbackReason reason, int error) {
  const bool is_native = chain.engine() != Engine::interpreter;
  if (is_native != (reason == FallbackReason::none)) return is_native ? "runs native code" : "runs on the interpreter";
  if (chain.fallback_reason() != reason) return message(chain.fallback_reason());
  if (chain.fallback_errno() != error) return "errno " + std::to_string(chain.fallback_errno());
  if ((chain.sizes().code != 0) != is_native) return "has code, or none";
  return "";
}

std::vector<Options> all_options_of(Engine engine) {
  std::vector<Options> all;
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      all.push_back({.engine = engine, .optimize = level, .rule = rule});
    }
  }
  return all;
}

class RefusalOf : public testing::TestWithParam<Deed> {};

// Those that are no resource limits are filters of the kernel.
#define CALLGATE_SKIP_IF_IT_IS_A_FILTER() \
  if (!std::string(GetParam().refusal->name).starts_with("RLIMIT")) CALLGATE_SKIP_WITHOUT(filters)

TEST_P(RefusalOf, EndsInAnotherWayOrTheInterpreter) {
  CALLGATE_SKIP_IF_IT_IS_A_FILTER();
  const auto& [engine, refusal] = GetParam();
  const auto some = filters();
  const auto calls = inputs(some);
  for (const Options& options : all_options_of(engine)) {
    SCOPED_TRACE(describe(options));
    const Chain empty = sound(Chain::create(options));
    const Chain parent = sound(empty.attach(std::span(some).first(2)));
    ASSERT_EQ(parent.engine(), engine);
    { const Chain warm_up = sound(empty.attach(some)); }  // so that the heap has what attaching needs
    const std::string said = in_child([&, engine = engine, refusal = refusal] {
      refusal->apply();
      const auto on_top = parent.attach(some[2]);
      const auto at_once = empty.attach(some);
      for (const auto& chain : {on_top, at_once}) {
        if (!chain) return to_string(chain.error());
        const std::string fault = wrong(*chain, refusal->reason, refusal->error);
        if (!fault.empty()) return fault;
        if (!right(*chain, some, calls)) return std::string("wrong decision");
      }
      if (parent.engine() != engine || !right(parent, {some[0], some[1]}, calls))
        return std::string("the parent changed");
      const auto created = Chain::create(options);
      if (!created) return to_string(created.error());
      if (!right(*created, {}, calls)) return std::string("wrong decision of a new chain");
      return wrong(*created, refusal->reason, refusal->error);
    });
    EXPECT_EQ(said, "");
  }
}

TEST_P(RefusalOf, LeaksNothing) {
  CALLGATE_SKIP_IF_IT_IS_A_FILTER();
  const auto& [engine, refusal] = GetParam();
  if (std::string(refusal->name) == "RLIMIT_NOFILE") {
    GTEST_SKIP() << "without memory or files /proc cannot be read; tests/faults counts what those refusals leave";
  }
  if (std::string(refusal->name).find("RLIMIT_FSIZE") != std::string::npos) {
    CALLGATE_SKIP_IF_EMULATED("it writes a file for whoever reads /proc/self/maps");
  }
  const Chain parent = chain_of(filters(), {.engine = engine});
  const Program filter = program("ret #0x7fff0000");
  EXPECT_EQ(in_child([&, refusal = refusal] {
              refusal->apply();
              if (!parent.attach(filter)) return std::string("no chain");
              const std::ptrdiff_t files = open_files();
              const std::uintptr_t reserved = reserved_bytes();
              const std::ptrdiff_t mapped = callgate_mappings();
              for (int i = 0; i < 200; ++i) {
                if (!parent.attach(filter)) return std::string("no chain");
              }
              if (open_files() != files) return std::string("leaks files");
              if (callgate_mappings() != mapped) return std::string("leaks code");
              return std::string(reserved_bytes() <= reserved + 100 * 4096 ? "" : "leaks address space");
            }),
            "");
}

std::vector<Deed> deeds() {
  std::vector<Deed> all;
  for (const Engine engine : native_engines()) {
    for (const Refusal& refusal : refusals) all.push_back({engine, &refusal});
  }
  return all;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RefusalOf);  // a build without assemblers
INSTANTIATE_TEST_SUITE_P(Each, RefusalOf, testing::ValuesIn(deeds()), [](const auto& one) {
  return std::string(name(one.param.engine)) + "_" + one.param.refusal->name;
});

class OutOfAddressSpace : public testing::TestWithParam<Options> {};

// Not even read-only memory for the chain: an error, and the old chain stays. Nothing decides from memory that can be
// written.
TEST_P(OutOfAddressSpace, IsAnErrorAndTheOldChainStays) {
  if (has_asan || has_tsan) {
    GTEST_SKIP() << "sanitizers map memory of their own while the program runs: RLIMIT_AS would stop them";
  }
  CALLGATE_SKIP_IF_EMULATED("it knows no RLIMIT_AS");
  const auto some = filters();
  const auto calls = inputs(some);
  const Chain parent = chain_of({some[0], some[1]}, GetParam());
  { const Chain warm_up = chain_of(some, GetParam()); }  // so that the heap has what attaching needs
  EXPECT_EQ(in_child([&] {
              limit_address_space();
              const auto chain = parent.attach(some[2]);
              if (chain) return std::string("attached");
              if (chain.error().code != AttachErrc::out_of_memory) return to_string(chain.error());
              if (Chain::create(GetParam())) return std::string("created");
              return std::string(right(parent, {some[0], some[1]}, calls) ? "" : "the parent changed");
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(All, OutOfAddressSpace, testing::ValuesIn(all_options()), shown);

TEST(Publishing, NamesTheErrorOfTheLastAttempt) {
  CALLGATE_SKIP_WITHOUT(filters);
  const std::vector<std::uint8_t> code(100);
  for (const jit::Way way : {jit::Way::file_first, jit::Way::anonymous}) {
    EXPECT_EQ(in_child([&] {
                refuse({{SYS_memfd_create}, protect_exec}, EPERM);
                const auto memory = jit::publish({}, code, {.permanent = false, .way = way});
                if (memory) return std::string("published");
                if (memory.error().reason != FallbackReason::memory_refused) return std::string("another reason");
                return std::string(memory.error().error == EPERM ? "" : "another error");
              }),
              "");
  }
}

// A limit that cannot be asked for is none.
TEST(Publishing, AFileSizeLimitThatIsUnknown) {
  CALLGATE_SKIP_WITHOUT(filters);
  const std::vector<std::uint8_t> code(100);
  EXPECT_EQ(in_child([&] {
              refuse({{SYS_prlimit64}, {SYS_getrlimit}, {sys_getrlimit}}, EPERM);
              rlimit current{};
              if (getrlimit(RLIMIT_FSIZE, &current) == 0) return std::string("the limit is known");
              return std::string(jit::publish({}, code, {}) ? "" : "not published");
            }),
            "");
}

class NativeAgain : public testing::TestWithParam<Engine> {};

// A chain whose parent fell back is native when nothing stands in its way.
TEST_P(NativeAgain, WhenTheObstacleIsGone) {
  CALLGATE_SKIP_WITHOUT(filters);
  const auto some = filters();
  const auto calls = inputs(some);
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    EXPECT_EQ(in_child([&] {
                // The first use of a class opens a pipe under UBSan.
                const Chain first = chain_of({some[0]}, {.engine = GetParam(), .optimize = level});
                rlimit before{};
                getrlimit(RLIMIT_NOFILE, &before);
                limit(RLIMIT_NOFILE, 0);
                refuse({protect_exec}, EACCES);
                const Chain fallen = chain_of({some[0], some[1]}, {.engine = GetParam(), .optimize = level});
                if (fallen.fallback_reason() != FallbackReason::memory_refused) return std::string("did not fall back");
                setrlimit(RLIMIT_NOFILE, &before);
                const Chain chain = sound(fallen.attach(some[2]));
                if (chain.engine() != GetParam()) return std::string(message(chain.fallback_reason()));
                if (chain.fallback_reason() != FallbackReason::none) return std::string("still gives a reason");
                return std::string(right(chain, some, calls) ? "" : "wrong decision");
              }),
              "");
  }
}

// Any limit: none may raise SIGXFSZ, and a limit that is large enough is no obstacle.
TEST_P(NativeAgain, WhateverTheFileSizeIs) {
  CALLGATE_SKIP_IF_EMULATED("it writes a file for whoever reads /proc/self/maps");
  const auto some = filters();
  EXPECT_EQ(in_child([&] {
              int anonymous = 0;
              int files = 0;
              for (rlim_t bytes = 0; bytes <= 64 << 10; bytes += 512) {
                limit(RLIMIT_FSIZE, bytes);
                const Chain chain = chain_of(some, {.engine = GetParam()});
                if (chain.engine() != GetParam()) return std::string("fell back");
                const bool is_file = mapping_of(number(node_of(chain).memory.code())).is_callgates();
                ++(is_file ? files : anonymous);
                if (files != 0 && !is_file) return std::string("anonymous with a larger limit");
              }
              return std::string(anonymous != 0 && files != 0 ? "" : "only one way was seen");
            }),
            "");
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NativeAgain);
INSTANTIATE_TEST_SUITE_P(Native, NativeAgain, testing::ValuesIn(native_engines()),
                         [](const auto& one) { return std::string(name(one.param)); });

// Every call that asks for executable memory kills.
void kill_for_executable_memory() {
  std::vector<Call> calls = {{SYS_memfd_create},           {SYS_pwrite64}, {sys_mmap, 2, PROT_EXEC},
                             {SYS_mprotect, 2, PROT_EXEC}, {SYS_fcntl},    {sys_fcntl}};
  calls.insert(calls.end(), truncate.begin(), truncate.end());
  confine(filter_text(calls, action::kill_process, action::allow));
}

TEST(NoExecMemory, MakesNoCallForIt) {
  CALLGATE_SKIP_WITHOUT(filters);
  const auto some = filters();
  const auto calls = inputs(some);
  std::vector<Options> wanted = {{.no_exec_memory = true}, {.engine = Engine::interpreter}};
  for (const Engine engine : native_engines()) wanted.push_back({.engine = engine, .no_exec_memory = true});
  for (const Options& options : wanted) {
    EXPECT_EQ(in_child([&] {
                kill_for_executable_memory();
                const Chain chain = sound(chain_of({some[0], some[1]}, options).attach(some[2]));
                return std::string(right(chain, some, calls) ? "" : "wrong decision");
              }),
              "")
        << describe(options);
  }
}

TEST(NoExecMemory, IsNeededUnderAFilterThatKills) {
  CALLGATE_SKIP_WITHOUT(filters);
  for (const Engine engine : native_engines()) {
    EXPECT_EQ(in_child([&] {
                kill_for_executable_memory();
                return std::string(sound(Chain::create({.engine = engine})).engine() == engine ? "lives" : "fell back");
              }),
              "killed by SIGSYS");
  }
}

}  // namespace
}  // namespace callgate::test
