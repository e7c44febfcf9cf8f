// The interpreter of filters over struct seccomp_data.
#include "interp/interpret.h"

namespace callgate {

template std::uint32_t interp::run<bpf::Seccomp>(const Insn* program, const SeccompData& data) noexcept;

}  // namespace callgate
