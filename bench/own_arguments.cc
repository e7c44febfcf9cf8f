#include "bench/own_arguments.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "bench/argument_tests.h"
#include "bench/measure/engines.h"
#include "bench/random.h"

namespace callgate::bench {
namespace {

using Tests = std::vector<ArgumentTest>;

// The words of a call's arguments while it is made. Bits that a test on the way has fixed stay.
class Words {
 public:
  explicit Words(Random& random) : random_(random) {
    for (std::size_t argument = 0; argument < argument_words; argument += 2) fill(argument);
  }

  SeccompData call(std::uint32_t nr, std::uint32_t arch_value) const {
    SeccompData data{nr, arch_value, 0, {}};
    std::memcpy(data.args, words_.data(), sizeof data.args);
    return data;
  }

  bool holds(const ArgumentTest& test) const {
    const std::uint32_t value = (words_[*test.word] & test.mask) >> test.shift;
    switch (test.comparison) {
      case Comparison::equal: return value == test.k;
      case Comparison::greater: return value > test.k;
      case Comparison::greater_or_equal: return value >= test.k;
      case Comparison::any_bit: return (value & test.k) != 0;
    }
    return false;
  }

  // Changes the word until the test comes out as wanted, as far as earlier tests allow; afterwards holds() tells.
  void aim(const ArgumentTest& test, bool wanted) {
    if (test.comparison == Comparison::any_bit) return aim_bits(test, wanted);
    if (test.comparison == Comparison::equal && wanted) return set(test, test.k, test.mask);
    if (holds(test) == wanted && random_.coin()) return;
    const std::array candidates = {test.k, test.k - 1, test.k + 1, 0U, test.k ^ (1U << random_.below(32)), 0xffffffffU};
    const std::size_t first = random_.below(3);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      set(test, candidates[(first + i) % candidates.size()], 0);
      if (holds(test) == wanted) return;
    }
  }

 private:
  // Small, below 2^16, a pointer, or noise.
  void fill(std::size_t low) {
    const std::uint64_t noise = random_();
    const std::array<std::uint64_t, 4> kinds = {noise % 64, noise % 0x10000, (noise % (std::uint64_t{1} << 47)) & ~7ULL,
                                                noise};
    const std::uint64_t value = kinds[random_.below(kinds.size())];
    std::memcpy(&words_[low], &value, sizeof value);
  }

  // The bits under the test's mask become those of `value`, where they are free; those of `fix` stay so.
  void set(const ArgumentTest& test, std::uint32_t value, std::uint32_t fix) {
    std::uint32_t& word = words_[*test.word];
    const std::uint32_t free = test.mask & ~fixed_[*test.word];
    word = (word & ~free) | ((value << test.shift) & free);
    fixed_[*test.word] |= fix;
  }

  void aim_bits(const ArgumentTest& test, bool wanted) {
    const std::uint32_t bits = (test.k << test.shift) & test.mask;
    std::uint32_t& word = words_[*test.word];
    std::uint32_t& fixed = fixed_[*test.word];
    if (!wanted) {
      word &= ~(bits & ~fixed);
      fixed |= bits;
      return;
    }
    std::uint32_t free = bits & ~fixed;
    if (free == 0) return;
    for (std::size_t skipped = random_.below(32); skipped > 0 && (free & (free - 1)) != 0; --skipped) free &= free - 1;
    word |= free & ~(free - 1);
    fixed |= free & ~(free - 1);
  }

  Random& random_;
  std::array<std::uint32_t, argument_words> words_{};
  std::array<std::uint32_t, argument_words> fixed_{};
};

// From which tests `target` can be reached, itself included.
std::vector<bool> ways_to(const Tests& tests, std::size_t target) {
  std::vector<bool> leads(tests.size());
  leads[target] = true;
  for (std::size_t i = target; i-- > 0;) {
    leads[i] = (tests[i].if_true && leads[*tests[i].if_true]) || (tests[i].if_false && leads[*tests[i].if_false]);
  }
  return leads;
}

// Walks from the first test to `target`, and on by the toss of a coin.
void walk(const Tests& tests, std::size_t target, Random& random, Words& words) {
  const std::vector<bool> leads = ways_to(tests, target);
  const auto may_take = [&](std::size_t at, const std::optional<std::size_t>& next) {
    return at >= target || (next && leads[*next]);
  };
  for (std::optional<std::size_t> at = 0; at;) {
    const ArgumentTest& test = tests[*at];
    // On the way to the target as little as possible is changed, so that what it needs is still free.
    const bool is_on_the_way = *at < target && test.word;
    bool outcome = is_on_the_way ? words.holds(test) : random.coin();
    if (!may_take(*at, outcome ? test.if_true : test.if_false)) outcome = !outcome;
    if (test.word) {
      if (words.holds(test) != outcome || !is_on_the_way) words.aim(test, outcome);
      outcome = words.holds(test);
    }
    at = outcome ? test.if_true : test.if_false;
  }
}

// A number, and for each filter that looks at its arguments the tests.
struct Judged {
  std::uint32_t nr;
  std::uint32_t arch;
  std::vector<Tests> by_filter;

  SeccompData make(Random& random) const {
    const Tests& tests = by_filter[random.below(by_filter.size())];
    Words words(random);
    walk(tests, random.below(tests.size()), random, words);
    return words.call(nr, arch);
  }
};

// Whether some of the calls that are made are decided in different ways: another filter may decide them all.
bool matters(const Judged& judged, std::span<const Program> oldest_first) {
  std::size_t tests = 0;
  for (const Tests& each : judged.by_filter) tests += each.size();
  Random random(judged.nr);
  std::set<std::uint32_t> results;
  for (std::size_t i = 0; i < 64 + 8 * tests && results.size() < 2; ++i) {
    results.insert(decide_one_by_one(oldest_first, judged.make(random)));
  }
  return results.size() > 1;
}

std::vector<Judged> judged_numbers(std::span<const Program> oldest_first, std::uint32_t arch_value) {
  constexpr std::uint32_t numbers = 512;
  std::vector<Judged> found;
  for (std::uint32_t nr = 0; nr < numbers; ++nr) {
    Judged judged{nr, arch_value, {}};
    for (const Program& program : oldest_first) {
      Tests tests = argument_tests(program, nr, arch_value);
      if (!tests.empty()) judged.by_filter.push_back(std::move(tests));
    }
    if (!judged.by_filter.empty() && matters(judged, oldest_first)) found.push_back(std::move(judged));
  }
  return found;
}

}  // namespace

std::vector<SeccompData> own_arguments_stream(std::span<const Program> oldest_first, std::size_t count,
                                              std::uint64_t seed) {
  std::vector<Judged> judged = judged_numbers(oldest_first, arch::x86_64);
  if (judged.empty()) judged = judged_numbers(oldest_first, arch::x86_32);
  std::vector<SeccompData> calls;
  if (judged.empty()) return calls;
  Random random(seed);
  calls.reserve(count);
  while (calls.size() < count) calls.push_back(judged[random.below(judged.size())].make(random));
  return calls;
}

}  // namespace callgate::bench
