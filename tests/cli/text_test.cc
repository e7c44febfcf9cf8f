// callgate asm, disasm and dump.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Text : public testing::Test {
 protected:
  Directory dir;
  std::string bytes = raw(guard_text);
};

TEST_F(Text, AsmWritesEveryFormat) {
  const std::vector<Insn> program = *bpf::assemble(guard_text);
  const auto assemble = [](const std::string& format) {
    return run({"asm", "-", "--format", format}, std::string(guard_text)).out;
  };
  EXPECT_EQ(run({"asm", "-"}, std::string(guard_text)).out, bytes);
  EXPECT_EQ(assemble("raw"), bytes);
  EXPECT_EQ(assemble("ddd"), bpf::write_ddd(program));
  EXPECT_EQ(assemble("c"), bpf::write_c_array(program));
  EXPECT_EQ(run({"check", "--verdicts"}, assemble("hex")).out, "accept\n");
}

// What is meant to write the filter wrote nothing: that is no filter, and no file is made of it.
TEST_F(Text, AsmOfNothingIsAnError) {
  for (const char* content : {"", "\n", "; a comment\n"}) {
    const Outcome outcome = run({"asm", "-", "-o", dir.path("out")}, content);
    EXPECT_EQ(outcome.exit, 2) << content;
    EXPECT_THAT(outcome.err, HasSubstr("standard input: no instruction is in it")) << content;
    EXPECT_EQ(dir.files(), 0U) << content;
  }
}

// What one subcommand writes every other one reads, also behind a byte order mark.
TEST_F(Text, EveryFormatIsReadBack) {
  std::vector<std::string> written;
  for (const char* format : {"raw", "ddd", "c", "hex"}) {
    written.push_back(run({"asm", "-", "--format", format}, std::string(guard_text)).out);
    if (std::string_view(format) != "raw") written.push_back("\xef\xbb\xbf" + written.back());
  }
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--names"}, {"--no-annotate"}}) {
    std::vector<std::string> words{"disasm", dir.write("guard.bpf", bytes)};
    words.insert(words.end(), more.begin(), more.end());
    written.push_back(run(words).out);
    written.push_back("\xef\xbb\xbf" + written.back());
  }
  for (const std::string& content : written) {
    const std::string path = dir.write("written", content);
    EXPECT_EQ(run({"asm", path}).out, bytes) << content;
    EXPECT_EQ(run({"check", path}).out, path + ": ok, 7 instructions\n") << content;
    EXPECT_EQ(run({"eval", "-f", path}, "execve\n").out.substr(0, 9), "ERRNO(13)") << content;
  }
}

TEST_F(Text, AByteOrderMarkIsNoPartOfALine) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(run({"check", "--verdicts"}, mark + "0600000000000000\n").out, "accept\n");
  EXPECT_EQ(run({"eval", "-f", dir.write("guard.bpf", bytes)}, mark + "read\n").exit, 0);
  EXPECT_EQ(run({"check", "-"}, mark + R"({"defaultAction":"SCMP_ACT_KILL"})").exit, 0);
  const std::string stream = dir.write("stream", mark + "0 1 2\n");
  EXPECT_EQ(run({"bench", "-f", dir.write("guard.bpf", bytes), "--stream", stream, "--seconds", "0.02"}).exit, 0);
}

TEST_F(Text, ForeignFormatsAreNamed) {
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\x7f"
                   "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
                   16),
       "this is an ELF file"},
      {std::string("\x1f\x8b\x08\0\0\0\0\0", 8), "this is gzip-compressed data"},
      {"read: 1\nwrite: 1\n", "this looks like a minijail policy"},
      {"defaultAction: SCMP_ACT_ERRNO\n", "this looks like YAML"},
      {R"({"name": "x"})", "this looks like JSON of another kind"}};
  for (const auto& [content, message] : cases) {
    const std::string path = dir.write("foreign", content);
    for (const char* command : {"check", "disasm", "asm", "dump"}) {
      const Outcome outcome = run({command, path});
      EXPECT_EQ(outcome.exit, 2) << command << outcome;
      EXPECT_THAT(outcome.err, HasSubstr(message)) << command;
      EXPECT_THAT(outcome.err, HasSubstr("callgate reads")) << command;
    }
  }
}

TEST_F(Text, FiltersAreGivenInOneWay) {
  const std::string guard = dir.write("guard.bpf", bytes);
  for (const char* command : {"check", "disasm", "asm", "dump", "stats"}) {
    const Outcome by_option = run({command, "-f", guard});
    EXPECT_EQ(by_option.exit, 0) << command << by_option;
    if (std::string_view(command) != "stats") {
      EXPECT_EQ(by_option.out, run({command, guard}).out) << command;
    }
    EXPECT_EQ(run({command, "--filter", guard}).exit, 0) << command;
    EXPECT_EQ(run({command, "-f", guard, guard}).exit, 2) << command;
    EXPECT_EQ(run({command}).exit, 2) << command;
  }
  EXPECT_THAT(run({"check", "-f", guard, "-f", guard}).out, HasSubstr(guard + ": ok, 7 instructions\n" + guard));
}

