#include "proof/solver.h"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <vector>

#include "proof/bits.h"

namespace callgate::proof {
namespace {

constexpr std::uint32_t no_part = 0xffffffff;

// One term below the conditions.
struct Part {
  TermOp op;
  std::uint32_t a;  // index of a part; of a constant its value, of a word its index
  std::uint32_t b;
};

struct Condition {
  std::uint32_t part;
  const IntervalSet* set;
};

class Search {
 public:
  Search(const Terms& terms, std::span<const Literal> literals, std::uint64_t& steps) : steps_(steps) {
    std::uint64_t size = 0;
    for (const Literal& literal : literals) {
      conditions_.push_back({part_of(terms, literal.term), &literal.set});
      size += literal.set.intervals().size();
    }
    cost_ = 1 + (size + parts_.size()) / 32;
  }

  Solution run() {
    std::vector<Known> known(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].op == TermOp::constant) known[i] = Known::of(parts_[i].a);
    }
    Solution solution;
    solution.answer = search(std::move(known));
    solution.words = words_;
    return solution;
  }

 private:
  static bool is_leaf(const Part& part) { return part.op == TermOp::constant || part.op == TermOp::word; }

  // Operands come before what is made of them.
  std::uint32_t part_of(const Terms& terms, TermId root) {
    std::vector<TermId> stack{root};
    while (!stack.empty()) {
      const TermId id = stack.back();
      if (indices_.contains(id)) {
        stack.pop_back();
        continue;
      }
      const Term& term = terms[id];
      Part part{term.op, term.a, term.b};
      if (!is_leaf(part)) {
        const auto a = indices_.find(term.a);
        const auto b = indices_.find(term.b);
        if (a == indices_.end()) stack.push_back(term.a);
        if (b == indices_.end()) stack.push_back(term.b);
        if (a == indices_.end() || b == indices_.end()) continue;
        part.a = a->second;
        part.b = b->second;
      }
      indices_[id] = static_cast<std::uint32_t>(parts_.size());
      parts_.push_back(part);
      stack.pop_back();
    }
    return indices_.at(root);
  }

