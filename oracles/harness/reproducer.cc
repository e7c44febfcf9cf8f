#include "oracles/harness/reproducer.h"

#include "bpf/disassembler.h"
#include "bpf/text.h"

namespace callgate::oracles {
namespace {

std::string wide(std::uint64_t value) {
  const auto high = static_cast<std::uint32_t>(value >> 32);
  const auto low = static_cast<std::uint32_t>(value);
  if (high == 0) return bpf::hex(low);
  const std::string digits = bpf::hex(low).substr(2);
  return bpf::hex(high) + std::string(8 - digits.size(), '0') + digits;
}

std::string show(const SeccompData& data) {
  std::string args;
  for (const std::uint64_t arg : data.args) args += (args.empty() ? "" : ", ") + wide(arg);
  return "{" + bpf::hex(data.nr) + ", " + bpf::hex(data.arch) + ", " + wide(data.instruction_pointer) + ", {" + args +
         "}}";
}

}  // namespace

std::string reproducer(const Finding& finding) {
  const Failing& failing = finding.failing;
  std::string text = "// " + finding.who + ", rule " + callgate::name(failing.rule) + ": " + finding.what + "\n";
  text += "TEST(Regressions, NameMe) {\n  const std::vector<Program> filters = {  // oldest first\n";
  for (const auto& filter : failing.filters) {
    text += "program(R\"(\n" + bpf::disassemble(filter, {.annotate = false}) + ")\"),\n";
  }
  text += "  };\n  const SeccompData data" + show(failing.input) + ";\n";
  return text + "  ASSERT_AGREE(filters, {&data, 1});\n}\n";
}

}  // namespace callgate::oracles
