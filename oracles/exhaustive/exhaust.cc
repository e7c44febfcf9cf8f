#include "oracles/exhaustive/exhaust.h"

#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bpf/disassembler.h"
#include "callgate/action.hpp"
#include "jit/backend.h"
#include "oracles/exhaustive/code_batch.h"
#include "oracles/reference/reference.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

constexpr std::size_t programs_per_batch = 256;

std::string describe(const SeccompData& data) {
  char text[160];
  std::snprintf(text, sizeof text, "nr %x arch %x args[0] %llx args[1] %llx", data.nr, data.arch,
                static_cast<unsigned long long>(data.args[0]), static_cast<unsigned long long>(data.args[1]));
  return text;
}

// Collects chains until there are enough to be compiled and compared together.
class Comparer {
 public:
  Comparer(const std::vector<Engine>& engines, const std::vector<SeccompData>& inputs)
      : engines_(engines), inputs_(inputs) {}

  std::optional<std::string> add(std::vector<Program> oldest_first, MergeRule rule) {
    chains_.push_back({std::move(oldest_first), rule});
    return chains_.size() == programs_per_batch ? flush() : std::nullopt;
  }

  std::optional<std::string> flush() {
    batch_.clear();
    for (const Entry& chain : chains_) {
      for (const Optimize level : levels) {
        for (detail::Image& image : compile_chain(chain.filters, chain.rule, level, engines_, jit::host_target())) {
          batch_.add(std::move(image));
        }
      }
    }
    if (!batch_.empty()) batch_.publish();
    std::optional<std::string> difference;
    for (std::size_t i = 0; i < chains_.size() && !difference; ++i) difference = compare(i);
    chains_.clear();
    return difference;
  }

  std::uint64_t runs() const { return runs_; }

 private:
  static constexpr Optimize levels[] = {Optimize::none, Optimize::full};

  struct Entry {
    std::vector<Program> filters;
    MergeRule rule;
  };

  std::optional<std::string> compare(std::size_t index) {
    const Entry& chain = chains_[index];
    for (const SeccompData& data : inputs_) {
      const std::uint32_t expected = oracles::reference(chain.filters, chain.rule, data);
      std::size_t at = index * engines_.size() * std::size(levels);
      for (const Optimize level : levels) {
        for (const Engine engine : engines_) {
          const std::uint32_t actual = batch_.decide(at++, data);
          ++runs_;
          if (actual != expected) return report(chain, engine, level, data, actual, expected);
        }
      }
    }
    return std::nullopt;
  }

  static std::string report(const Entry& chain, Engine engine, Optimize level, const SeccompData& data,
                            std::uint32_t actual, std::uint32_t expected) {
    char text[64];
    std::snprintf(text, sizeof text, " says %08x, the interpreter %08x\n", actual, expected);
    std::string report = std::string(name(engine)) + ", optimize " + name(level) + ", " + name(chain.rule) + text +
                         describe(data) + "\n";
    for (const Program& filter : chain.filters) report += "filter:\n" + bpf::disassemble(filter.instructions());
    return report;
  }

  const std::vector<Engine>& engines_;
  const std::vector<SeccompData>& inputs_;
  CodeBatch batch_;
  std::vector<Entry> chains_;
  std::uint64_t runs_ = 0;
};

// Calls visit(instructions) for every sequence of prologue, `first` and `length` − 1 more, the last one a return.
bool for_each_sequence(const Exhaust& what, const Alphabet& alphabet, const Insn& first,
                       const std::function<bool(const std::vector<Insn>&)>& visit) {
  std::vector<Insn> insns = what.prologue;
  insns.push_back(first);
  if (what.length == 1) return visit(insns);
  const std::size_t start = insns.size();
  insns.resize(start + what.length - 1);
  std::vector<std::size_t> digits(what.length - 1, 0);
  for (;;) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
      const bool last = i + 1 == digits.size();
      insns[start + i] = last ? alphabet.returns[digits[i]] : alphabet.all[digits[i]];
    }
    if (!visit(insns)) return false;
    std::size_t i = digits.size();
    for (; i > 0; --i) {
      const std::size_t base = i == digits.size() ? alphabet.returns.size() : alphabet.all.size();
      if (++digits[i - 1] < base) break;
      digits[i - 1] = 0;
    }
    if (i == 0) return true;
  }
}