  bool forward(std::vector<Known>& known) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (is_leaf(parts_[i])) continue;
      const Known result = known_result(parts_[i].op, known[parts_[i].a], known[parts_[i].b]);
      if (!narrow(known[i], result)) return false;
    }
    return true;
  }

  bool backward(std::vector<Known>& known) const {
    for (const Condition& condition : conditions_) {
      if (!narrow(known[condition.part], *condition.set)) return false;
    }
    for (std::size_t i = parts_.size(); i-- > 0;) {
      if (is_leaf(parts_[i])) continue;
      Known a = known[parts_[i].a];
      Known b = known[parts_[i].b];
      if (!narrow_operands(parts_[i].op, known[i], a, b)) return false;
      if (!narrow(known[parts_[i].a], a) || !narrow(known[parts_[i].b], b)) return false;
    }
    return true;
  }

  // Narrowing by one value at a time could go on for 2^32 rounds.
  bool propagate(std::vector<Known>& known) const {
    constexpr int most_rounds = 16;
    for (int round = 0; round < most_rounds; ++round) {
      const std::vector<Known> before = known;
      if (!forward(known) || !backward(known)) return false;
      if (known == before) break;
    }
    return true;
  }

  // Every word takes one of its ends: often that is an answer.
  bool try_ends(const std::vector<Known>& known, bool high) {
    values_.resize(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      if (part.op == TermOp::constant) {
        values_[i] = part.a;
      } else if (part.op == TermOp::word) {
        values_[i] = high ? known[i].high : known[i].low;
      } else {
        values_[i] = apply(part.op, values_[part.a], values_[part.b]);
      }
    }
    const auto holds = [&](const Condition& c) { return c.set->contains(values_[c.part]); };
    if (!std::ranges::all_of(conditions_, holds)) return false;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].op == TermOp::word) words_[parts_[i].a] = values_[i];
    }
    return true;
  }

  // A word below `index` with a bit that is not known and, as far as that is easily told, matters: {part, bit}.
  std::pair<std::uint32_t, unsigned> find_bit(const std::vector<Known>& known, std::uint32_t index,
                                              std::uint32_t wanted) const {
    while (true) {
      const Part& part = parts_[index];
      if (part.op == TermOp::constant) return {no_part, 0};
      if (part.op == TermOp::word) {
        const std::uint32_t bits = known[index].unknown_bits();
        const std::uint32_t liked = (bits & wanted) != 0 ? bits & wanted : bits;
        if (liked == 0) return {no_part, 0};
        return {index, static_cast<unsigned>(std::bit_width(liked) - 1)};
      }
      const bool constant_b = known[part.b].is_single();
      if (part.op == TermOp::and_ && constant_b) {
        wanted &= known[part.b].low;
      } else if (part.op == TermOp::rsh && constant_b) {
        wanted <<= known[part.b].low & 31;
      } else if (part.op != TermOp::xor_) {
        wanted = largest_word;
      }
      const bool go_a = has_unknown(known, part.a);
      if (!go_a && !has_unknown(known, part.b)) return {no_part, 0};
      index = go_a ? part.a : part.b;
    }
  }

  // Whether a word below it is not known.
  bool has_unknown(const std::vector<Known>& known, std::uint32_t index) const {
    std::vector<std::uint32_t> stack{index};
    std::vector<bool> seen(parts_.size());
    while (!stack.empty()) {
      const std::uint32_t top = stack.back();
      stack.pop_back();
      if (seen[top]) continue;
      seen[top] = true;
      if (parts_[top].op == TermOp::word && !known[top].is_single()) return true;
      if (!is_leaf(parts_[top])) stack.insert(stack.end(), {parts_[top].a, parts_[top].b});
    }
    return false;
  }

  std::pair<std::uint32_t, unsigned> choose(const std::vector<Known>& known) const {
    for (const Condition& condition : conditions_) {
      const Known& k = known[condition.part];
      if (condition.set->covers(k.low, k.high)) continue;
      if (const auto found = find_bit(known, condition.part, largest_word); found.first != no_part) return found;
    }
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].op == TermOp::word && !known[i].is_single()) return find_bit(known, i, largest_word);
    }
    return {no_part, 0};
  }

  // At most 32 levels for each word.
  Answer search(std::vector<Known> known) {
    if (steps_ == 0) return Answer::unknown;
    steps_ -= std::min(steps_, cost_);
    if (!propagate(known)) return Answer::no;
    if (try_ends(known, false) || try_ends(known, true)) return Answer::yes;
    const auto [word, bit] = choose(known);
    if (word == no_part) return Answer::no;  // everything is known, and tried
    const std::uint32_t mask = std::uint32_t{1} << bit;
    bool all_no = true;
    for (const bool one : {false, true}) {
      std::vector<Known> half = known;
      (one ? half[word].ones : half[word].zeros) |= mask;
      const Answer answer = settle(half[word]) ? search(std::move(half)) : Answer::no;
      if (answer == Answer::yes) return answer;
      all_no &= answer == Answer::no;
    }
    return all_no ? Answer::no : Answer::unknown;
  }

  std::uint64_t& steps_;
  std::uint64_t cost_ = 1;
  std::vector<Part> parts_;
  std::vector<Condition> conditions_;
  std::unordered_map<TermId, std::uint32_t> indices_;
  std::vector<std::uint32_t> values_;
  Words words_{};
};

}  // namespace

Solution solve(const Terms& terms, std::span<const Literal> literals, std::uint64_t& steps) {
  for (const Literal& literal : literals) {
    if (literal.set.empty()) return {Answer::no, {}};
  }
  return Search(terms, literals, steps).run();
}

}  // namespace callgate::proof
