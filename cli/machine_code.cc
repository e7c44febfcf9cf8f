#include "cli/machine_code.h"

#include <string>

#include <Zydis/Zydis.h>

#include "bpf/disassembler.h"

namespace callgate::cli {
namespace {

class Disassembler {
 public:
  explicit Disassembler(Target target) {
    const bool wide = target == Target::x86_64;
    ZydisDecoderInit(&decoder_, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    ZydisFormatterInit(&formatter_, ZYDIS_FORMATTER_STYLE_INTEL);
  }

  // Prints the instruction at `offset` and returns its length in bytes.
  std::size_t print(Output& out, std::span<const std::uint8_t> code, std::size_t offset) const {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char text[128] = "(not an instruction)";
    std::size_t length = 1;
    const auto rest = code.subspan(offset);
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, rest.data(), rest.size(), &insn, operands))) {
      length = insn.length;
      ZydisFormatterFormatInstruction(&formatter_, &insn, operands, insn.operand_count_visible, text, sizeof text,
                                      offset, ZYAN_NULL);
    }
    std::string bytes;
    for (const std::uint8_t byte : rest.first(length)) bytes += fmt::format("{:02x} ", byte);
    out.print("{:6x}:  {:<33}{}\n", offset, bytes, text);
    return length;
  }

 private:
  ZydisDecoder decoder_;
  ZydisFormatter formatter_;
};

}  // namespace

void print_machine_code(Output& out, const jit::Code& code, Target target, std::span<const Program> programs) {
  const Disassembler disassembler(target);
  auto mark = code.marks.begin();
  for (std::size_t offset = 0; offset < code.bytes.size();) {
    for (; mark != code.marks.end() && mark->offset <= offset; ++mark) {
      const auto [filter, pc] = mark->source;
      out.print("        ; filter {} at {}: {}\n", filter, pc,
                bpf::disassemble(programs[filter].instructions()[pc], pc));
    }
    offset += disassembler.print(out, code.bytes, offset);
  }
}

}  // namespace callgate::cli
