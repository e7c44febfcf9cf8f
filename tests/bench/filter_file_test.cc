// Workloads and streams from files: what is read, and what the errors say.
#include "bench/filters/filter_file.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "bench/measure/engines.h"
#include "bench/stream.h"

namespace callgate::bench {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class Files : public testing::Test {
 public:
  Files() : folder_(make()) {}
  ~Files() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return folder_ + "/" + name;
  }

  static std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  static std::string make() {
    std::string pattern = (std::filesystem::temp_directory_path() / "callgate.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return pattern;
  }
  std::string folder_;
};

constexpr const char* allow_text = "ret #0x7fff0000\n";
const std::string allow_raw = std::string("\x06\0\0\0\0\0\xff\x7f", 8);

TEST_F(Files, FiltersOfEveryFormat) {
  const std::string profile = R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ERRNO"}]})";
  const std::vector<std::pair<std::string, std::string>> contents = {{"text", allow_text},
                                                                     {"raw", allow_raw},
                                                                     {"ddd", "1\n6 0 0 2147418112\n"},
                                                                     {"c", "{ 0x06, 0, 0, 0x7fff0000 },\n"},
                                                                     {"hex", "060000000000ff7f\n"},
                                                                     {"oci", profile}};
  const SeccompData read{0, arch::x86_64, 0, {}};
  for (const auto& [name, content] : contents) {
    const NamedFilter filter = filter_from_file(write(name, content));
    EXPECT_EQ(interpret(filter.program, read), action::allow) << name;
  }
}

TEST_F(Files, AWorkloadIsAChainOldestFirst) {
  const std::string older = write("older", "ret #0x50001\n");
  const std::string newer = write("newer", "ret #0x50002\n");
  const Workload workload = workload_from_files("two.+-_2=" + older + "," + newer);
  EXPECT_EQ(workload.name, "two.+-_2");
  EXPECT_EQ(workload.description, "from older, newer");
  ASSERT_THAT(workload.filters, SizeIs(2));
  EXPECT_EQ(decide_one_by_one(workload.programs(), {}), action::errno_ | 2);
}

TEST_F(Files, ErrorsNameFileAndRule) {
  const std::string good = write("good", allow_text);
  const std::string bad_text = write("bad", "ret #0x7fff0000\nlod [0]\n");
  const std::string no_end = write("no-end", "ld [0]\n");
  const std::string outside = write("outside", std::string("\x20\0\0\0\x40\0\0\0", 8) + allow_raw);
  const auto error = [](const std::string& text) { return error_of([&] { workload_from_files(text); }); };
  EXPECT_THAT(error("a=" + good + "," + bad_text), AllOf(HasSubstr(bad_text + ": line 2"), HasSubstr("lod")));
  EXPECT_THAT(error("a=" + no_end), HasSubstr(no_end + ": "));
  EXPECT_THAT(error("a=" + outside), AllOf(HasSubstr(outside + ": "), HasSubstr("at 0")));
  EXPECT_THAT(error("a=" + write("empty", "")), HasSubstr("empty: "));
  EXPECT_THAT(error("a=" + write("elf",
                                 "\x7f"
                                 "ELF" +
                                     std::string(60, '\0'))),
              HasSubstr("elf: "));
  EXPECT_THAT(error("a=/nonexistent"), HasSubstr("/nonexistent: cannot be read"));
  EXPECT_THAT(error("a=/tmp"), HasSubstr("/tmp: cannot be read"));
  EXPECT_THAT(error("a"), HasSubstr("NAME=FILE"));
  EXPECT_THAT(error("a/b=" + good), HasSubstr("a name has"));
  EXPECT_THAT(error("=" + good), HasSubstr("a name has"));
  EXPECT_THAT(error("a="), HasSubstr("name is missing"));
  EXPECT_THAT(error("a=" + good + ","), HasSubstr("name is missing"));
}

TEST_F(Files, StreamsAreRecordsOrText) {
  std::string records(2 * sizeof(SeccompData), '\0');
  records[0] = 39;
  records[4] = 0x3e;
  const NamedStream raw = stream_from_file(write("some.records", records));
  EXPECT_EQ(raw.name, "some");
  ASSERT_THAT(raw.calls, SizeIs(2));
  EXPECT_EQ(raw.calls[0].nr, 39U);
  EXPECT_EQ(raw.calls[0].arch, 0x3eU);
  const NamedStream text = stream_from_file(write("other.calls", "39\n* 3\n1 1 2\n"));
  EXPECT_EQ(text.name, "other");
  EXPECT_THAT(text.calls, SizeIs(5));
}

TEST_F(Files, ErrorsOfStreamsNameFileAndPlace) {
  const auto error = [](const std::string& path) { return error_of([&] { stream_from_file(path); }); };
  EXPECT_THAT(error(write("cut.records", std::string(70, '\0'))),
              HasSubstr("cut.records: byte 64: the last record has 6"));
  EXPECT_THAT(error(write("bad.calls", "39\nread\n")), HasSubstr("bad.calls: line 2"));
  EXPECT_THAT(error(write("a.xz",
                          "\xfd"
                          "7zXZ" +
                              std::string(59, '\0'))),
              HasSubstr("xz -d"));
  EXPECT_THAT(error(write("empty.records", "")), HasSubstr("has no calls"));
  EXPECT_THAT(error("/nonexistent"), HasSubstr("/nonexistent: cannot be read"));
  EXPECT_THAT(error("/tmp"), HasSubstr("/tmp: cannot be read"));
}

}  // namespace
}  // namespace callgate::bench
