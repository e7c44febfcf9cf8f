// callgate bench: figures of one's own filters, and the comparison with former ones.
#include <gmock/gmock.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Json = nlohmann::json;

const char* const filter_text = "ld [0]\njeq #3, deny\nret #0x7fff0000\ndeny: ret #0x50009\n";
const std::vector<std::string> only_times{"--compare", "times"};
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
  const Outcome outcome = run(files.command(only_times));
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

// A former run, changed by `edit`.
template <class Edit>
std::string baseline(const Files& files, const std::vector<std::string>& options, const Edit& edit) {
  std::vector<std::string> words = options;
  words.push_back("--json");
  Json document = Json::parse(run(files.command(words)).out);
  edit(document);
  return files.directory.write("baseline", document.dump());
}

void scale(Json& document, const char* figure, double factor) {
  for (Json& entry : document["benchmarks"]) {
    if (entry.contains(figure)) entry[figure] = entry[figure].get<double>() * factor;
  }
}

std::vector<std::string> compared_with(const std::string& baseline, std::vector<std::string> more = only_times) {
  more.insert(more.end(), {"--baseline", baseline});
  return more;
}

TEST(Bench, ARegressionFailsAndItsAbsenceDoesNot) {
  const Files files;
  const auto times = [&](double factor) {
    return baseline(files, only_times, [&](Json& document) { scale(document, "steps", factor); });
  };
  const Outcome fine = run(files.command(compared_with(times(100))));
  EXPECT_EQ(fine.exit, 0) << fine;
  EXPECT_THAT(fine.out, HasSubstr("change"));
  const Outcome slower = run(files.command(compared_with(times(0.01))));
  EXPECT_EQ(slower.exit, 1) << slower;
  EXPECT_THAT(slower.out, HasSubstr("SLOWER"));
}

TEST(Bench, AnEngineThatIsGoneIsARegression) {
  const Files files;
  const std::string former = baseline(files, only_times, [](Json& document) {
    scale(document, "steps", 100);
    Json entry = document["benchmarks"].at(1);
    entry["name"] = "decide/magic";
    document["benchmarks"].push_back(entry);
  });
  const Outcome outcome = run(files.command(compared_with(former)));
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("GONE"));
}

TEST(Bench, AnEngineThatIsNewIsToldAndNoRegression) {
  const Files files;
  const std::string former = baseline(files, only_times, [](Json& document) {
    scale(document, "steps", 100);
    document["benchmarks"].erase(2);
  });
  const Outcome outcome = run(files.command(compared_with(former)));
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("NEW: not in the baseline"));
}

TEST(Bench, ABaselineThatIsNoneIsToldByItsKeys) {
  const Files files;
  const auto error = [&](const std::string& text) {
    return run(files.command(compared_with(files.directory.write("former.json", text)))).err;
  };
  EXPECT_THAT(error("{}"), HasSubstr("not the JSON of callgate bench: \"context\" is missing\n"));
  EXPECT_THAT(error(R"({"context":{"baseline_format":2,"filter_hashes":[],"stream_hash":7}})"),
              HasSubstr("not the JSON of callgate bench: \"stream_hash\": type must be string"));
  EXPECT_THAT(error("x"), HasSubstr("not the JSON of callgate bench: parse error"));
}

// Instructions repeat exactly, however busy the machine is; a tenth more is seen.
TEST(Bench, InstructionsTellAnUnchangedCommandFromASlowerOne) {
  CALLGATE_SKIP_IF_EMULATED("it may not know the trap flag");
  const Files files;
  const std::vector<std::string> instructions{"--compare", "instructions"};
  const std::string former = baseline(files, instructions, [](Json&) {});
  for (int i = 0; i < 3; ++i) {
    const Outcome same =
        run(files.command(compared_with(former, {"--compare", "instructions", "--max-regress", "0%"})));
    EXPECT_EQ(same.exit, 0) << same;
  }
  Streams slower;
  slower.program = CALLGATE_SLOWER;
  const Outcome outcome = run(files.command(compared_with(former, instructions)), slower);
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("SLOWER"));
}

