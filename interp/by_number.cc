#include "interp/by_number.h"

#include "interp/interpret.h"

namespace callgate::interp {
namespace {

// Programs over a call of which only number and architecture are known: a load of another word ends them.
struct ByNumber : bpf::Seccomp {
  struct Input {
    std::uint32_t nr;
    std::uint32_t arch;
    mutable bool is_open;  // whether the program ended at such a load
  };

  static bool load(const Input& input, std::uint32_t offset, std::uint32_t& word) noexcept {
    input.is_open = offset > offsetof(SeccompData, arch);
    word = offset == offsetof(SeccompData, nr) ? input.nr : input.arch;
    return !input.is_open;
  }
  static constexpr std::uint32_t length(const Input&) noexcept { return sizeof(SeccompData); }
};
static_assert(bpf::Dialect<ByNumber>);

}  // namespace

std::optional<std::uint32_t> result_by_number(const Insn* program, std::uint32_t nr, std::uint32_t arch) noexcept {
  const ByNumber::Input input{nr, arch, false};
  const std::uint32_t result = run<ByNumber>(program, input);
  if (input.is_open) return std::nullopt;
  return result;
}

}  // namespace callgate::interp
