#include "oracles/kernel/results.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/kernel/listing.h"
#include "oracles/reference/reference.h"
#include "oracles/shrink/shrink.h"

namespace callgate::kernel {
namespace {

constexpr std::size_t group_size = 3;
constexpr std::size_t inputs_per_group = 16;

struct Group {
  std::vector<Program> filters;  // oldest first
  std::vector<SeccompData> inputs;
  std::vector<std::vector<std::uint32_t>> results;  // of the kernel: by input, then by filter
};

// One way to decide with a chain, and the rule that it follows.
struct Subject {
  std::string name;
  MergeRule rule;
  std::function<std::uint32_t(std::span<const Program>, const SeccompData&)> decide;
};

// A difference: with these filters the subject decides otherwise than the kernel.
class Difference {
 public:
  Difference(Runner& runner, const Subject& subject, std::span<const Program> filters, const SeccompData& data)
      : runner_(runner), subject_(subject), filters_(filters.begin(), filters.end()), data_(data) {}

  std::string report() {
    oracles::drop_runs(filters_, [&](const std::vector<Program>& fewer) { return differs(fewer); });
    for (std::size_t i = 0; i < filters_.size(); ++i) shrink_filter(i);
    char text[128];
    const auto kernel = of_kernel(filters_);
    std::snprintf(text, sizeof text, "says %08x, the kernel %08x\n", subject_.decide(filters_, data_),
                  kernel.value_or(0));
    std::string report = subject_.name + ", " + name(subject_.rule) + " " + text + describe(data_) + "\n";
    for (const Program& filter : filters_) report += "filter:\n" + listing(filter.instructions());
    return report;
  }

 private:
  std::optional<std::uint32_t> of_kernel(std::span<const Program> filters) const {
    std::vector<std::uint32_t> results;
    for (const Program& filter : filters) {
      const auto result = runner_.results(filter.instructions(), {&data_, 1});
      if (!result) return std::nullopt;
      results.push_back(result->at(0));
    }
    return oracles::merged(results, subject_.rule);
  }

  bool differs(std::span<const Program> filters) const {
    const auto kernel = of_kernel(filters);
    return kernel && subject_.decide(filters, data_) != *kernel;
  }

  void shrink_filter(std::size_t i) {
    const auto old = filters_[i].instructions();
    const Filter smaller = oracles::shrink(Filter(old.begin(), old.end()),
                                           [&](std::span<const Insn> candidate) {
                                             const auto program = verify(candidate);
                                             if (!program) return false;
                                             std::vector<Program> filters = filters_;
                                             filters[i] = *program;
                                             return differs(filters);
                                           },
                                           {.max_questions = 1000});
    if (const auto program = verify(smaller)) filters_[i] = *program;
  }

  Runner& runner_;
  const Subject& subject_;
  std::vector<Program> filters_;
  SeccompData data_;
};

class Comparison {
 public:
  Comparison(Runner& runner, const ResultRun& run, ResultTally& tally)
      : runner_(runner), run_(run), tally_(tally), generator_(run.seed) {}

  // Programs that share their inputs, with the kernel's results.
  Group next_group() {
    Group group;
    std::vector<Filter> programs;
    const std::uint32_t max_length = groups_++ % 10 == 0 ? run_.longest : run_.max_length;
    for (std::size_t i = 0; i < group_size; ++i) {
      programs.push_back(generator_.valid(max_length));
      const std::size_t share = inputs_per_group * (i + 1) / group_size - group.inputs.size();
      for (const SeccompData& data : oracles::inputs_for(programs.back(), generator_.next(), share)) {
        group.inputs.push_back(runner_.as_issued(data));
      }
    }
    group.results.resize(group.inputs.size());
    for (const Filter& program : programs) add(group, program);
    return group;
  }