// A baseline from a busy machine has times that say nothing; instructions judge then. Where times alone are compared,
// they are.
TEST(Bench, TimesThatWereNotSteadyAreNotJudged) {
  CALLGATE_SKIP_IF_EMULATED("it may not know the trap flag");
  const Files files;
  const auto former = [&](bool steady) {
    return baseline(files, {}, [&](Json& document) {
      scale(document, "steps", 0.01);
      for (Json& entry : document["benchmarks"]) {
        if (entry.contains("steady")) entry["steady"] = steady;
      }
    });
  };
  const Outcome unsteady = run(files.command(compared_with(former(false), {})));
  EXPECT_EQ(unsteady.exit, 0) << unsteady;
  EXPECT_THAT(unsteady.out, HasSubstr("not judged: not steady in the baseline"));
  EXPECT_EQ(run(files.command(compared_with(former(false)))).exit, 1);
  EXPECT_EQ(run(files.command(compared_with(former(true), {}))).exit, 1);
}

// What is stored is what was compared: there is no second measurement.
TEST(Bench, ComparesTheFiguresThatItWrites) {
  const Files files;
  const std::string former = baseline(files, only_times, [](Json& document) { scale(document, "steps", 0.01); });
  const Outcome outcome = run(files.command(compared_with(former, {"--compare", "times", "--json"})));
  ASSERT_EQ(outcome.exit, 1) << outcome;
  const Json written = Json::parse(outcome.out);
  for (const Json& entry : written["benchmarks"]) {
    if (!entry.contains("steps") || entry["name"] == "decide/empty call") continue;
    char shown[32];
    std::snprintf(shown, sizeof shown, " %.2f ", entry["steps"].get<double>());
    EXPECT_THAT(outcome.err, HasSubstr(shown)) << entry;
  }
}

// Each differs from what the baseline is of in one thing.
TEST(Bench, ABaselineOfSomethingElseIsRefused) {
  const Files files;
  const std::string former = baseline(files, only_times, [](Json&) {});
  const std::string other_filter =
      files.directory.write("other filter", "ld [0]\njeq #3, deny\nret #0x7fff0000\ndeny: ret #0x5000a\n");
  const std::string other_stream = files.directory.write("other stream", "0 1 2\n3 4\n* 20\n2\n");
  const auto with = [&](const std::string& filter, const std::string& stream, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"bench",     "-f",   filter,       "--stream", stream,
                                   "--seconds", "0.02", "--baseline", former};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const std::pair<Outcome, const char*> refused[] = {
      {with(other_filter, files.stream), "other filters"},
      {with(files.filter, files.stream, {"-f", files.filter}), "other filters"},
      {with(files.filter, other_stream), "other calls"},
      {with(files.filter, files.stream, {"--rule", "most_restrictive"}), "--rule"},
  };
  for (const auto& [outcome, why] : refused) {
    EXPECT_EQ(outcome.exit, 3) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_EQ(outcome.out, "") << "it shows before the wait";
  }
  const std::string comment = files.directory.write("comment", std::string("# recorded on Monday\n") + stream_text);
  EXPECT_NE(with(files.filter, comment, {"--max-regress", "9999%"}).exit, 3) << "the same calls";
}

TEST(Bench, TimesOfAnotherProcessorAreComparedOnlyByForce) {
  CALLGATE_SKIP_IF_EMULATED("it may not know the trap flag");
  const Files files;
  const std::string former =
      baseline(files, {}, [](Json& document) { document["context"]["processor"] = "Z80, stepping 1"; });
  const Outcome refused = run(files.command(compared_with(former, {})));
  EXPECT_EQ(refused.exit, 3) << refused;
  EXPECT_THAT(refused.err, HasSubstr("Z80, stepping 1"));
  const Outcome forced = run(files.command(compared_with(former, {"--force", "--max-regress", "9999%"})));
  EXPECT_EQ(forced.exit, 0) << forced;
  EXPECT_THAT(forced.err, HasSubstr("note: the baseline is of processor Z80"));
  const Outcome counted = run(files.command(compared_with(former, {"--compare", "instructions"})));
  EXPECT_EQ(counted.exit, 0) << counted;
}

