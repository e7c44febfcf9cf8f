#include "bench/filters/seccomp_filter.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace callgate::bench {
namespace {

// libseccomp exports to a file descriptor only.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("filter", MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("memfd_create failed");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  int fd() const { return fd_; }

  std::vector<Insn> instructions() const {
    const off_t size = lseek(fd_, 0, SEEK_END);
    std::vector<Insn> program(size < 0 ? 0 : static_cast<std::size_t>(size) / sizeof(Insn));
    if (pread(fd_, program.data(), program.size() * sizeof(Insn), 0) != size) {
      throw std::runtime_error("reading an exported filter failed");
    }
    return program;
  }

 private:
  int fd_;
};

}  // namespace

NamedFilter verified(std::string name, std::span<const Insn> instructions) {
  Expected<Program, VerifyError> program = verify(instructions);
  if (!program) throw std::runtime_error(name + ": " + to_string(program.error()));
  return {std::move(name), std::move(*program)};
}

SeccompFilter::SeccompFilter(std::string name, std::uint32_t default_action, const std::vector<std::uint32_t>& arches)
    : name_(std::move(name)), context_(seccomp_init(default_action)) {
  if (!context_) throw std::runtime_error(name_ + ": seccomp_init failed");
  bool has_native = false;
  for (const std::uint32_t arch : arches) {
    has_native |= arch == seccomp_arch_native();
    if (arch != seccomp_arch_native()) check(seccomp_arch_add(context_.get(), arch), "adding an architecture");
  }
  if (!has_native) check(seccomp_arch_remove(context_.get(), SCMP_ARCH_NATIVE), "removing the native architecture");
}

void SeccompFilter::check(int result, const std::string& what) const {
  if (result < 0) throw std::runtime_error(name_ + ": " + what + ": " + std::strerror(-result));
}

SeccompFilter& SeccompFilter::other_arches(std::uint32_t action) {
  check(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, action), "setting the other architectures' action");
  return *this;
}

SeccompFilter& SeccompFilter::tree() {
  check(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "asking for a tree");
  return *this;
}

SeccompFilter& SeccompFilter::rule(std::uint32_t action, const char* name, const std::vector<scmp_arg_cmp>& arguments) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) throw std::runtime_error(name_ + ": libseccomp does not know the call " + name);
  check(
      seccomp_rule_add_array(context_.get(), action, number, static_cast<unsigned>(arguments.size()), arguments.data()),
      name);
  return *this;
}

SeccompFilter& SeccompFilter::rules(std::uint32_t action, const std::vector<const char*>& names) {
  for (const char* name : names) rule(action, name);
  return *this;
}

NamedFilter SeccompFilter::build() const {
  const MemoryFile file;
  check(seccomp_export_bpf(context_.get(), file.fd()), "exporting");
  return verified(name_, file.instructions());
}

}  // namespace callgate::bench
