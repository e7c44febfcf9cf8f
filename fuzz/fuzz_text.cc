// Text and back. The input is read as text for the assembler, and as instructions for the disassembler.
#include "bpf/assembler.h"
#include "bpf/disassembler.h"
#include "fuzz/target.h"
#include "oracles/generator/mutations.h"
#include "oracles/generator/program_generator.h"

namespace callgate::fuzz {
namespace {

// A program's text, with and without comments, is read back as the program.
void check_round_trip(std::span<const Insn> program) {
  for (const bool annotate : {false, true}) {
    const std::string text = bpf::disassemble(program, {.annotate = annotate});
    const auto again = bpf::assemble(text);
    if (!again) fail("its own text does not assemble: " + to_string(again.error()) + "\n" + text);
    require(std::equal(again->begin(), again->end(), program.begin(), program.end()),
            "another program comes back:\n" + text);
  }
}

void check_text(std::string_view text) {
  for (const auto long_jumps : {bpf::LongJumps::reject, bpf::LongJumps::bridge}) {
    const auto program = bpf::assemble(text, long_jumps);
    if (!program) {
      require(!program.error().message.empty(), "an error without a message");
    } else if (!program->empty()) {
      check_round_trip(*program);
    }
  }
}

// Text of some program, or a piece of it.
std::string some_text(Random& random) {
  ProgramGenerator generator(random.next());
  std::vector<Insn> program = random.chance(70) ? generator.valid(24) : noise(random, 12);
  if (random.chance(20)) program = mutated(random, program);
  return bpf::disassemble(program, {.annotate = random.chance(30)});
}

// Replaces, doubles or drops a line.
std::string change_a_line(std::string text, Random& random) {
  if (text.empty()) return some_text(random);
  const std::size_t at = text.find('\n', random.below(static_cast<std::uint32_t>(text.size())));
  if (at == std::string::npos) return text + "\n" + some_text(random);
  const std::size_t end = text.find('\n', at + 1);
  const std::string line = text.substr(at, end == std::string::npos ? end : end - at);
  const std::string donor = some_text(random);
  const std::uint32_t kind = random.below(3);
  if (kind == 0) return text.insert(at, line);
  if (kind == 1) return text.erase(at, line.size());
  return text.replace(at, line.size(), "\n" + donor.substr(0, donor.find('\n')));
}

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  callgate::fuzz::check_text({reinterpret_cast<const char*>(data), size});
  const auto program = callgate::fuzz::insns_of({data, size});
  if (!program.empty()) callgate::fuzz::check_round_trip(program);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  if (random.chance(60)) return LLVMFuzzerMutate(data, size, max_size);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool fresh = random.chance(20);
  return callgate::fuzz::store(fresh ? callgate::fuzz::some_text(random) : callgate::fuzz::change_a_line(text, random),
                               data, max_size);
}