  // Each filter alone, then the whole chain.
  std::optional<std::string> compare(const Group& group, const Subject& subject) {
    for (std::size_t f = 0; f < group.filters.size(); ++f) {
      if (auto difference = compare(group, subject, f, f + 1)) return difference;
    }
    return compare(group, subject, 0, group.filters.size());
  }

 private:
  void add(Group& group, const Filter& program) {
    const auto results = runner_.results(program, group.inputs);
    if (!results) {
      ++tally_.left_out;
      return;
    }
    group.filters.push_back(*verify(program));
    for (std::size_t i = 0; i < results->size(); ++i) group.results[i].push_back((*results)[i]);
    ++tally_.programs;
    tally_.branching += std::set(results->begin(), results->end()).size() > 1;
    tally_.zero_results += static_cast<std::uint32_t>(std::count(results->begin(), results->end(), 0u));
  }

  std::optional<std::string> compare(const Group& group, const Subject& subject, std::size_t first, std::size_t last) {
    const auto filters = std::span(group.filters).subspan(first, last - first);
    for (std::size_t i = 0; i < group.inputs.size(); ++i) {
      const auto results = std::span(group.results[i]).subspan(first, last - first);
      if (subject.decide(filters, group.inputs[i]) == oracles::merged(results, subject.rule)) continue;
      return Difference(runner_, subject, filters, group.inputs[i]).report();
    }
    return std::nullopt;
  }

  Runner& runner_;
  const ResultRun run_;
  ResultTally& tally_;
  oracles::ProgramGenerator generator_;
  std::uint32_t groups_ = 0;
};

// A chain is made once for the filters that it is asked with, and kept while they stay the same.
Subject subject_of(const Decider& choice, MergeRule rule) {
  struct Kept {
    std::vector<Program> filters;  // held, so that no other filter comes to lie where one of them lay
    std::optional<Chain> chain;
  };
  const auto is_same = [](const Program& a, const Program& b) {
    return a.instructions().data() == b.instructions().data();
  };
  const auto kept = std::make_shared<Kept>();
  return {choice.name(), rule,
          [kept, is_same, choice, rule](std::span<const Program> filters, const SeccompData& data) {
            if (!kept->chain || !std::ranges::equal(kept->filters, filters, is_same)) {
              kept->chain = choice.chain(filters, rule);
              kept->filters.assign(filters.begin(), filters.end());
            }
            return kept->chain->evaluate(data);
          }};
}

std::vector<Subject> subjects(std::span<const Decider> choices, const Evaluate& interpreter) {
  std::vector<Subject> all;
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    all.push_back(
        {"interpreter", rule, [&interpreter, rule](std::span<const Program> filters, const SeccompData& data) {
           std::vector<std::uint32_t> results;
           for (const Program& filter : filters) results.push_back(interpreter(filter, data));
           return oracles::merged(results, rule);
         }});
    for (const Decider& choice : choices) all.push_back(subject_of(choice, rule));
  }
  return all;
}

}  // namespace

std::string describe(const SeccompData& data) {
  char text[240];
  const auto wide = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::snprintf(text, sizeof text, "nr %x arch %x ip %llx args %llx %llx %llx %llx %llx %llx", data.nr, data.arch,
                wide(data.instruction_pointer), wide(data.args[0]), wide(data.args[1]), wide(data.args[2]),
                wide(data.args[3]), wide(data.args[4]), wide(data.args[5]));
  return text;
}

std::optional<std::string> compare_results(Runner& runner, const ResultRun& run, std::span<const Decider> choices,
                                           ResultTally& tally, const Evaluate& interpreter) {
  const std::vector<Subject> all = subjects(choices, interpreter);
  Comparison comparison(runner, run, tally);
  while (tally.programs < run.programs) {
    const Group group = comparison.next_group();
    if (group.filters.empty() && tally.left_out > 100 + tally.programs)
      return "the kernel shows no result of most filters";
    for (const Subject& subject : all) {
      if (auto difference = comparison.compare(group, subject)) return difference;
    }
  }
  return std::nullopt;
}

}  // namespace callgate::kernel
