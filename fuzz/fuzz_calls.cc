// System calls as text, in every form that the one reader knows.
#include <algorithm>
#include <iterator>

#include "calls/reader.h"
#include "fuzz/target.h"
#include "oracles/generator/random.h"

namespace callgate::fuzz {
namespace {

// What is not known of a call is 0, so nobody takes it for something else.
void check_call(const calls::Call& call, std::uint64_t lines) {
  require(call.line >= 1 && call.line <= lines, "a call of a line that is not there");
  require((call.data.instruction_pointer & call.unknown.instruction_pointer) == 0, "an unknown bit of ip is set");
  require(call.unknown.nr == 0 && call.unknown.arch == 0, "a call whose number is not known");
  for (std::size_t i = 0; i < calls::argument_count; ++i) {
    require((call.data.args[i] & call.unknown.args[i]) == 0, "an unknown bit of an argument is set");
    require((call.data.args[i] & call.omitted.args[i]) == 0, "an argument that was left out is not 0");
  }
}

void check_text(std::string_view text, calls::Form form) {
  calls::Reader reader(form);
  std::uint64_t lines = 0;
  std::size_t left = 100'000;  // a recording repeats a call in few bytes
  const calls::Sink seen = [&](const calls::Call& call) {
    check_call(call, lines);
    if (left > 0) --left;
  };
  while (!text.empty() && left > 0) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ++lines;
    if (const auto error = reader.add(line, seen)) {
      require(!error->empty(), "an error without a message");
      return;
    }
  }
  reader.finish(seen);
}

constexpr const char* examples[] = {
    "openat -100 0x7ffe1000 O_RDONLY|O_CLOEXEC 0644 arch=x86_64 ip=0x1234\n",
    "# callgate record -- true\n1 10 22\n* 3\n59 i386 ffffff9c\n",
    "7 12:00:01.123456 [ 257] [00007fdc03ee1a10] openat(AT_FDCWD, \"/a, b) = 1\", O_RDONLY|O_CLOEXEC) = 3</x> <0.1>\n",
    "[pid 7] read(3</a>,  <unfinished ...>\n[pid 7] <... read resumed>\"x\"..., 832) = 832\n",
    "7 clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD, child_tidptr=0x7f10) = 9\n",
    "type=SYSCALL msg=audit(1.2:45): arch=c000003e syscall=2 a0=1 a1=ffffff9c a2=3 a3=4 comm=\"x\"\n",
    "Nov 28 12:00:00 host audit[77]: SECCOMP comm=\"a\" arch=c000003e syscall=257 ip=0x7f12 code=0x0\n",
};

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using callgate::calls::Form;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Form form : {Form::automatic, Form::lines, Form::recording, Form::strace, Form::audit}) {
    callgate::fuzz::check_text(text, form);
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  if (random.chance(90)) return LLVMFuzzerMutate(data, size, max_size);
  std::string text(reinterpret_cast<const char*>(data), size);
  text += callgate::fuzz::examples[random.below(static_cast<std::uint32_t>(std::size(callgate::fuzz::examples)))];
  return callgate::fuzz::store(text, data, max_size);
}
