#include "oracles/kernel/path_length.h"

#include <cerrno>
#include <fstream>

#include "callgate/action.hpp"
#include "oracles/generator/program_generator.h"
#include "oracles/kernel/listing.h"
#include "oracles/shrink/shrink.h"

namespace callgate::kernel {
namespace {

constexpr Insn allow = {0x06, 0, 0, action::allow};
constexpr std::uint32_t per_older_filter = 4;

// Filters that together weigh `weight` as older filters.
std::vector<Filter> older_filters(std::uint32_t weight) {
  constexpr std::uint32_t heaviest = 4000;
  const std::uint32_t count = (weight + heaviest - 1) / heaviest;
  std::vector<Filter> filters;
  for (std::uint32_t left = count; left > 0; --left) {
    const std::uint32_t share = weight / left;
    filters.push_back(of_kernel_length(share - per_older_filter));
    weight -= share;
  }
  return filters;
}

class Boundary {
 public:
  Boundary(Probe& probe, std::uint32_t room, const KernelLength& length)
      : probe_(probe), room_(room), length_(length), base_(older_filters(max_path_length - room)) {}

  // The first of the filters for which something is wrong, and what.
  std::optional<std::string> compare(std::span<const Filter> filters, std::size_t& wrong) {
    Chain base = empty_chain();
    if (attach_all(base, base_) != 0) return "a chain refuses the base of the path";
    const auto results = probe_.script(steps_for(filters));
    const std::size_t first = 1 + base_.size();
    if (results.size() != first + filters.size() * 2 * steps_each) return "the probe left out steps";
    for (std::size_t i = 1; i < first; ++i) {
      if (results[i].error != 0) return "the kernel refuses the base of the path";
    }
    for (wrong = 0; wrong < filters.size(); ++wrong) {
      for (const std::uint32_t excess : {0u, 1u}) {
        const auto* pair = &results[first + (2 * wrong + excess) * steps_each + 1];
        Chain chain = base;
        const std::uint32_t ours = attach_all(chain, pair_for(filters[wrong], excess));
        const std::string text = judge(pair[0].error, pair[1].error, ours, excess);
        if (!text.empty()) return text;
      }
    }
    return std::nullopt;
  }

  std::string report(const Filter& filter, const std::string& what) {
    std::string last = what;
    std::size_t wrong = 0;
    const Filter smallest = oracles::shrink(filter,
                                            [&](std::span<const Insn> candidate) {
                                              if (candidate.front() != allow || !fits(candidate)) return false;
                                              const Filter one[] = {Filter(candidate.begin(), candidate.end())};
                                              const auto found = compare(one, wrong);
                                              if (found) last = *found;
                                              return found.has_value();
                                            },
                                            {.max_questions = 1000});
    return last + "\nits length in the kernel is counted as " + std::to_string(length_(*verify(smallest))) + "\n" +
           listing(smallest);
  }

 private:
  static constexpr std::size_t steps_each = 4;

  bool fits(std::span<const Insn> filter) const {
    const auto program = verify(filter);
    return program && length_(*program) + 5 + per_older_filter <= room_;
  }

  std::vector<Filter> pair_for(const Filter& filter, std::uint32_t excess) const {
    return {of_kernel_length(room_ - length_(*verify(filter)) + excess - per_older_filter), filter};
  }

  std::vector<ScriptStep> steps_for(std::span<const Filter> filters) const {
    std::vector<ScriptStep> steps = {{Op::no_new_privs}};
    for (const Filter& filter : base_) steps.push_back({.op = Op::load, .filter = filter});
    for (const Filter& filter : filters) {
      for (const std::uint32_t excess : {0u, 1u}) {
        steps.push_back({Op::branch_begin});
        for (const Filter& step : pair_for(filter, excess)) steps.push_back({.op = Op::load, .filter = step});
        steps.push_back({Op::branch_end});
      }
    }
    return steps;
  }

  static std::string judge(std::uint32_t filler, std::uint32_t kernel, std::uint32_t ours, std::uint32_t excess) {
    const auto answer = [](std::uint32_t error) {
      return error == 0 ? std::string("accepts") : "answers errno " + std::to_string(error) + " to";
    };
    const std::uint32_t expected = excess == 0 ? 0 : ENOMEM;
    if (filler == 0 && kernel == expected && ours == expected) return "";
    if (filler != 0) return "the kernel refuses the filler below this filter: errno " + std::to_string(filler);
    return "on a path with " + std::string(excess == 0 ? "just" : "one instruction less than") +
           " the room for it the kernel " + answer(kernel) + " this filter, a chain " + answer(ours) + " it";
  }

  Probe& probe_;
  std::uint32_t room_;
  const KernelLength& length_;
  std::vector<Filter> base_;
};

}  // namespace

std::uint32_t counted_length(const Program& program) { return program.kernel_length(); }

bool jit_is_hardened() {
  int level = 0;
  std::ifstream("/proc/sys/net/core/bpf_jit_harden") >> level;
  return level != 0;
}

Filter of_kernel_length(std::uint32_t length) {
  Filter filter(length - 5, Insn{0x00, 0, 0, 0});  // loads of A, one each
  filter.push_back(allow);
  return filter;
}

Chain empty_chain() {
  Options options;
  options.engine = Engine::interpreter;
  return *Chain::create(options);
}

std::uint32_t attach_all(Chain& chain, std::span<const Filter> oldest_first) {
  for (const Filter& filter : oldest_first) {
    const auto program = verify(filter);
    if (!program) return EINVAL;
    auto longer = chain.attach(*program);
    if (!longer) return longer.error().code == AttachErrc::path_too_long ? ENOMEM : EIO;
    chain = *longer;
  }
  return 0;
}

std::optional<std::string> compare_path_lengths(Probe& probe, std::span<const Filter> filters, std::uint32_t room,
                                                const KernelLength& length) {
  Boundary boundary(probe, room, length);
  std::size_t wrong = 0;
  const auto found = boundary.compare(filters, wrong);
  if (!found || wrong >= filters.size()) return found;
  return boundary.report(filters[wrong], *found);
}

std::optional<std::string> compare_random_path_lengths(Probe& probe, std::uint64_t seed, std::uint32_t count,
                                                       const KernelLength& length) {
  oracles::ProgramGenerator generator(seed);
  for (std::uint32_t done = 0; done < count;) {
    std::vector<Filter> filters;
    for (; done < count && filters.size() < 300; ++done) {
      filters.push_back(generator.valid(300));
      filters.back().insert(filters.back().begin(), allow);  // keeps the probe alive
    }
    if (auto difference = compare_path_lengths(probe, filters, 2000, length)) return difference;
  }
  return std::nullopt;
}

}  // namespace callgate::kernel
