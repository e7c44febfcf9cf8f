// callgate serve: questions and answers in JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

std::vector<Json> ask(const std::string& lines) {
  const Outcome outcome = run({"serve"}, lines);
  EXPECT_EQ(outcome.exit, 0) << outcome;
  std::vector<Json> answers;
  std::istringstream stream(outcome.out);
  for (std::string line; std::getline(stream, line);) answers.push_back(Json::parse(line));
  return answers;
}

TEST(Serve, LoadsDecidesComparesExplains) {
  const auto answers = ask(R"json({"id": 1, "op": "load", "chain": "a", "filters": [{"text": "ret ALLOW"}]}
{"id": "two", "op": "load", "chain": "b", "filters": [{"text": "ld [0]\njeq #59, d\nret ALLOW\nd: ret ERRNO(1)"}]}

{"op": "eval", "chain": "b", "calls": ["execve", {"nr": 59, "arch": "0xc000003e", "args": [1, "0x2"]}, {"nr": 0}]}
{"op": "diff", "old": "b", "new": "a"}
{"op": "diff", "old": "a", "new": "b", "subset": true}
{"op": "explain", "chain": "b", "calls": ["execve"]}
{"op": "unload", "chain": "b"}
)json");
  ASSERT_EQ(answers.size(), 7U);
  EXPECT_EQ(answers[0], Json::parse(R"({"id": 1, "ok": true, "chain": "a", "instructions": [1]})"));
  EXPECT_EQ(answers[1]["id"], "two");
  EXPECT_EQ(answers[2]["results"][0]["decision"], "ERRNO(1) EPERM");
  EXPECT_EQ(answers[2]["results"][1]["result"], 0x50001);
  EXPECT_EQ(answers[2]["results"][2]["decision"], "ALLOW");
  EXPECT_EQ(answers[3]["verdict"], "different");
  EXPECT_EQ(answers[4]["verdict"], "equal");
  EXPECT_EQ(answers[5]["groups"][0]["cases"][0]["decision"], "ERRNO(1) EPERM");
  EXPECT_EQ(answers[6]["unloaded"], true);
}

TEST(Serve, GoesOnAfterABadQuestion) {
  const auto answers = ask(R"(nonsense
[1]
{"op": 5}
{"op": "fly"}
{"op": "eval", "chain": "none", "calls": []}
{"op": "load", "chain": "a", "filters": "x"}
{"op": "load", "chain": "a", "filters": [5]}
{"op": "load", "chain": "a", "filters": [{"text": "nonsense"}]}
{"op": "load", "chain": "a", "filters": [{"text": "ld [0]"}]}
{"op": "load", "chain": "a", "filters": [{"file": "/none"}]}
{"op": "load", "chain": "a", "filters": [{"file": "-"}]}
{"op": "load", "chain": "a", "filters": [{"profile": 5}]}
{"op": "load", "chain": "a", "rule": "none", "filters": []}
{"op": "load", "chain": "a", "filters": []}
{"op": "eval", "chain": "a", "calls": ["nonsense"]}
{"op": "eval", "chain": "a", "calls": [{"nr": -1}]}
{"op": "eval", "chain": "a", "calls": [{"nr": 4294967296}]}
{"op": "eval", "chain": "a", "calls": [{"nr": 1, "args": [1, 2, 3, 4, 5, 6, 7]}]}
{"op": "explain", "chain": "a", "calls": [""]}
{"op": "explain", "chain": "a", "calls": 5}
{"op": "diff", "old": "a", "new": "a", "subset": 1}
{"id": 9, "op": "eval", "chain": "a", "calls": ["read"]}
)");
  ASSERT_EQ(answers.size(), 22U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i]["ok"], i == 13 || i == 21) << i << answers[i];
    if (!answers[i]["ok"].get<bool>()) {
      EXPECT_TRUE(answers[i]["error"].is_string()) << answers[i];
    }
  }
  EXPECT_EQ(answers[21]["results"][0]["decision"], "ALLOW");
}

}  // namespace
}  // namespace callgate::test
