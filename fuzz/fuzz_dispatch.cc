// Chains in use: the bytes are orders to attach, copy, release, evaluate and match, in a forked child and on several
// threads too. Each chain's decisions are compared with the interpreter's on the filters that it should have.
#include <array>
#include <atomic>
#include <system_error>
#include <thread>

#include "callgate/chain.hpp"
#include "fuzz/target.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/process/child.h"
#include "oracles/reference/reference.h"

namespace callgate::fuzz {
namespace {

constexpr std::size_t longest_chain = 10;

// Filters and calls that the orders pick from.
struct Palette {
  std::vector<Program> filters;
  std::vector<SeccompData> inputs;

  explicit Palette(std::uint64_t seed) {
    ProgramGenerator generator(seed);
    std::vector<std::vector<Insn>> written;
    while (filters.size() < 8) {
      generator.write_chain(8, 24, false, written);
      for (std::size_t i = 0; i < written.size() && filters.size() < 8; ++i) {
        auto program = verify(written[i]);
        if (!program) fail("the generator's program is not valid");
        filters.push_back(std::move(*program));
        for (const SeccompData& data : inputs_for(written[i], generator.next(), 4)) inputs.push_back(data);
      }
    }
  }
};

const Palette& palette(std::uint8_t choice) {
  static const Palette palettes[] = {Palette(1), Palette(2), Palette(3), Palette(4)};
  return palettes[choice & 3];
}

struct Slot {
  Chain chain;
  std::vector<Program> filters;  // oldest first
};

Options options_of(std::uint8_t choice) {
  Options options;
  options.rule = (choice & 4) != 0 ? MergeRule::most_restrictive : MergeRule::first_non_allow;
  options.optimize = (choice & 8) != 0 ? Optimize::full : Optimize::none;
  options.no_exec_memory = (choice & 0x30) == 0x10;
  if ((choice & 0x30) == 0x20) options.engine = Engine::interpreter;
  options.path_limit = 0;
  return options;
}

Chain empty_chain(const Options& options) {
  auto chain = Chain::create(options);
  if (!chain) fail(to_string(chain.error()));
  return *chain;
}

class Machine {
 public:
  explicit Machine(std::uint8_t choice)
      : options_(options_of(choice)), palette_(palette(choice)), slots_{fresh(), fresh(), fresh(), fresh()} {}

  void obey(std::uint8_t order) {
    Slot& slot = slots_[order >> 6];
    const std::uint8_t which = order >> 3 & 7;
    switch (order & 7) {
      case 0: return attach(slot, {&palette_.filters[which], 1});
      case 1: return attach(slot, std::span(palette_.filters).subspan(which & 6, 2));
      case 2: slot = slots_[which & 3]; return;
      case 3: slot = fresh(); return;
      case 4: return require(agrees(slot, which), "a chain decides other than the interpreter");
      case 5: return match(slot, which);
      case 6: return in_child(slot, which);
      default: return on_threads(slot, which);
    }
  }

 private:
  Slot fresh() const { return {empty_chain(options_), {}}; }

  void attach(Slot& slot, std::span<const Program> filters) {
    if (slot.filters.size() + filters.size() > longest_chain) return;
    auto longer = filters.size() == 1 ? slot.chain.attach(filters[0]) : slot.chain.attach(filters);
    if (!longer) fail(to_string(longer.error()));
    slot.chain = *longer;
    slot.filters.insert(slot.filters.end(), filters.begin(), filters.end());
    require(slot.chain.length() == slot.filters.size(), "the chain has another length");
  }

  std::span<const SeccompData> inputs(std::uint8_t which) const {
    return std::span(palette_.inputs).subspan(4u * which, 4);
  }

  bool agrees(const Slot& slot, std::uint8_t which) const {
    bool all = true;
    for (const SeccompData& data : inputs(which)) {
      all = all && slot.chain.evaluate(data) == reference(slot.filters, options_.rule, data);
    }
    return all;
  }

  void match(const Slot& slot, std::uint8_t which) const {
    for (const SeccompData& data : inputs(which)) {
      const Match match = slot.chain.match(data);
      require(match.result == reference(slot.filters, options_.rule, data), "match() gives another result");
      if (match.filter)
        require(interpret(slot.filters[*match.filter], data) == match.result, "match() names another filter");
    }
  }

  // A child has its parent's chains. Children are dear: one an execution.
  void in_child(const Slot& slot, std::uint8_t which) {
    if (std::exchange(forked_, true)) return;
    pid_t child = 0;
    try {
      child = process::fork_child([&] { return agrees(slot, which) ? 0 : 1; });
    } catch (const std::system_error&) {  // a machine with too many processes says nothing of chains
      return;
    }
    const int status = process::wait_for(child);
    require(status == 0, "a forked child decides otherwise, or died");
  }

  // One thread evaluates and releases its copy while this one attaches to the same chain. One an execution.
  void on_threads(Slot& slot, std::uint8_t which) {
    if (std::exchange(threaded_, true)) return;
    std::atomic<bool> right = true;
    std::thread other([&right, copy = slot, which, this]() mutable {
      for (int i = 0; i < 8; ++i) right = right && agrees(copy, which);
      copy = fresh();
    });
    const Slot before = slot;
    attach(slot, {&palette_.filters[which], 1});
    const bool mine = agrees(before, which) && agrees(slot, which);
    other.join();
    require(mine && right, "a chain in use on two threads decides otherwise");
  }

  Options options_;
  const Palette& palette_;
  std::array<Slot, 4> slots_;
  bool forked_ = false;
  bool threaded_ = false;
};

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  callgate::fuzz::Machine machine(data[0]);
  for (std::size_t i = 1; i < size && i < 64; ++i) machine.obey(data[i]);
  return 0;
}

// Orders need no structure, but their kinds differ in price: few children and threads.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  size = LLVMFuzzerMutate(data, size, max_size < 48 ? max_size : 48);
  for (std::size_t i = 1; i < size; ++i) {
    if ((data[i] & 7) >= 6 && !random.chance(2))
      data[i] = static_cast<std::uint8_t>(data[i] ^ (2u + random.below(2) * 4u));
  }
  return size;
}
