// Measuring side by side.
#include "bench/measure/interleave.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

#include "bench/measure/compact.h"
#include "bench/stream.h"
#include "tests/support/machine.h"

namespace callgate::bench {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Answers after so many dependent multiplications.
std::unique_ptr<Decider> slow_by(int steps) {
  return decider_over({"slow"}, [steps](const SeccompData& data) {
    std::uint32_t value = data.nr;
    for (int i = 0; i < steps; ++i) {
      value = value * 3 + 1;
      use(value);
    }
    return value;
  });
}

TEST(Interleave, FindsOutWhatIsSlower) {
  CALLGATE_SKIP_IF_EMULATED("times are those of the emulator");
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(slow_by(10));
  deciders.push_back(slow_by(200));
  const std::vector<SeccompData> calls = uniform_stream(256, 1);
  Quietest quietest;
  for (const Pace pace : {Pace::back_to_back, Pace::isolated, Pace::in_pieces, Pace::l1_cold, Pace::l2_cold}) {
    const std::vector<Timing> timings = interleave(deciders, calls, pace, 0.05, quietest);
    ASSERT_THAT(timings, SizeIs(2));
    EXPECT_GT(timings[1].median, 2 * timings[0].median) << name(pace);
    for (const Timing& timing : timings) {
      EXPECT_LE(timing.lowest, timing.lower_quartile);
      EXPECT_LE(timing.lower_quartile, timing.median);
      EXPECT_LE(timing.median, timing.upper_quartile);
      EXPECT_GE(timing.chunks + timing.dropped, 3U);
    }
  }
}

// Remembers which calls it was asked about, by their numbers.
class Remembering final : public Decider {
 public:
  explicit Remembering(std::vector<std::uint32_t>& asked) : Decider({"remembering"}), asked_(asked) {}
  void prepare(std::span<const SeccompData> calls) override { calls_.assign(calls.begin(), calls.end()); }
  std::uint32_t decide(std::size_t call) const override { return calls_[call].nr; }
  void run() const override { run({0, calls_.size()}); }
  void run(Part part) const override {
    for (const SeccompData& data : std::span(calls_).subspan(part.first, part.count)) asked_.push_back(data.nr);
  }
  void fetch(Part part) const override {
    EXPECT_LE(part.first + part.count, calls_.size());
    fetched_ += part.count;
  }
  void run_isolated() const override { run(); }
  std::uint64_t ticks(std::size_t call) const override {
    asked_.push_back(calls_[call].nr);
    return 1;
  }
  std::size_t fetched() const { return fetched_; }

 private:
  std::vector<std::uint32_t>& asked_;
  std::vector<SeccompData> calls_;
  mutable std::size_t fetched_ = 0;
};

std::vector<SeccompData> numbered(std::uint32_t count) {
  std::vector<SeccompData> calls(count);
  for (std::uint32_t i = 0; i < count; ++i) calls[i].nr = i;
  return calls;
}

// The calls of a long stream come in order, also where the last piece is short. Only the piece in front of a chunk has
// been there just before: it warms up.
TEST(Interleave, PiecesVisitTheWholeStream) {
  constexpr std::uint32_t piece = 2048;
  constexpr std::uint32_t count = 12 * piece + 5;
  std::vector<std::uint32_t> asked;
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(std::make_unique<Remembering>(asked));
  Quietest quietest;
  static_cast<void>(interleave(deciders, numbered(count), Pace::in_pieces, 0.001, quietest));
  EXPECT_EQ(static_cast<const Remembering&>(*deciders[0]).fetched(), asked.size());
  EXPECT_EQ(asked.front(), 12 * piece) << "the piece in front of the first";
  std::size_t back = 0;
  for (std::size_t i = 1; i < asked.size(); ++i) {
    if (asked[i] == (asked[i - 1] + 1) % count) continue;
    ++back;
    EXPECT_EQ(asked[i] % piece, 0U);
    EXPECT_EQ(asked[i] / piece, asked[i - 1] / piece) << "the piece that was just decided";
  }
  EXPECT_GE(back, 2U) << "chunks, but the first";
  EXPECT_EQ(std::set<std::uint32_t>(asked.begin(), asked.end()).size(), count);
}

TEST(Interleave, ColdInTheFirstLevelComesBehindSomeOtherCalls) {
  std::vector<std::uint32_t> asked;
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(std::make_unique<Remembering>(asked));
  Quietest quietest;
  static_cast<void>(interleave(deciders, numbered(100), Pace::l1_cold, 0, quietest));
  ASSERT_GE(asked.size(), 34U);
  EXPECT_EQ(asked[0], 0U);
  EXPECT_EQ(asked[1], 61U - 32);
  EXPECT_EQ(asked[33], 61U);
}

// Whatever else the machine does meanwhile: no time is expected of it.
TEST(Interleave, ReportsItsProgress) {
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(slow_by(10));
  std::vector<double> seen;
  Quietest quietest;
  static_cast<void>(interleave(deciders, uniform_stream(64, 1), Pace::back_to_back, 0.01, quietest,
                               [&](double done) { seen.push_back(done); }));
  EXPECT_GE(seen.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_EQ(seen.back(), 1);
}

TEST(Interleave, ReportsWhatPartOfTheTimeHasPassed) {
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(slow_by(10));
  std::vector<double> seen;
  constexpr double an_hour = 3600;
  Quietest quietest;
  EXPECT_THROW(static_cast<void>(interleave(deciders, uniform_stream(64, 1), Pace::back_to_back, an_hour, quietest,
                                            [&](double done) {
                                              seen.push_back(done);
                                              if (seen.size() == 5) throw std::runtime_error("enough");
                                            })),
               std::runtime_error);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_GT(seen.back(), 0);
  EXPECT_LT(seen.back(), 0.5);
}

TEST(Compact, SamplesAreBlocksOfNeighboursFromAllOver) {
  std::vector<SeccompData> calls(64 * 10 + 5);
  for (std::uint32_t i = 0; i < calls.size(); ++i) calls[i].nr = i;
  const std::vector<SeccompData> sample = sample_blocks(calls, 128);
  ASSERT_THAT(sample, SizeIs(128));
  EXPECT_EQ(sample[0].nr, 0U);
  EXPECT_EQ(sample[63].nr, 63U);
  EXPECT_EQ(sample[64].nr, 64U * 5);
  EXPECT_THAT(sample_blocks(calls, 100'000), SizeIs(calls.size()));
}

TEST(Compact, ManyRepetitionsFitTheReader) {
  std::stringstream text;
  CompactWriter writer(text);
  const SeccompData data{1, arch::x86_64, 0, {2}};
  for (int i = 0; i < 1'000'003; ++i) writer.add(data);
  writer.finish();
  EXPECT_EQ(text.str(), "1 2\n* 1000000\n* 2\n");
  EXPECT_THAT(read_compact(text), SizeIs(1'000'003));
}

TEST(Streams, AllAreThere) {
  std::vector<std::string> names;
  for (const NamedStream& stream : all_streams(CALLGATE_BENCH_STREAMS)) {
    EXPECT_GE(stream.calls.size(), 1000U) << stream.name;
    names.push_back(stream.name);
  }
  EXPECT_THAT(names, ElementsAre("mix", "archiver", "compiler", "interpreter", "server", "shell", "uniform"));
}

}  // namespace
}  // namespace callgate::bench