TEST(Bench, AnotherVersionIsSaid) {
  const Files files;
  const std::string former =
      baseline(files, only_times, [](Json& document) { document["context"]["callgate"] = "0.0.7"; });
  const Outcome outcome = run(files.command(compared_with(former, {"--compare", "times", "--max-regress", "9999%"})));
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("note: the baseline is of callgate 0.0.7"));
}

// Of nothing, less than nothing and what is no number nobody can become slower.
TEST(Bench, ABaselineWithoutFiguresIsWrong) {
  const Files files;
  const Json good = Json::parse(run(files.command({"--compare", "times", "--json"})).out);
  const auto exit_with = [&](const auto& edit) {
    Json document = good;
    edit(document);
    const std::string path = files.directory.write("edited", document.dump());
    return run(files.command(compared_with(path, {"--compare", "times", "--max-regress", "9999%"}))).exit;
  };
  EXPECT_EQ(exit_with([](Json&) {}), 0);
  EXPECT_EQ(exit_with([](Json& document) { scale(document, "steps", 0); }), 2);
  EXPECT_EQ(exit_with([](Json& document) { scale(document, "steps", -1); }), 2);
  EXPECT_EQ(exit_with([](Json& document) { document["benchmarks"][1]["steps"] = "fast"; }), 2);
  EXPECT_EQ(exit_with([](Json& document) { document["benchmarks"] = Json::array(); }), 2);
  EXPECT_EQ(exit_with([](Json& document) { document["context"].erase("stream_hash"); }), 2);
  EXPECT_EQ(exit_with([](Json& document) { document["context"].erase("baseline_format"); }), 3) << "an older one";
}

TEST(Bench, NothingToCompareDoesNotPass) {
  const Files files;
  const std::string former = baseline(files, only_times, [](Json&) {});  // without instructions
  EXPECT_EQ(run(files.command(compared_with(former, {"--compare", "instructions"}))).exit, 1);
}

TEST(Bench, AttachMeansTheSameInStats) {
  const Files files;
  EXPECT_THAT(run({"stats", "--json", files.filter}).out, HasSubstr("\"attach\": "));
  EXPECT_THAT(run(files.command(only_times)).out, HasSubstr("attach, µs"));
}

TEST(Bench, WrongInputIsWrongUsage) {
  const Files files;
  EXPECT_EQ(run({"bench", "-f", files.filter, "--stream", files.directory.write("bad", "read 1\n")}).exit, 2);
  EXPECT_EQ(run({"bench", "-f", files.filter, "--stream", files.directory.write("none", "# nothing\n")}).exit, 2);
  for (const char* limit : {"much", "5", "-1%", "5%%", "nan", "inf"}) {
    EXPECT_EQ(run(files.command({"--max-regress", limit})).exit, 2) << limit;
  }
  const Outcome no_baseline = run(files.command({"--baseline", files.filter}));
  EXPECT_EQ(no_baseline.exit, 2);
  EXPECT_EQ(no_baseline.out, "") << "it shows before the wait";
  for (const char* other : {"", "{}", "[]", R"({"benchmarks":[{"name":"decide/x","steps":1}]})"}) {
    EXPECT_EQ(run(files.command({"--baseline", files.directory.write("other", other)})).exit, 2) << other;
  }
}

TEST(Bench, MostRestrictiveHasItsOwnAnswers) {
  const Files files;
  const std::string kill = files.directory.write("kill", "ret #0x80000000\n");
  std::vector<std::string> words = files.command({"--rule", "most_restrictive", "--compare", "times"});
  words.insert(words.begin() + 1, {"-f", kill});
  EXPECT_EQ(run(words).exit, 0) << "all engines agree with the interpreter";
}

}  // namespace
}  // namespace callgate::test