TEST_F(Text, StandardInputIsReadOnce) {
  for (const char* command : {"check", "disasm", "dump", "stats"}) {
    const Outcome outcome = run({command, "-", "-"}, bytes);
    EXPECT_EQ(outcome.exit, 2) << command << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("standard input cannot be read twice")) << command;
  }
  EXPECT_THAT(run({"bench", "-f", "-", "--stream", "-"}, bytes).err, HasSubstr("cannot be read twice"));
}

TEST_F(Text, ABundleWithoutAFilterIsNoJsonOfAnotherKind) {
  const Outcome outcome = run({"check", "-"}, R"({"ociVersion":"1.0.2","linux":{}})");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.err, HasSubstr("has no \"linux.seccomp\""));
  EXPECT_EQ(outcome.err.find("this looks like"), std::string::npos) << outcome;
}

// --format is about what is written; where it once was about what is read, it still works.
TEST_F(Text, FormatMeansOneThing) {
  for (const char* command : {"check", "disasm", "dump", "stats"}) {
    const std::string help = run({command, "--help"}).out;
    EXPECT_THAT(help, HasSubstr("--input-format")) << command;
    EXPECT_EQ(help.find("--format"), std::string::npos) << command;
    EXPECT_EQ(run({command, "--format", "raw", dir.write("guard.bpf", bytes)}).exit, 0) << command;
    const Outcome json = run({command, "--format", "json", dir.write("guard.bpf", bytes)});
    EXPECT_EQ(json.exit, 2) << command;
    EXPECT_THAT(json.err, HasSubstr("--format: is about what is written")) << command;
    EXPECT_THAT(json.err, HasSubstr("--input-format says")) << command;
  }
}

TEST_F(Text, AFileIsWrittenWholeOrNotAtAll) {
  const std::string out = dir.write("out", "before");
  Streams small;
  small.largest_file = 24;
  const Outcome outcome = run({"asm", dir.write("guard.txt", guard_text), "-o", out}, small);
  EXPECT_EQ(outcome.exit, 2) << outcome;
  EXPECT_EQ(read_file(out), "before");
  EXPECT_EQ(dir.files(), 2U) << "no temporary file is left";
  std::filesystem::permissions(out, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(run({"asm", dir.path("guard.txt"), "-o", out}).exit, 0);
  EXPECT_EQ(read_file(out), bytes);
  EXPECT_EQ(std::filesystem::status(out).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Text, AsmWritesAFile) {
  const std::string out = dir.path("out.bpf");
  const Outcome outcome = run({"asm", dir.write("guard.txt", guard_text), "-o", out});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(read_file(out), bytes);
}

TEST_F(Text, AsmFailures) {
  const std::string source = dir.write("guard.txt", guard_text);
  const Outcome bad = run({"asm", "-"}, "ld [0]\nlod [4]\n");
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, HasSubstr("standard input: line 2: "));
  EXPECT_THAT(bad.out, IsEmpty());
  EXPECT_EQ(run({"asm", source, "-o", dir.path("no/such/folder")}).exit, 2);
  EXPECT_EQ(run({"asm", source, "-o", dir.path(".")}).exit, 2);
  const Outcome full = run({"asm", source, "-o", "/dev/full"});
  EXPECT_EQ(full.exit, 2);
  EXPECT_THAT(full.err, HasSubstr("cannot write /dev/full: No space left on device"));
}

TEST_F(Text, AsmLongJumps) {
  std::string text = "ld [0]\njeq #1, far\n";
  for (int i = 0; i < 300; ++i) text += "ld [0]\n";
  text += "ret #0x7fff0000\nfar: ret #0\n";
  const Outcome rejected = run({"asm", "-"}, text);
  EXPECT_EQ(rejected.exit, 2);
  EXPECT_THAT(rejected.err, HasSubstr("line 2: "));
  const Outcome bridged = run({"asm", "-", "--long-jumps", "bridge"}, text);
  ASSERT_EQ(bridged.exit, 0) << bridged;
  const std::string path = dir.write("bridged", bridged.out);
  EXPECT_EQ(decisions(run({"eval", "-f", path}, "0\n1\n").out), "ALLOW\nKILL_THREAD\n");
}

TEST_F(Text, AsmConvertsProfiles) {
  const std::string profile = R"({"defaultAction":"SCMP_ACT_ERRNO"})";
  const Outcome outcome = run({"asm", "--input-format", "oci", "-", "-o", dir.path("out")}, profile);
  ASSERT_EQ(outcome.exit, 0) << outcome;
  EXPECT_EQ(decisions(run({"eval", "-f", dir.path("out")}, "read\n").out), "ERRNO(1)\n");
}

TEST_F(Text, DisasmRoundTrips) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--no-annotate"}}) {
    std::vector<std::string> command{"disasm", dir.write("guard.bpf", bytes)};
    command.insert(command.end(), options.begin(), options.end());
    const Outcome text = run(command);
    ASSERT_EQ(text.exit, 0) << text;
    EXPECT_EQ(run({"asm", "-"}, text.out).out, bytes) << text;
    EXPECT_EQ(text.out.find("execve") != std::string::npos, options.empty()) << text;
  }
}

