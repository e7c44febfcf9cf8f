#include "profiles/oci.h"

#include <sys/utsname.h>

#include <charconv>
#include <exception>
#include <system_error>

#include "bpf/quote.h"
#include "profiles/call_rule.h"
#include "profiles/libseccomp.h"
#include "profiles/oci_profile.h"
#include "profiles/prefix.h"
#include "profiles/witness.h"

namespace callgate::profiles {
namespace {

OciFilter compile(const Profile& profile, const OciOptions& options) {
  OciFilter filter{{}, profile.notes};
  const std::vector<CallRule> rules = split_rules(profile, filter.notes);
  const Prefix prefix = make_prefix(profile, rules, options.engine);
  filter.instructions = prefix.instructions;
  const std::vector<Insn> rest = libseccomp_filter(profile, rules, options);
  filter.instructions.insert(filter.instructions.end(), rest.begin(), rest.end());
  check_witnesses(profile, rules, prefix, options.accept_mismatch, filter);
  return filter;
}

}  // namespace

Expected<KernelVersion, std::string> parse_kernel_version(std::string_view text) {
  KernelVersion version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec == std::errc{} && major.ptr != end && *major.ptr == '.') {
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec == std::errc{} && (minor.ptr == end || *minor.ptr < '0' || *minor.ptr > '9')) return version;
  }
  return "expected a kernel version such as \"4.8\", found " + bpf::in_quotes(text);
}

KernelVersion running_kernel() {
  utsname name{};
  if (uname(&name) != 0) return {};
  const auto version = parse_kernel_version(name.release);
  return version ? *version : KernelVersion{};
}

Expected<OciFilter, std::string> compile_oci(std::string_view json, const OciOptions& options) {
  try {
    return compile(read_profile(json, options), options);
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

}  // namespace callgate::profiles
