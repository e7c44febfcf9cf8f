// Files: raw arrays, tcpdump -ddd, hex digits, and (with the tools) OCI JSON. Whatever the bytes, there is a filter or
// an error with a message, and what was read and written is read back.
#include "bpf/formats.h"
#include "fuzz/target.h"
#include "oracles/generator/mutations.h"
#include "oracles/generator/program_generator.h"
#if CALLGATE_FUZZ_PROFILES
#include "profiles/oci.h"
#endif

namespace callgate::fuzz {
namespace {

using bpf::Format;

void check_written(std::span<const Insn> program, const std::string& file, Format format) {
  const auto again = bpf::read_filter(file, format);
  if (!again) fail("cannot read what it wrote: " + again.error());
  require(std::equal(again->begin(), again->end(), program.begin(), program.end()), "another program comes back");
}

void check_read(std::string_view content, Format format) {
  const auto program = bpf::read_filter(content, format);
  if (!program) return require(!program.error().empty(), "an error without a message");
  if (program->empty()) return;
  check_written(*program, bpf::write_raw(*program), Format::raw);
  check_written(*program, bpf::write_ddd(*program), Format::ddd);
  check_written(*program, bpf::write_c_array(*program), Format::c);
  require(!bpf::write_c_array(*program).empty(), "no C array");
}

void check(std::string_view content) {
  static_cast<void>(bpf::detect_format(content));
  for (const Format format : {Format::raw, Format::ddd, Format::text, Format::c, Format::hex, Format::table,
                              Format::tcpdump, Format::macros, Format::string})
    check_read(content, format);
  const auto from_hex = bpf::read_hex(content);
  if (!from_hex) require(!from_hex.error().empty(), "an error without a message");
#if CALLGATE_FUZZ_PROFILES
  if (bpf::detect_format(content) != Format::oci) return;
  profiles::OciOptions options;
  options.kernel = {6, 1};
  const auto profile = profiles::compile_oci(content, options);
  if (!profile) require(!profile.error().empty(), "an error without a message");
#endif
}

std::string quoted_pick(Random& random, std::span<const std::string_view> words) {
  return "\"" + std::string(random.pick(words)) + "\"";
}

// A profile as container engines have them; some of it wrong.
std::string some_profile(Random& random) {
  constexpr std::string_view actions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",  "SCMP_ACT_TRAP",
                                          "SCMP_ACT_TRACE", "SCMP_ACT_LOG",   "SCMP_ACT_BLAME", "SCMP_ACT_NOTIFY"};
  constexpr std::string_view names[] = {"read",        "openat",       "clone", "socketcall",
                                        "personality", "no_such_call", "ptrace"};
  constexpr std::string_view operators[] = {"SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT",        "SCMP_CMP_LE",
                                            "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_FOO"};
  std::string text = "{\"defaultAction\":" + quoted_pick(random, actions);
  if (random.chance(50)) text += ",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"]";
  text += ",\"syscalls\":[";
  for (std::uint32_t left = random.below(4); left > 0; --left) {
    text += "{\"names\":[" + quoted_pick(random, names) + "],\"action\":" + quoted_pick(random, actions);
    if (random.chance(50)) {
      text +=
          ",\"args\":[{\"index\":" + std::to_string(random.below(7)) + ",\"value\":" + std::to_string(random.next());
      text += ",\"op\":" + quoted_pick(random, operators) + "}]";
    }
    text += left > 1 ? "}," : "}";
  }
  return text + "]}";
}

std::string some_file(Random& random) {
  ProgramGenerator generator(random.next());
  const std::vector<Insn> program = random.chance(70) ? generator.valid(16) : noise(random, 8);
  switch (random.below(4)) {
    case 0: return bpf::write_raw(program);
    case 1: return bpf::write_ddd(program);
    case 2: return bpf::write_c_array(program);
    default: return some_profile(random);
  }
}

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  callgate::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  if (random.chance(85)) return LLVMFuzzerMutate(data, size, max_size);
  return callgate::fuzz::store(callgate::fuzz::some_file(random), data, max_size);
}
