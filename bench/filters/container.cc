#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench/filters/seccomp_filter.h"
#include "profiles/oci.h"

namespace callgate::bench {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read (Debian package golang-github-containers-common)");
  return {std::istreambuf_iterator<char>(file), {}};
}

// What container engines give a container that asks for nothing, on a kernel that all of them run on.
profiles::OciOptions plain_container(Layout layout) {
  profiles::OciOptions options;
  options.capabilities = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",          "CAP_FSETID",
                          "CAP_KILL",    "CAP_SETGID",       "CAP_SETUID",          "CAP_SETPCAP",
                          "CAP_SETFCAP", "CAP_SYS_CHROOT",   "CAP_NET_BIND_SERVICE"};
  options.kernel = {6, 1};
  options.native_arch = arch::x86_64;
  options.binary_tree = layout == Layout::tree;
  return options;
}

}  // namespace

Workload container(Layout layout, const std::string& profile) {
  const Expected<profiles::OciFilter, std::string> filter =
      profiles::compile_oci(read_file(profile), plain_container(layout));
  if (!filter) throw std::runtime_error(profile + ": " + filter.error());
  const bool tree = layout == Layout::tree;
  Workload workload{tree ? "container-tree" : "container",
                    std::string("a container engine's default profile, x86_64 with x86 and x32, numbers in a ") +
                        (tree ? "tree" : "ladder"),
                    {}};
  workload.filters.push_back(verified(tree ? "container profile (tree)" : "container profile", filter->instructions));
  return workload;
}

}  // namespace callgate::bench
