// A profile's filter, asked for decisions.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "profiles/oci.h"

namespace callgate::profiles {

inline constexpr std::uint32_t allow = action::allow;
inline constexpr std::uint32_t eperm = action::errno_ | 1;
inline constexpr std::uint32_t enosys = action::errno_ | 38;

class Decider {
 public:
  explicit Decider(std::string_view json, const OciOptions& options = {}) : filter_(compile(json, options)) {}

  std::uint32_t operator()(std::uint32_t nr, std::initializer_list<std::uint64_t> args = {},
                           std::uint32_t arch_value = arch::x86_64) const {
    SeccompData data{nr, arch_value, 0, {}};
    std::copy(args.begin(), args.end(), data.args);
    const auto program = verify(filter_.instructions);
    return program ? interpret(*program, data) : 0xdeadbeef;
  }
  const std::vector<std::string>& notes() const { return filter_.notes; }
  // Instructions with the constant `k`.
  std::ptrdiff_t count(std::uint32_t k) const {
    return std::count_if(filter_.instructions.begin(), filter_.instructions.end(),
                         [k](const Insn& insn) { return insn.k == k; });
  }

 private:
  static OciFilter compile(std::string_view json, const OciOptions& options) {
    auto filter = compile_oci(json, options);
    if (!filter) {
      ADD_FAILURE() << filter.error();
      return {};
    }
    const auto program = verify(filter->instructions);
    EXPECT_TRUE(program) << to_string(program.error());
    return std::move(*filter);
  }

  OciFilter filter_;
};

inline std::string error_of(std::string_view json, const OciOptions& options = {}) {
  const auto filter = compile_oci(json, options);
  return filter ? "no error" : filter.error();
}

// A profile with rules, each given by its members.
inline std::string with_rules(const std::vector<std::string>& rules,
                              const std::string& default_action = "SCMP_ACT_ERRNO") {
  std::string text = R"({"defaultAction":")" + default_action + R"(","syscalls":[)";
  for (const std::string& rule : rules) text += (&rule == &rules.front() ? "{" : ",{") + rule + "}";
  return text + "]}";
}

inline std::string with_rule(const std::string& rule, const std::string& default_action = "SCMP_ACT_ERRNO") {
  return with_rules({rule}, default_action);
}

inline OciOptions with_engine(ContainerEngine engine) {
  OciOptions options;
  options.engine = engine;
  return options;
}

}  // namespace callgate::profiles
