#include "oracles/generator/profiles.h"

#include "bpf/opcode.h"
#include "oracles/generator/snippets.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

// Eight snippets, drawn with repetition: the repeated ones mark the program's character.
class Palette {
 public:
  explicit Palette(Random& random) {
    const std::span<const Snippet> sources[] = {straight_snippets(), flow_snippets(), filter_snippets()};
    for (Snippet& snippet : snippets_) {
      const std::uint32_t kind = random.below(8);
      snippet = random.pick(sources[kind < 4 ? 0 : kind < 7 ? 1 : 2]);
    }
    snippets_[0] = load;
  }

  void fill(Writer& w, std::uint32_t until) const {
    while (w.room() > until) snippets_[w.random.below(8)](w);
  }

 private:
  Snippet snippets_[8];
};

void mixture(Writer& w) {
  if (w.random.chance(30)) load(w);
  if (w.random.chance(20)) store_all(w);
  Palette(w.random).fill(w, 0);
}

// All slots written, changed on paths that meet, and all read at the end.
void live_scratch(Writer& w) {
  constexpr Snippet middles[] = {diamond, diamond, scratch, nested_diamonds, load, alu_constant};
  const std::uint32_t fold = 2 * scratch_slots + 1;
  store_all(w);
  while (w.room() > fold) w.random.pick(middles)(w);
  fold_all(w);
}

void deep_diamonds(Writer& w) {
  load(w);
  while (!w.full()) {
    nested_diamonds(w);
    if (w.random.chance(30)) load(w);
  }
}

// As libseccomp writes it, with another behind it when there is room.
void library_filter(Writer& w) {
  while (!w.full()) number_rules(w);
}

// As service managers do: one rule after the other, each with its own loads, and ALLOW behind them.
void service_filter(Writer& w) {
  while (w.room() > 1) w.random.pick(filter_snippets())(w);
}

// Arithmetic only.
void straight_line(Writer& w) {
  if (w.random.chance(80)) load(w);
  while (!w.full()) w.random.pick(straight_snippets())(w);
}

}  // namespace

void write_program(Writer& w) {
  const std::uint32_t kind = w.random.below(32);
  if (kind < 19) {
    mixture(w);
  } else if (kind < 22) {
    library_filter(w);
  } else if (kind < 25) {
    service_filter(w);
  } else if (kind < 28) {
    live_scratch(w);
  } else if (kind < 30) {
    deep_diamonds(w);
  } else {
    straight_line(w);
  }
  while (!w.full()) load(w);
  w.finish();
}

}  // namespace callgate::oracles