// Deals the numbers 0 … count − 1 out to threads; the first report ends all of them.
std::optional<std::string> share_out(std::size_t count, unsigned jobs,
                                     const std::function<std::optional<std::string>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::optional<std::string> report;
  std::mutex mutex;
  const auto body = [&] {
    for (std::size_t i; (i = next++) < count;) {
      std::optional<std::string> found;
      try {
        found = work(i);
      } catch (const std::exception& error) {
        found = error.what();
      }
      if (!found) continue;
      const std::lock_guard lock(mutex);
      if (!report) report = std::move(found);
      next = count;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(body);
  body();
  for (std::thread& thread : threads) thread.join();
  return report;
}

}  // namespace

std::vector<Insn> loading_prologue() {
  return {{0x20, 0, 0, 24}, {0x07, 0, 0, 0}, {0x02, 0, 0, 0}, {0x20, 0, 0, 16}, {0x02, 0, 0, 15}};
}

void for_each_program(const Exhaust& what, const std::function<bool(const std::vector<Insn>&)>& visit) {
  const Alphabet alphabet = alphabet_of(what.alphabet);
  for (const Insn& first : what.length == 1 ? alphabet.returns : alphabet.all) {
    const bool goes_on = for_each_sequence(what, alphabet, first, [&](const std::vector<Insn>& insns) {
      return verifier::check(insns).has_value() || visit(insns);
    });
    if (!goes_on) return;
  }
}

std::optional<std::string> exhaust(const Exhaust& what, unsigned jobs, ExhaustTally& tally) {
  const Alphabet alphabet = alphabet_of(what.alphabet);
  const std::vector<Insn>& firsts = what.length == 1 ? alphabet.returns : alphabet.all;
  const std::vector<Engine> engines = engines_here();
  const std::vector<SeccompData> inputs = small_program_inputs();
  std::mutex mutex;
  return share_out(firsts.size(), jobs, [&](std::size_t first) {
    Comparer comparer(engines, inputs);
    ExhaustTally mine;
    std::optional<std::string> report;
    for_each_sequence(what, alphabet, firsts[first], [&](const std::vector<Insn>& insns) {
      ++mine.tried;
      if (verifier::check(insns)) return true;
      ++mine.programs;
      report = comparer.add({*verify(insns)}, MergeRule::first_non_allow);
      return !report;
    });
    if (!report) report = comparer.flush();
    const std::lock_guard lock(mutex);
    tally.tried += mine.tried;
    tally.programs += mine.programs;
    tally.runs += comparer.runs();
    return report;
  });
}

std::optional<std::string> exhaust_pairs(AlphabetSize size, std::size_t max_length, unsigned jobs,
                                         ExhaustTally& tally) {
  std::vector<Program> programs;
  for (std::size_t length = 1; length <= max_length; ++length) {
    for_each_program({size, length}, [&](const std::vector<Insn>& insns) {
      programs.push_back(*verify(insns));
      return true;
    });
  }
  const std::vector<Engine> engines = engines_here();
  const std::vector<SeccompData> inputs = small_program_inputs();
  std::mutex mutex;
  return share_out(programs.size(), jobs, [&](std::size_t oldest) {
    Comparer comparer(engines, inputs);
    std::optional<std::string> report;
    std::uint64_t chains = 0;
    for (const Program& newest : programs) {
      for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
        if (!report) report = comparer.add({programs[oldest], newest}, rule);
        ++chains;
      }
    }
    if (!report) report = comparer.flush();
    const std::lock_guard lock(mutex);
    tally.tried += chains;
    tally.programs += chains;
    tally.runs += comparer.runs();
    return report;
  });
}

}  // namespace callgate::oracles
