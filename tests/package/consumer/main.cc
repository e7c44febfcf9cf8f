// A user of the installed library, compiled without exceptions and RTTI.
#include <callgate/callgate.hpp>
#include <cstdio>

int main() {
  using namespace callgate;
  // x86_64: ptrace (101) fails with EPERM (1) when its request, the first argument, is PTRACE_ATTACH (16).
  const Insn no_attach[] = {
      {0x20, 0, 0, 4},             // ld [4]         arch
      {0x15, 0, 5, arch::x86_64},  // jne x86_64, allow
      {0x20, 0, 0, 0},             // ld [0]         nr
      {0x15, 0, 3, 101},           // jne ptrace, allow
      {0x20, 0, 0, offsetof(SeccompData, args)},
      {0x15, 0, 1, 16},                  // jne PTRACE_ATTACH, allow
      {0x06, 0, 0, action::errno_ | 1},  // ret ERRNO(1)
      {0x06, 0, 0, action::allow},       // allow: ret ALLOW
  };
  const auto bad = verify(std::span(no_attach).first(7));
  if (bad) return 1;
  std::printf("%s\n", to_string(bad.error()).c_str());

  const auto program = verify(no_attach);
  const auto empty = Chain::create();
  if (!program || !empty) return 1;
  const auto chain = empty->attach(*program);
  if (!chain) return 1;

  const SeccompData read{0, arch::x86_64, 0, {}};
  const SeccompData attach{101, arch::x86_64, 0, {16, 1, 0, 0, 0, 0}};
  std::printf("read   %08x\n", static_cast<unsigned>(chain->evaluate(read)));
  std::printf("attach %08x by filter %u\n", static_cast<unsigned>(chain->evaluate(attach)),
              static_cast<unsigned>(chain->match(attach).filter.value()));
  std::printf("version " CALLGATE_VERSION "\n");
}
