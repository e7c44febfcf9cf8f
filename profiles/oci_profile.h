// What an OCI seccomp JSON says, with its conditions already applied to one container.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <seccomp.h>

#include "profiles/oci.h"

namespace callgate::profiles {

struct Rule {
  std::string path;  // in the JSON, for messages
  std::uint32_t action;
  std::vector<std::string> names;
  std::vector<scmp_arg_cmp> tests;  // all must hold, unless two test the same argument: then any
};

struct Architecture {
  std::uint32_t token;  // libseccomp's
  std::string path;
};

struct Profile {
  std::uint32_t default_action;
  std::vector<Architecture> architectures;  // the native one first, each once; x86_64, i386 and x32 only
  std::vector<Rule> rules;                  // those that apply to the container, in the file's order
  std::vector<std::string> notes;
};

// Throws std::runtime_error, whose text names the place.
Profile read_profile(std::string_view json, const OciOptions& options);

}  // namespace callgate::profiles
