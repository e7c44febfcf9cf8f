// callgate bench: figures of one's own filters, and the comparison with former ones.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Json = nlohmann::json;

const char* const filter_text = "ld [0]\njeq #3, deny\nret #0x7fff0000\ndeny: ret #0x50009\n";
const char* const stream_text = "0 1 2\n3 4\n* 20\n1\n";

struct Files {
  Directory directory;
  std::string filter = directory.write("filter", filter_text);
  std::string stream = directory.write("stream", stream_text);

  std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"bench", "-f", filter, "--stream", stream, "--seconds", "0.02"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST(Bench, PrintsATableOfAllEngines) {
  const Files files;
  const Outcome outcome = run(files.command());
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("1 filters, 4 instructions; 23 calls"));
  for (const char* name : {"empty call", "interp", "no executable memory"}) EXPECT_THAT(outcome.out, HasSubstr(name));
}

TEST(Bench, JsonHasWhatComparersRead) {
  const Files files;
  const Outcome outcome = run(files.command({"--json"}));
  ASSERT_EQ(outcome.exit, 0) << outcome;
  const Json document = Json::parse(outcome.out);
  EXPECT_EQ(document["context"]["calls"], 23);
  std::vector<std::string> names;
  for (const Json& entry : document["benchmarks"]) {
    names.push_back(entry["name"]);
    EXPECT_GT(entry["real_time"].get<double>(), 0);
    EXPECT_GT(entry["cpu_time"].get<double>(), 0);
    EXPECT_TRUE(entry["time_unit"] == "ns" || entry["time_unit"] == "us");
    EXPECT_EQ(entry["run_type"], "iteration");
  }
  EXPECT_THAT(names, Contains("decide/interp"));
  EXPECT_THAT(names, Contains("attach/interp"));
}

// A former run in which decisions took `factor` times what they take now.
std::string baseline(const Files& files, double factor) {
  Json document = Json::parse(run(files.command({"--json"})).out);
  for (Json& entry : document["benchmarks"]) {
    if (entry.contains("empty_calls")) entry["empty_calls"] = entry["empty_calls"].get<double>() * factor;
  }
  return files.directory.write("baseline", document.dump());
}

TEST(Bench, ARegressionFailsAndItsAbsenceDoesNot) {
  const Files files;
  const Outcome fine = run(files.command({"--baseline", baseline(files, 100), "--max-regress", "5%"}));
  EXPECT_EQ(fine.exit, 0) << fine;
  EXPECT_THAT(fine.out, HasSubstr("change"));
  const Outcome slower = run(files.command({"--baseline", baseline(files, 0.01)}));
  EXPECT_EQ(slower.exit, 1) << slower;
  EXPECT_THAT(slower.out, HasSubstr("SLOWER"));
}

TEST(Bench, WrongInputIsWrongUsage) {
  const Files files;
  EXPECT_EQ(run({"bench", "-f", files.filter, "--stream", files.directory.write("bad", "read 1\n")}).exit, 2);
  EXPECT_EQ(run({"bench", "-f", files.filter, "--stream", files.directory.write("none", "# nothing\n")}).exit, 2);
  EXPECT_EQ(run(files.command({"--max-regress", "much"})).exit, 2);
  const Outcome no_baseline = run(files.command({"--baseline", files.filter}));
  EXPECT_EQ(no_baseline.exit, 2);
  EXPECT_EQ(no_baseline.out, "") << "it shows before the wait";
  const std::string other = files.directory.write("other", R"({"benchmarks":[{"name":"decide/x","empty_calls":1}]})");
  EXPECT_EQ(run(files.command({"--baseline", other})).exit, 2);
}

TEST(Bench, MostRestrictiveHasItsOwnAnswers) {
  const Files files;
  const std::string kill = files.directory.write("kill", "ret #0x80000000\n");
  std::vector<std::string> words = files.command({"--rule", "most_restrictive"});
  words.insert(words.begin() + 1, {"-f", kill});
  EXPECT_EQ(run(words).exit, 0) << "all engines agree with the interpreter";
}

}  // namespace
}  // namespace callgate::test
