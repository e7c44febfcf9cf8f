// The search for chains that cost most. By itself a moment; scripts/nightly.sh search gives it minutes
// (CALLGATE_SEARCH_SECONDS, for each question) and a folder for what it finds (CALLGATE_SEARCH_FOLDER).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bpf/disassembler.h"
#include "callgate/options.hpp"
#include "oracles/search/climb.h"
#include "tests/search/costs.h"

namespace callgate::test {
namespace {

using oracles::Candidate;
using oracles::Find;
using oracles::Shape;

struct Asked {
  const char* name;
  Attaching attaching;
  Shape shape;
};

void PrintTo(const Asked& asked, std::ostream* out) { *out << asked.name; }

// As many instructions in each: one filter, many small ones in an array, many small ones on top of each other.
constexpr Asked kinds[] = {
    {"one", Attaching::at_once, {1, max_program_length}},
    {"array", Attaching::at_once, {64, 64}},
    {"stack", Attaching::one_by_one, {64, 64}},
};

const char* variable(const char* name) { return std::getenv(name); }  // NOLINT(concurrency-mt-unsafe)

std::uint64_t seed() {
  const char* text = variable("CALLGATE_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 0);
}

oracles::SearchLimits limits() {
  const char* seconds = variable("CALLGATE_SEARCH_SECONDS");
#ifdef NDEBUG
  constexpr std::uint32_t a_moment = 40;
#else
  constexpr std::uint32_t a_moment = 6;
#endif
  if (seconds == nullptr) return {.max_questions = a_moment};
  return {.max_seconds = std::strtod(seconds, nullptr)};
}

// The filters of a find as text, oldest first, as golden_filters() reads them.
void keep(const std::string& name, const Candidate& candidate) {
  const char* folder = variable("CALLGATE_SEARCH_FOLDER");
  if (folder == nullptr) return;
  std::ofstream file(std::string(folder) + "/" + name + ".bpf");
  for (std::size_t i = 0; i < candidate.filters.size(); ++i) {
    if (i != 0) file << "; ==== the next filter\n";
    file << bpf::disassemble(candidate.filters[i], {.annotate = false});
  }
  EXPECT_TRUE(file.flush().good()) << "the find cannot be kept in " << folder;
}

void tell(const std::string& name, const Find& find, Attaching attaching) {
  std::size_t insns = 0;
  for (const auto& filter : find.candidate.filters) insns += filter.size();
  const Counts counts = counts_of(find.candidate, attaching);
  std::printf(
      "%-20s %12.0f  after %u tries: %zu filters, %zu instructions, %s: %zu bytes of heap at most, %zu kept, "
      "%zu of code, %zu nodes, %zu filters in baseline form, %.0f us\n",
      name.c_str(), find.cost, find.questions, find.candidate.filters.size(), insns,
      callgate::name(find.candidate.rule), counts.peak, counts.kept, counts.code, counts.nodes, counts.baseline,
      microseconds_of(find.candidate, attaching));
}

class Search : public testing::TestWithParam<Asked> {
 protected:
  void look_for(const std::string& what, const oracles::Cost& cost) {
    const Asked asked = GetParam();
    const std::string name = std::string(asked.name) + "-" + what;
    const Find find = oracles::climb(seed(), asked.shape, cost, limits());
    tell(name, find, asked.attaching);
    expect_within_bounds(find.candidate, counts_of(find.candidate, asked.attaching));
    const Find small = oracles::trimmed(find, 0.9, cost, limits());
    tell("  smaller", small, asked.attaching);
    keep(name, small.candidate);
  }

  oracles::Cost count(std::size_t Counts::*member) const {
    return [member, attaching = GetParam().attaching](const Candidate& candidate) {
      return static_cast<double>(counts_of(candidate, attaching).*member);
    };
  }
};

// Whatever interrupts this thread makes a candidate dear for a moment: what seems dearest is measured again.
TEST_P(Search, Time) {
  double dearest = 0;
  look_for("time", [&dearest, attaching = GetParam().attaching](const Candidate& candidate) {
    double time = microseconds_of(candidate, attaching);
    for (int i = 0; i < 3 && time > dearest; ++i) time = std::min(time, microseconds_of(candidate, attaching));
    dearest = std::max(dearest, time);
    return time;
  });
}
TEST_P(Search, PeakOfHeap) { look_for("peak", count(&Counts::peak)); }
TEST_P(Search, BytesKept) { look_for("kept", count(&Counts::kept)); }
TEST_P(Search, Code) { look_for("code", count(&Counts::code)); }

INSTANTIATE_TEST_SUITE_P(Chains, Search, testing::ValuesIn(kinds),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace callgate::test