TEST_F(Text, DisasmNamesCallsOfTheComparedArchitecture) {
  const auto name = [&](const std::string& arch, const std::string& nr) {
    return run({"disasm", "-"}, raw("ld [4]\njeq #" + arch + ", 2, 4\nld [0]\njeq #" + nr + ", 4, 5\nret #1\nret #0\n"))
        .out;
  };
  EXPECT_THAT(name("0xc000003e", "11"), HasSubstr("munmap"));
  EXPECT_THAT(name("0x40000003", "11"), HasSubstr("execve"));
  EXPECT_THAT(name("0xc000003e", "0x40000000"), HasSubstr("read (x32)"));
}

TEST_F(Text, DisasmShowsInvalidFiltersAndSeveralFiles) {
  const std::string invalid = dir.write("invalid.bpf", std::string("\x07\x08\x01\x02\x03\x04\x05\x06", 8));
  const std::string guard = dir.write("guard.bpf", bytes);
  const Outcome outcome = run({"disasm", invalid, guard});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("; " + invalid + "\n"));
  EXPECT_THAT(outcome.out, HasSubstr(".insn"));
  EXPECT_THAT(outcome.out, HasSubstr("; " + guard + "\n"));
  EXPECT_EQ(run({"disasm", guard, dir.path("missing")}).exit, 2);
}

TEST_F(Text, DumpBytecode) {
  const std::string guard = dir.write("guard.bpf", bytes);
  const Outcome outcome = run({"dump", "--stages=b", guard, guard});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("filter 0: " + guard + ", 7 instructions"));
  EXPECT_THAT(outcome.out, HasSubstr("filter 1: "));
  EXPECT_THAT(outcome.out, HasSubstr("   1: 15 "));
}

// The filter on its own, and the chain, in which the second copy of it changes nothing.
// Scripts of users read the names of the figures.
TEST_F(Text, StatsHaveTheirFigures) {
  const Outcome outcome = run({"stats", "-", "--json"}, std::string(guard_text));
  ASSERT_EQ(outcome.exit, 0) << outcome;
  const nlohmann::json stats = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(stats["filters"], 1);
  EXPECT_EQ(stats["instructions"], bytes.size() / sizeof(Insn));
  EXPECT_EQ(stats["segments"][0]["form"], "path_sensitive");
  EXPECT_EQ(stats["bytes"]["bytecode"], bytes.size());
  for (const char* name : {"classes", "residuals", "64-bit steps", "engine", "target"}) {
    EXPECT_TRUE(stats.contains(name)) << name;
  }
  for (const char* stage : {"verify", "plan", "table", "fill", "attach"}) {
    EXPECT_TRUE(stats["microseconds"].contains(stage)) << stage;
  }
}

TEST_F(Text, DumpGraphs) {
  const std::string filter = dir.write("filter.bpf", raw("ld [16]\njeq #5, 2, 3\nret #0x7fff0000\nret #0\n"));
  const Outcome each = run({"dump", "--stages=f", filter, filter});
  EXPECT_EQ(each.exit, 0) << each;
  EXPECT_THAT(each.out, HasSubstr("; filter 0: " + filter + "\nn2: if args[0].lo == 0x5 then n1 else n0\n"));
  EXPECT_THAT(each.out, HasSubstr("; filter 1: " + filter + "\nn2: "));
  const Outcome dot = run({"dump", "--stages=f", "--dot", filter});
  EXPECT_THAT(dot.out, HasSubstr("digraph"));
  const Outcome chain = run({"dump", "--stages=g", filter, filter});
  EXPECT_THAT(chain.out, HasSubstr("filters 0 to 1: decision graph, precision path_sensitive"));
  EXPECT_THAT(chain.out, HasSubstr("if args[0].lo == 0x5 then "));

  std::string doubling = "ld [16]\n";  // an expression of 2^7 nodes
  for (int i = 0; i < 6; ++i) doubling += "tax\nadd x\n";
  const std::string large = dir.write("large.bpf", raw(doubling + "ret a\n"));
  EXPECT_THAT(run({"dump", "--stages=f", large}).out, HasSubstr("no graph"));
}

TEST_F(Text, DumpFailures) {
  const std::string guard = dir.write("guard.bpf", bytes);
  const Outcome unknown = run({"dump", "--stages=bz", guard});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no stage 'z'"));
  EXPECT_EQ(run({"dump", "--stages=", guard}).exit, 2);
  EXPECT_EQ(run({"dump", dir.write("bad.bpf", raw("ld [0]\n"))}).exit, 1);
}

}  // namespace
}  // namespace callgate::test
