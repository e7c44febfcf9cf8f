// A chain is asked only about frames that it was made for, and what a handler of SIGSYS knows of the call is what the
// kernel's filters saw.
#include <gtest/gtest.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "callgate/sigsys.hpp"
#include "tests/dispatch/frame.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/own_filter.h"

namespace callgate::test {
namespace {

// Kills everything but what a frame of zeros looks like.
Program deny() { return program("ld [nr]\njeq #0, ok\nret #ERRNO(1)\nok: ret #0x7fff0000"); }

// Whether the chain says ALLOW to a frame of zeros of this type, by evaluate_frame() and match_frame().
template <class Frame>
void expect_takes(const Chain& chain, bool takes) {
  alignas(16) const unsigned char zeros[4096] = {};
  const auto* frame = reinterpret_cast<const Frame*>(zeros);
  EXPECT_EQ(chain.evaluate_frame(frame), takes ? action::allow : action::kill_process);
  EXPECT_EQ(chain.match_frame(frame).result, takes ? action::allow : action::kill_process);
  EXPECT_FALSE(chain.match_frame(frame).filter);
}

class FramesOf : public testing::TestWithParam<Options> {};

TEST_P(FramesOf, OtherTypesThanTheChainsFailClosed) {
  for (const NamedLayout& preset : all_layouts()) {
    SCOPED_TRACE(preset.name);
    Options options = GetParam();
    options.layout = preset.layout;
    const Chain chain = chain_of({deny()}, options);
    const FrameKind kind = preset.layout.kind();
    const auto takes = [&](FrameKind wanted) { return kind == wanted || kind == FrameKind::custom; };
    expect_takes<SeccompData>(chain, takes(FrameKind::seccomp_data));
    expect_takes<struct seccomp_data>(chain, takes(FrameKind::seccomp_data));
    expect_takes<SplitCall>(chain, takes(FrameKind::split));
    expect_takes<PushedRegisters>(chain, takes(FrameKind::pushed_registers));
    expect_takes<struct seccomp_notif>(chain, takes(FrameKind::seccomp_notif));
    expect_takes<struct ptrace_syscall_info>(chain, takes(FrameKind::ptrace_syscall_info));
#if defined(__x86_64__)
    expect_takes<ucontext_t>(chain, takes(FrameKind::ucontext_x86_64));
    expect_takes<user_regs_struct>(chain, takes(FrameKind::user_regs_x86_64));
#elif defined(__i386__)
    expect_takes<ucontext_t>(chain, takes(FrameKind::ucontext_i386));
#endif
    expect_takes<void>(chain, true);
    struct Own {};
    expect_takes<Own>(chain, true);
  }
}

TEST(FrameKinds, AreFoundByTheWords) {
  EXPECT_EQ(InputLayout::seccomp_data().kind(), FrameKind::seccomp_data);
  EXPECT_EQ(InputLayout::split(arch::x86_32).kind(), FrameKind::split);
  EXPECT_EQ(InputLayout::ucontext_x86_64().with_single_fetch().kind(), FrameKind::ucontext_x86_64);
  EXPECT_EQ(InputLayout::ucontext_i386().kind(), FrameKind::ucontext_i386);
  EXPECT_EQ(InputLayout::user_regs_x86_64().kind(), FrameKind::user_regs_x86_64);
  EXPECT_EQ(InputLayout::seccomp_notif().kind(), FrameKind::seccomp_notif);
  EXPECT_EQ(InputLayout::ptrace_syscall_info().kind(), FrameKind::ptrace_syscall_info);
  EXPECT_EQ(InputLayout::pushed_registers().kind(), FrameKind::pushed_registers);
  InputLayout changed = InputLayout::ucontext_x86_64();
  changed.words[1].value = arch::x86_32;
  EXPECT_EQ(changed.kind(), FrameKind::custom);
}

// The decision and the filter, for frames as for what lies in them.
TEST_P(FramesOf, MatchAsTheirCallsDo) {
  const std::vector<Program> filters = {program("ld [args[1].lo]\njeq #7, no\nret #0x7fff0000\nno: ret #0x50001"),
                                        program("ld [nr]\njeq #3, no\nret #0x7fff0000\nno: ret #0x50002")};
  for (const NamedLayout& preset : all_layouts()) {
    SCOPED_TRACE(preset.name);
    Options options = GetParam();
    options.layout = preset.layout;
    const Chain chain = chain_of(filters, options);
    GuardedFrame frame(options.layout);
    for (const std::uint32_t nr : {2u, 3u}) {
      for (const std::uint64_t argument : {7u, 8u}) {
        frame.write({nr, arch::x86_64, 0, {argument, argument}});
        const Match expected = reference(filters, options.rule, frame.read());
        const Match match = chain.match_frame(static_cast<const void*>(frame.address()));
        EXPECT_EQ(match.result, expected.result);
        EXPECT_EQ(match.filter, expected.filter);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FramesOf, testing::ValuesIn(all_options()), shown);

// ---- what a handler knows
// --------------------------------------------------------------------------------------------

TEST(CallOfSigsys, IsNoneWhereNoCallRaisedTheSignal) {
  siginfo_t info{};
  const ucontext_t context{};
  info.si_signo = SIGSYS;
  for (const int code : std::vector<int>{SI_USER, SI_QUEUE, SI_TKILL, 3, 0x80}) {
    info.si_code = code;
    EXPECT_FALSE(call_of_sigsys(&info, &context)) << code;
  }
  info.si_code = 1;
  info.si_signo = SIGSEGV;
  EXPECT_FALSE(call_of_sigsys(&info, &context));
}

#if defined(__x86_64__) && !defined(__ILP32__)

// Number 4 by either gate, with the registers of a write of i386.
TEST(CallOfSigsys, ReadsTheRegistersOfTheGate) {
  siginfo_t info{};
  ucontext_t context{};
  auto& registers = context.uc_mcontext.gregs;
  registers[REG_RIP] = 0x1234500006789;
  const int all[] = {REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R10, REG_R8, REG_R9};
  for (const int reg : all) registers[reg] = (1ll << 40) + reg;
  info.si_signo = SIGSYS;
  info.si_syscall = 4;
  for (const int code : {1, 2}) {
    info.si_code = code;
    info.si_arch = arch::x86_32;
    auto call = call_of_sigsys(&info, &context);
    ASSERT_TRUE(call);
    const auto value = [](int reg) { return (std::uint64_t{1} << 40) + static_cast<std::uint64_t>(reg); };
    EXPECT_EQ(*call, (SeccompData{4,
                                  arch::x86_32,
                                  0x1234500006789,
                                  {value(REG_RBX), value(REG_RCX), value(REG_RDX), value(REG_RSI), value(REG_RDI),
                                   value(REG_RBP)}}));
    info.si_arch = arch::x86_64;
    call = call_of_sigsys(&info, &context);
    ASSERT_TRUE(call);
    EXPECT_EQ(
        *call,
        (SeccompData{4,
                     arch::x86_64,
                     0x1234500006789,
                     {value(REG_RDI), value(REG_RSI), value(REG_RDX), value(REG_R10), value(REG_R8), value(REG_R9)}}));
  }
}

constexpr std::uint64_t wide = 0x1122334455667788;

long by_syscall(long nr, std::uint64_t first) {
  long result = nr;
  asm volatile("syscall" : "+a"(result) : "D"(first) : "rcx", "r11", "memory");
  return result;
}

long by_int_80(long nr, std::uint64_t first) {
  long result = nr;
  asm volatile("int $0x80" : "+a"(result) : "b"(first) : "r8", "r9", "r10", "r11", "memory");
  return result;
}

// Traps getpid of x86_64 (39) and number 4 of i386, and tells by its data what it saw of the first argument; stat of
// x86_64, whose number is 4 too, is allowed.
const char* const trapping =
    "ld [arch]\njeq #0x40000003, i386\nld [nr]\njneq #39, ok\nld [args[0].hi]\njeq #0x11223344, one\nret #TRAP(2)\n"
    "i386: ld [nr]\njneq #4, ok\nld [args[0].hi]\njeq #0x11223344, three\nret #TRAP(4)\n"
    "one: ret #TRAP(1)\nthree: ret #TRAP(3)\nok: ret #ALLOW";

struct {
  const Chain* chain;
  std::uint32_t decided;
  std::uint32_t seen;
  int signals;
} handled;

void on_sigsys(int, siginfo_t* info, void* context) {
  const auto call = call_of_sigsys(info, context);
  handled.decided = call ? handled.chain->evaluate(*call) : 0;
  handled.seen = action::trap | static_cast<std::uint32_t>(info->si_errno);
  ++handled.signals;
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = 4711;
}

// What the kernel's filter and the chain said of a call.
template <class Call>
std::string decided_alike(const Chain& chain, Call call) {
  handled = {&chain, 0, 0, 0};
  struct sigaction handler {};
  handler.sa_sigaction = on_sigsys;
  handler.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &handler, nullptr);
  confine(insns(trapping));
  const long result = call();
  if (handled.signals != 1 || result != 4711) return "no signal";
  if (handled.decided != handled.seen)
    return result_to_string(handled.decided) + " for " + result_to_string(handled.seen);
  return result_to_string(handled.seen);
}

TEST(CallOfSigsys, IsWhatTheKernelSaw) {
  CALLGATE_SKIP_WITHOUT(filters);
  const Chain chain = chain_of({program(trapping)});
  EXPECT_EQ(in_child([&] { return decided_alike(chain, [] { return by_syscall(39, wide); }); }), "TRAP(1)");
  EXPECT_EQ(in_child([&] { return decided_alike(chain, [] { return by_syscall(39, 7); }); }), "TRAP(2)");
}

// The bypass: as a call of x86_64, number 4 is stat, which the filter allows.
TEST(CallOfSigsys, KnowsTheGateOfInt80) {
  CALLGATE_SKIP_WITHOUT(filters);
  CALLGATE_SKIP_WITHOUT(int80);
  const Chain chain = chain_of({program(trapping)});
  const std::string wide_said = in_child([&] { return decided_alike(chain, [] { return by_int_80(4, wide); }); });
  EXPECT_TRUE(wide_said == "TRAP(3)" || wide_said == "TRAP(4)") << wide_said;
  EXPECT_EQ(in_child([&] { return decided_alike(chain, [] { return by_int_80(4, 7); }); }), "TRAP(4)");
  EXPECT_EQ(chain.evaluate({.nr = 4, .arch = arch::x86_64, .instruction_pointer = 0, .args = {7}}), action::allow);
}

#endif

}  // namespace
}  // namespace callgate::test
