// The interface behind which everything that is compared decides calls: callgate's engines, and their peers.
//
// To compare one more: derive from Decider, or give decider_over() a function, and add a line to peers/peers.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/measure/ticks.h"
#include "callgate/action.hpp"
#include "callgate/insn.hpp"

namespace callgate::bench {

// Bytes that a decider needs for one chain; 0 where it cannot tell or has none.
struct Footprint {
  std::size_t code = 0;
  std::size_t table = 0;
};

struct About {
  std::string name;
  Footprint footprint = {};
  std::string remark = {};  // for the reader of the figures, such as that an engine fell back on another
};

// Neighbours among the prepared calls.
struct Part {
  std::size_t first;
  std::size_t count;
};

class Decider {
 public:
  explicit Decider(About about) : about_(std::move(about)) {}
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;
  virtual ~Decider() = default;

  const About& about() const { return about_; }
  const std::string& name() const { return about_.name; }

  // Takes the calls that are to be decided, in whatever form suits: that is never part of what is timed.
  virtual void prepare(std::span<const SeccompData> calls) = 0;

  // The decision of one of the prepared calls.
  virtual std::uint32_t decide(std::size_t call) const = 0;

  // Decides all prepared calls once, one right after the other.
  virtual void run() const = 0;
  // The same for a part of them.
  virtual void run(Part part) const = 0;

  // Reads the inputs of these calls and nothing else, so that they lie in the cache.
  virtual void fetch(Part part) const = 0;

  // The same, but no decision overlaps the next one: the processor finishes each before it starts another.
  virtual void run_isolated() const = 0;

  // Ticks of one decision, with the input in the cache and everything else as it is.
  virtual std::uint64_t ticks(std::size_t call) const = 0;

 private:
  About about_;
};

// The compiler must believe that the result is used and that all memory may have changed.
inline void use(std::uint32_t result) { asm volatile("" : : "r"(result) : "memory"); }

// A decider over `decide`, a uint32_t(const Input&), and `convert`, an Input(const SeccompData&). The loops are
// instantiated for it, so that what can be inlined into a caller is.
template <class Input, class Convert, class Decide>
class DeciderOver : public Decider {
 public:
  DeciderOver(About about, Convert convert, Decide decide)
      : Decider(std::move(about)), convert_(std::move(convert)), decide_(std::move(decide)) {}

  void prepare(std::span<const SeccompData> calls) final {
    inputs_.clear();
    inputs_.reserve(calls.size());
    std::ranges::transform(calls, std::back_inserter(inputs_), convert_);
  }

  std::uint32_t decide(std::size_t call) const final { return decide_(inputs_[call]); }

  [[gnu::noinline]] void run() const final {
    for (const Input& input : inputs_) use(decide_(input));
  }

  [[gnu::noinline]] void run(Part part) const final {
    const Input* const end = inputs_.data() + part.first + part.count;
    for (const Input* input = inputs_.data() + part.first; input != end; ++input) use(decide_(*input));
  }

  void fetch(Part part) const final {
    const auto* const bytes = reinterpret_cast<const volatile unsigned char*>(inputs_.data() + part.first);
    for (std::size_t i = 0; i < part.count * sizeof(Input); i += 64) static_cast<void>(bytes[i]);
  }

  [[gnu::noinline]] void run_isolated() const final {
    for (const Input& input : inputs_) {
      wait_for_all_instructions();
      use(decide_(input));
    }
    wait_for_all_instructions();
  }

  [[gnu::noinline]] std::uint64_t ticks(std::size_t call) const final {
    const Input input = inputs_[call];
    use(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&input)));
    const std::uint64_t start = ticks_now();
    use(decide_(input));
    return ticks_now() - start;
  }

 private:
  Convert convert_;
  Decide decide_;
  std::vector<Input> inputs_;
};

template <class Input, class Convert, class Decide>
std::unique_ptr<Decider> decider_over(About about, Convert convert, Decide decide) {
  return std::make_unique<DeciderOver<Input, Convert, Decide>>(std::move(about), std::move(convert), std::move(decide));
}

inline SeccompData as_it_is(const SeccompData& data) { return data; }

// For what reads a SeccompData as it is.
template <class Decide>
std::unique_ptr<Decider> decider_over(About about, Decide decide) {
  return decider_over<SeccompData>(std::move(about), as_it_is, std::move(decide));
}

// Filters of which each decides on its own: the first result, newest filter first, that is not ALLOW.
template <class Filter>
struct FilterByFilter {
  std::vector<Filter> newest_first;

  template <class Input>
  std::uint32_t operator()(const Input& input) const {
    for (const Filter& filter : newest_first) {
      const std::uint32_t result = filter(input);
      if (action_of(result) != action::allow) return result;
    }
    return action::allow;
  }
};

// A decider over such filters. One alone is asked without a loop around it.
template <class Input, class Convert, class Filter>
std::unique_ptr<Decider> decider_of_filters(About about, Convert convert, std::vector<Filter> newest_first) {
  if (newest_first.size() == 1) return decider_over<Input>(std::move(about), convert, newest_first.front());
  return decider_over<Input>(std::move(about), convert, FilterByFilter<Filter>{std::move(newest_first)});
}

}  // namespace callgate::bench
