#include "bench/stream.h"

#include <seccomp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "bench/measure/text_cursor.h"

namespace callgate::bench {
namespace {

constexpr std::size_t shown_odd_lines = 5;

bool has_name(std::uint32_t arch, std::uint32_t number, std::string_view name) {
  const std::unique_ptr<char, decltype(&std::free)> known(
      seccomp_syscall_resolve_num_arch(arch, static_cast<int>(number)), &std::free);
  return known && name == known.get();
}

// The architecture for which `number` is called `name`, if there is exactly one.
std::optional<std::uint32_t> arch_of_call(std::uint32_t number, std::string_view name) {
  if ((number & arch::x32_bit) != 0) return arch::x86_64;
  const bool x86_64 = has_name(SCMP_ARCH_X86_64, number, name);
  const bool x86_32 = has_name(SCMP_ARCH_X86, number, name);
  if (x86_64 == x86_32) return std::nullopt;
  return x86_64 ? arch::x86_64 : arch::x86_32;
}

enum class Line { call, resumed, signal, exit, notice, odd };

struct Call {
  std::uint32_t number = 0;
  std::string_view name;
  std::uint64_t instruction_pointer = 0;
  std::uint64_t arguments[6] = {};
  std::uint8_t argument_count = 0;
};

// What stands between the parentheses; an interrupted call ends in " <unfinished ...>" instead.
bool read_arguments(TextCursor& line, Call& call) {
  while (!line.skip(")") && !line.rest().starts_with(" <")) {
    if (call.argument_count == 6 || (call.argument_count > 0 && !line.skip(", "))) return false;
    if (line.rest().starts_with("<")) return true;  // "close(1, <unfinished ...>"
    const std::optional<std::uint64_t> value = line.number();
    if (!value) return false;
    call.arguments[call.argument_count++] = *value;
  }
  return true;
}

// "[  59] [00007f…] execve(0x7ffc…, …) = 0", from the number on.
Line read_event(TextCursor& line, Call& call) {
  if (line.skip("[")) {
    line.skip_spaces();
    const std::optional<std::uint64_t> number = line.digits(10);
    if (!number || *number > UINT32_MAX || !line.skip("]")) return Line::notice;
    call.number = static_cast<std::uint32_t>(*number);
    line.skip_spaces();
    if (line.skip("[")) {
      call.instruction_pointer = line.digits(16).value_or(0);  // "[????????]" if it is not known
      const std::size_t end = line.rest().find("] ");
      if (end == std::string_view::npos) return Line::odd;
      line = TextCursor(line.rest().substr(end + 2));
    }
  }
  if (line.skip("---")) return Line::signal;
  if (line.skip("+++")) return Line::exit;
  if (line.skip("<...")) return Line::resumed;
  call.name = line.name();
  if (call.name.empty() || !line.skip("(")) return Line::odd;
  return read_arguments(line, call) ? Line::call : Line::odd;
}

class StraceParser {
 public:
  void add(std::string_view text) {
    ++line_;
    TextCursor line(text);
    line.skip("[pid ");  // strace's way of naming the thread when it writes to a terminal
    line.skip_spaces();
    const std::uint64_t thread = line.digits(10).value_or(0);
    line.skip("]");
    line.skip_spaces();
    Call call;
    if (line.rest().empty() || line.rest().starts_with("strace: ")) {
      ++recording_.notices;
      return;
    }
    switch (read_event(line, call)) {
      case Line::call: return add(thread, call);
      case Line::resumed: ++recording_.resumed; return;
      case Line::signal: ++recording_.signals; return;
      case Line::exit: ++recording_.exits; return;
      case Line::notice: ++recording_.notices; return;
      case Line::odd: return add_odd(text);
    }
  }

  Recording take() { return std::move(recording_); }

 private:
  void add(std::uint64_t thread, const Call& call) {
    std::uint32_t& thread_arch = arches_.try_emplace(thread, arch::x86_64).first->second;
    const std::optional<std::uint32_t> told = arch_of_call(call.number, call.name);
    if (told) thread_arch = *told;
    recording_.guessed_arch += !told;
    SeccompData& data = recording_.calls.emplace_back();
    data.nr = call.number;
    data.arch = thread_arch;
    data.instruction_pointer = call.instruction_pointer;
    std::copy_n(call.arguments, 6, data.args);
    recording_.argument_counts.push_back(call.argument_count);
  }

  void add_odd(std::string_view text) {
    ++recording_.odd;
    if (recording_.first_odd.size() < shown_odd_lines) {
      recording_.first_odd.push_back({line_, std::string(text.substr(0, 200))});
    }
  }

  Recording recording_;
  std::map<std::uint64_t, std::uint32_t> arches_;  // of each thread's last call
  std::size_t line_ = 0;
};

// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

std::uint64_t random_argument(Random& random) {
  const std::uint64_t value = random();
  switch (random() % 4) {
    case 0: return value % 64;
    case 1: return value % 0x10000;
    case 2: return value & 0xffffffff;
    default: return value;
  }
}

}  // namespace

Recording parse_strace(std::istream& input) {
  StraceParser parser;
  for (std::string line; std::getline(input, line);) parser.add(line);
  return parser.take();
}

std::vector<SeccompData> uniform_stream(std::size_t count, std::uint64_t seed) {
  constexpr std::uint64_t numbers = 460;
  Random random(seed);
  std::vector<SeccompData> calls(count);
  for (SeccompData& data : calls) {
    data.nr = static_cast<std::uint32_t>(random() % numbers);
    data.arch = arch::x86_64;
    data.instruction_pointer = 0;
    for (std::uint64_t& argument : data.args) argument = random_argument(random);
  }
  return calls;
}

std::vector<NamedStream> all_streams(const std::string& folder) {
  constexpr std::size_t uniform_calls = 4096;
  constexpr std::uint64_t seed = 1;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".calls") files.push_back(entry.path());
  }
  std::ranges::sort(files, {}, [](const std::filesystem::path& file) { return std::pair(file.stem() != "mix", file); });
  std::vector<NamedStream> streams;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path.string() + ": cannot be read");
    streams.push_back({path.stem().string(), read_compact(file)});
  }
  if (streams.empty()) throw std::runtime_error(folder + ": no recorded stream");
  streams.push_back({"uniform", uniform_stream(uniform_calls, seed)});
  return streams;
}

}  // namespace callgate::bench
