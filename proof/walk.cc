#include "proof/walk.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "callgate/action.hpp"

namespace callgate::proof {
namespace {

constexpr std::uint64_t steps_of_a_branch = 64;    // that the solver may take to prove that nobody takes a branch
constexpr std::uint64_t steps_of_a_call = 20'000;  // and to find a call
constexpr std::uint64_t cost_of_a_case = 16;       // of the solver, in steps of the walk
constexpr std::size_t intervals_of_a_step = 16;
constexpr std::uint32_t terms_of_a_step = 64;
constexpr std::uint32_t visits_until_ranges = 8;

std::size_t mix(std::size_t hash, std::uint64_t value) {
  const std::uint64_t mixed = (std::uint64_t{hash} ^ value) * 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>(mixed ^ mixed >> 31);
}

// Results that are less strict than `result` in the kernel's order, which is signed, or that are no ALLOW.
IntervalSet results_stricter_than(std::uint32_t result) {
  constexpr std::uint32_t negative = 0x80000000;
  const std::uint32_t action = action_of(result);
  if (action >= negative) return action == negative ? IntervalSet() : IntervalSet(negative, action - 1);
  const IntervalSet below = action == 0 ? IntervalSet() : IntervalSet(0, action - 1);
  return below | IntervalSet(negative, largest_word);
}
IntervalSet results_less_strict_than(std::uint32_t result) {
  return (results_stricter_than(result) | IntervalSet(action_of(result), result | data_mask)).complement();
}
IntervalSet allows() { return {action::allow, action::allow | data_mask}; }

}  // namespace

std::size_t Walk::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  for (const Cursor& cursor : key.cursors) {
    hash = mix(hash, std::uint64_t{cursor.filter} << 32 | cursor.node);
    hash = mix(hash, std::uint64_t{cursor.result} << 32 | cursor.by);
  }
  for (const Fact& fact : key.facts) hash = mix(hash, std::uint64_t{fact.term} << 32 | fact.set);
  return hash;
}

Walk::Walk(ChainRef chain, const Budget& budget)
    : decisions_(budget), chains_(1), steps_(budget.steps), most_diagrams_(budget.nodes) {
  diagrams_.resize(2);
  if (read(chain, 0)) {
    run();
    return;
  }
  parts_.push_back({IntervalSet::all(), IntervalSet::all(), undecided});
}

Walk::Walk(ChainRef old_chain, ChainRef new_chain, const Budget& budget)
    : decisions_(budget), chains_(2), steps_(budget.steps), most_diagrams_(budget.nodes) {
  diagrams_.resize(2);
  if (read(old_chain, 0) && read(new_chain, 1)) {
    run();
    return;
  }
  parts_.push_back({IntervalSet::all(), IntervalSet::all(), undecided});
}

bool Walk::read(ChainRef ref, std::size_t index) {
  Chain& chain = chains_[index];
  chain.rule = ref.rule;
  chain.words.push_back(0);
  for (const Program& program : ref.oldest_first) {
    const auto root = decisions_.read(program);
    if (!root) return false;
    chain.roots.push_back(*root);
    chain.words.push_back(static_cast<std::uint16_t>(chain.words.back() | decisions_[*root].words));
  }
  return true;
}

// Where one of the filters begins to decide otherwise by this word alone, for calls of these architectures: the first
// values of the sets between which none makes a difference.
std::vector<std::uint32_t> Walk::boundaries(std::uint32_t word, const IntervalSet& arches) const {
  std::set<std::uint32_t> found{0};
  std::vector<NodeId> stack;
  std::vector<bool> seen(decisions_.size());
  for (const Chain& chain : chains_) stack.insert(stack.end(), chain.roots.begin(), chain.roots.end());
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    const Node& node = decisions_[id];
    if (seen[id] || node.is_end) continue;
    seen[id] = true;
    const IntervalSet& set = decisions_.sets[node.set];
    if (node.term == decisions_.terms.word(word)) {
      for (const Interval& interval : set.intervals()) {
        found.insert(interval.first);
        if (interval.last != largest_word) found.insert(interval.last + 1);
      }
    }
    const bool is_arch = node.term == decisions_.terms.word(arch_word);
    if (!is_arch || set.meets(arches)) stack.push_back(node.yes);
    if (!is_arch || !set.covers(arches)) stack.push_back(node.no);
  }
  return {found.begin(), found.end()};
}

Walk::Cursors Walk::start() const {
  Cursors cursors{};
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    cursors[i].filter = static_cast<std::uint32_t>(chains_[i].roots.size());
    if (cursors[i].filter == 0) cursors[i].filter = done_filter;
    if (cursors[i].filter != done_filter) cursors[i].node = chains_[i].roots[--cursors[i].filter];
  }
  for (std::size_t i = chains_.size(); i < most_chains; ++i) cursors[i].filter = done_filter;
  return cursors;
}

void Walk::run() {
  const std::vector<std::uint32_t> firsts = boundaries(arch_word, IntervalSet::all());
  // Architectures between which nothing makes a difference but where they lie are walked as one.
  std::vector<std::pair<std::vector<std::uint8_t>, IntervalSet>> classes;
  std::vector<IntervalSet> asked;
  for (NodeId id = 0; id < decisions_.size(); ++id) {
    const Node& node = decisions_[id];
    if (!node.is_end && node.term == decisions_.terms.word(arch_word)) asked.push_back(decisions_.sets[node.set]);
  }
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const std::uint32_t last = i + 1 < firsts.size() ? firsts[i + 1] - 1 : largest_word;
    std::vector<std::uint8_t> signature;
    for (const IntervalSet& set : asked) signature.push_back(set.contains(firsts[i]) ? 1 : 0);
    const auto found = std::ranges::find(
        classes, signature, [](const auto& c) -> const auto& { return c.first; });
    if (found == classes.end()) {
      classes.emplace_back(std::move(signature), IntervalSet(firsts[i], last));
    } else {
      found->second.append(firsts[i], last);
    }
  }
  for (const auto& entry : classes) walk_numbers(entry.second);
}

void Walk::walk_numbers(const IntervalSet& arches) {
  const std::vector<std::uint32_t> firsts = boundaries(nr_word, arches);
  std::vector<std::pair<DiagramId, IntervalSet>> groups;
  std::unordered_map<DiagramId, std::size_t> places;
  const Fact arch{decisions_.terms.word(arch_word), decisions_.sets.intern(arches)};
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const std::uint32_t last = i + 1 < firsts.size() ? firsts[i + 1] - 1 : largest_word;
    const Fact nr{decisions_.terms.word(nr_word), decisions_.sets.intern(IntervalSet(firsts[i], last))};
    Facts facts{arch, nr};
    std::ranges::sort(facts, {}, &Fact::term);
    const DiagramId diagram = walk(start(), facts);
    const auto [place, is_new] = places.try_emplace(diagram, groups.size());
    if (is_new) groups.emplace_back(diagram, IntervalSet());
    groups[place->second].second.append(firsts[i], last);
  }
  for (const auto& [diagram, numbers] : groups) parts_.push_back({arches, numbers, diagram});
}

void Walk::take_result(Cursor& cursor, const Chain& chain, bool replaces) {
  if (replaces) {
    cursor.result = decisions_[cursor.node].term;
    cursor.by = chains_.size() == 1 ? cursor.filter + 1 : 1;
  }
  const bool stops = replaces && chain.rule == MergeRule::first_non_allow;
  if (stops || cursor.filter == 0) {
    cursor = {done_filter, 0, cursor.result, cursor.by};
  } else {
    cursor.node = chain.roots[--cursor.filter];
  }
}

// Goes on to what has to be asked next; nothing if the chain has decided. The result begins as ALLOW, by nobody.
std::optional<Walk::Question> Walk::settle(Cursor& cursor, const Chain& chain) {
  const Terms& terms = decisions_.terms;
  while (!is_done(cursor)) {
    const Node& node = decisions_[cursor.node];
    if (!node.is_end) return Question{node.term, decisions_.sets[node.set], true};
    const TermId result = node.term;
    const bool first_wins = chain.rule == MergeRule::first_non_allow;
    if (first_wins || cursor.by == 0 || terms.is_constant(cursor.result)) {
      const std::uint32_t current = first_wins || cursor.by == 0 ? action::allow : terms[cursor.result].a;
      Literal literal{result, first_wins ? allows().complement() : results_stricter_than(current)};
      if (!terms.is_constant(result))
        literal = decisions_.terms.literal(result, std::move(literal.set));
      else
        literal.set = literal.set.contains(terms[result].a) ? IntervalSet::all() : IntervalSet();
      if (!literal.set.empty() && !literal.set.is_all()) return Question{literal.term, literal.set, false};
      take_result(cursor, chain, literal.set.is_all());
    } else if (terms.is_constant(result)) {
      const Literal literal = decisions_.terms.literal(cursor.result, results_less_strict_than(terms[result].a));
      if (!literal.set.empty() && !literal.set.is_all()) return Question{literal.term, literal.set, false};
      take_result(cursor, chain, literal.set.is_all());
    } else {
      // Both are computed: the signed order of the actions is the unsigned one with the sign flipped.
      const auto rank = [&](TermId term) {
        const TermId action = decisions_.terms.make(TermOp::and_, term, decisions_.terms.constant(action_mask));
        return decisions_.terms.make(TermOp::xor_, action, decisions_.terms.constant(0x80000000));
      };
      const TermId a = rank(result);
      const TermId b = rank(cursor.result);
      const TermId below = decisions_.terms.make(TermOp::below, a, b);
      const Literal literal = decisions_.terms.literal(below, IntervalSet::of(1));
      if (!literal.set.empty() && !literal.set.is_all()) return Question{literal.term, literal.set, false};
      take_result(cursor, chain, literal.set.is_all());
    }
  }
  return std::nullopt;
}

void Walk::answer(Cursor& cursor, const Chain& chain, const Question& question, bool yes) {
  if (!question.is_node) return take_result(cursor, chain, yes);
  const Node& node = decisions_[cursor.node];
  cursor.node = yes ? node.yes : node.no;
}

// What the term can be by what is known of it and of the words in it; and the answer, if that is the only one.
std::optional<bool> Walk::decide(const Facts& facts, const Question& question, IntervalSet& possible) {
  const Terms& terms = decisions_.terms;
  const auto at = std::ranges::lower_bound(facts, question.term, {}, &Fact::term);
  const bool is_known = at != facts.end() && at->term == question.term;
  possible = is_known ? decisions_.sets[at->set] : IntervalSet::all();
  const bool yes = question.set.covers(possible);
  if (yes || !question.set.meets(possible)) return yes;
  if (terms.is_word(question.term)) return std::nullopt;
  // A term of words that are known.
  std::uint16_t unknown = terms[question.term].words;
  Words words{};
  for (const Fact& fact : facts) {
    const IntervalSet& set = decisions_.sets[fact.set];
    if (!terms.is_word(fact.term) || !set.is_single()) continue;
    words[terms[fact.term].a] = set.min();
    unknown = static_cast<std::uint16_t>(unknown & ~(1u << terms[fact.term].a));
  }
  if (unknown != 0) return std::nullopt;
  charge(question.term / terms_of_a_step);  // operands have smaller numbers
  return question.set.contains(terms.evaluate(question.term, words));
}

// Goes over all questions about a term at once, if all its values lead to one place.
bool Walk::jump(Cursor& cursor, const Question& question, const IntervalSet& possible) {
  if (!question.is_node || possible.intervals().size() != 1) return false;
  if (!decisions_.has_ranges(cursor.node) && ++visits_[cursor.node] <= visits_until_ranges) return false;
  const std::vector<Range>& ranges = this->ranges(cursor.node);
  const auto above = std::ranges::upper_bound(ranges, possible.min(), {}, &Range::first);
  if (above != ranges.end() && above->first <= possible.max()) return false;
  cursor.node = std::prev(above)->next;
  return true;
}

const std::vector<Range>& Walk::ranges(NodeId id) {
  const std::uint64_t before = decisions_.work;
  const std::vector<Range>& ranges = decisions_.ranges(id);
  charge((decisions_.work - before) / intervals_of_a_step);
  return ranges;
}

std::uint16_t Walk::live_words(const Cursors& cursors) const {
  std::uint16_t words = 0;
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    words = static_cast<std::uint16_t>(words | decisions_.terms[cursors[i].result].words);
    if (is_done(cursors[i])) continue;
    words = static_cast<std::uint16_t>(words | decisions_[cursors[i].node].words | chains_[i].words[cursors[i].filter]);
  }
  return words;
}

// Facts about these words, and about words that they are bound to by other facts.
Walk::Facts Walk::relevant(const Facts& facts, std::uint16_t words) const {
  std::uint16_t before = 0;
  do {
    before = words;
    for (const Fact& fact : facts) {
      const std::uint16_t bound = decisions_.terms[fact.term].words;
      if ((bound & words) != 0) words = static_cast<std::uint16_t>(words | bound);
    }
  } while (words != before);
  Facts result;
  for (const Fact& fact : facts) {
    if ((decisions_.terms[fact.term].words & words) != 0) result.push_back(fact);
  }
  return result;
}

std::vector<Literal> Walk::literals(const Facts& facts) const {
  std::vector<Literal> result;
  for (const Fact& fact : facts) result.push_back({fact.term, decisions_.sets[fact.set]});
  return result;
}

Solution Walk::ask(std::span<const Literal> literals, std::uint64_t most) {
  std::uint64_t allowed = std::min(most, steps_);
  const std::uint64_t before = allowed;
  const Solution solution = solve(decisions_.terms, literals, allowed);
  charge((before - allowed) * cost_of_a_case);
  return solution;
}

// False if no call has all facts. Sets of single words are independent of each other.
bool Walk::may_hold(const Facts& facts, TermId changed) {
  const Facts bound = relevant(facts, decisions_.terms[changed].words);
  if (std::ranges::all_of(bound, [&](const Fact& fact) { return decisions_.terms.is_word(fact.term); })) return true;
  return ask(literals(bound), steps_of_a_branch).answer != Answer::no;
}

DiagramId Walk::leaf(const Cursors& cursors, const Facts& facts) {
  const TermId allow = decisions_.terms.constant(action::allow);
  Diagram diagram;
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    Decision decision{cursors[i].by == 0 ? allow : cursors[i].result, std::nullopt};
    if (chains_.size() == 1 && cursors[i].by != 0) decision.filter = cursors[i].by - 1;
    // What is computed may be known by now.
    for (const Fact& fact : facts) {
      const IntervalSet& set = decisions_.sets[fact.set];
      if (fact.term == decision.result && set.is_single()) decision.result = decisions_.terms.constant(set.min());
    }
    diagram.decisions.push_back(decision);
  }
  if (chains_.size() == most_chains) {
    const TermId a = diagram.decisions[0].result;
    const TermId b = diagram.decisions[1].result;
    if (a == b) return same;
    if (!decisions_.terms.is_constant(a) || !decisions_.terms.is_constant(b)) {
      std::vector<Literal> all = literals(facts);
      all.push_back(decisions_.terms.literal(decisions_.terms.subtract(a, b), IntervalSet(1, largest_word)));
      if (ask(all, steps_of_a_branch).answer == Answer::no) return same;
    }
  }
  return intern(std::move(diagram));
}

// The arms of a question about `term`: every chain that asks about it next answers all at once.
std::vector<Walk::Arm> Walk::arms_of(const Cursors& cursors,
                                     const std::array<std::optional<Question>, most_chains>& questions, TermId term,
                                     const IntervalSet& possible) {
  std::vector<Arm> arms{{possible, cursors}};
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    if (!questions[i] || questions[i]->term != term) continue;
    std::vector<Arm> finer;
    const auto add = [&](const Arm& arm, IntervalSet set, const Cursor& cursor) {
      if (set.empty()) return;
      finer.push_back({std::move(set), arm.cursors});
      finer.back().cursors[i] = cursor;
    };
    for (const Arm& arm : arms) {
      if (!questions[i]->is_node) {
        Cursor yes = arm.cursors[i];
        Cursor no = yes;
        take_result(yes, chains_[i], true);
        take_result(no, chains_[i], false);
        add(arm, arm.set & questions[i]->set, yes);
        add(arm, arm.set & questions[i]->set.complement(), no);
        continue;
      }
      const std::vector<Range>& ranges = this->ranges(arm.cursors[i].node);
      std::map<NodeId, IntervalSet> by_next;
      for (const Interval& interval : arm.set.intervals()) {
        auto range = std::prev(std::ranges::upper_bound(ranges, interval.first, {}, &Range::first));
        for (std::uint32_t first = interval.first;; ++range) {
          const auto after = std::next(range);
          const bool ends = after == ranges.end() || after->first > interval.last;
          by_next[range->next].append(first, ends ? interval.last : after->first - 1);
          if (ends) break;
          first = after->first;
        }
      }
      for (auto& [next, set] : by_next) {
        Cursor cursor = arm.cursors[i];
        cursor.node = next;
        add(arm, std::move(set), cursor);
      }
    }
    arms = std::move(finer);
  }
  return arms;
}

std::optional<DiagramId> Walk::advance(Cursors cursors, const Facts& facts, std::vector<Frame>& frames) {
  std::array<std::optional<Question>, most_chains> questions;
  std::optional<TermId> term;
  IntervalSet possible;
  IntervalSet of_term;
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    while ((questions[i] = settle(cursors[i], chains_[i]))) {
      if (steps_ == 0) return undecided;
      --steps_;
      if (const auto known = decide(facts, *questions[i], possible)) {
        if (!jump(cursors[i], *questions[i], possible)) answer(cursors[i], chains_[i], *questions[i], *known);
        continue;
      }
      if (!term || questions[i]->term < *term) {
        term = questions[i]->term;
        of_term = possible;
      }
      break;
    }
  }
  if (!term) return leaf(cursors, facts);
  Key key{cursors, relevant(facts, live_words(cursors))};
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  if (known_.size() >= most_diagrams_) {
    steps_ = 0;
    return undecided;
  }
  Frame frame;
  frame.arms = arms_of(cursors, questions, *term, of_term);
  for (const Arm& arm : frame.arms) charge(1 + arm.set.intervals().size() / intervals_of_a_step);
  frame.key = std::move(key);
  frame.term = *term;
  frame.facts = facts;
  frames.push_back(std::move(frame));
  return std::nullopt;
}

// Depth first, with a stack of its own: paths can be long.
DiagramId Walk::walk(const Cursors& cursors, const Facts& facts) {
  std::vector<Frame> frames;
  std::optional<DiagramId> done = advance(cursors, facts, frames);
  DiagramId last = done.value_or(undecided);
  while (!frames.empty()) {
    Frame& frame = frames.back();
    if (done) frame.branches.push_back({frame.arms[frame.next_arm - 1].set, last});
    done.reset();
    if (frame.next_arm == frame.arms.size()) {
      const DiagramId id = make_node(frame.term, std::move(frame.branches));
      if (steps_ != 0) known_.emplace(std::move(frame.key), id);
      frames.pop_back();
      done = last = id;
      continue;
    }
    const Arm arm = frame.arms[frame.next_arm++];
    Facts next = frame.facts;
    const Fact fact{frame.term, decisions_.sets.intern(arm.set)};
    const auto at = std::ranges::lower_bound(next, fact.term, {}, &Fact::term);
    if (at != next.end() && at->term == fact.term) {
      at->set = fact.set;
    } else {
      next.insert(at, fact);
    }
    if (!may_hold(next, fact.term)) continue;
    done = advance(arm.cursors, next, frames);
    last = done.value_or(undecided);
  }
  return last;
}

// One form: one branch for each successor, in the order of their values; no question that makes no difference; no
// question twice in a row.
DiagramId Walk::make_node(TermId term, std::vector<Branch> branches) {
  std::map<DiagramId, IntervalSet> by_next;
  for (const Branch& branch : branches) {
    const Diagram& next = diagrams_[branch.next];
    if (next.branches.empty() || next.term != term) {
      by_next[branch.next] = by_next[branch.next] | branch.set;
      continue;
    }
    for (const Branch& below : next.branches) by_next[below.next] = by_next[below.next] | (below.set & branch.set);
  }
  Diagram diagram{term, {}};
  for (auto& [next, set] : by_next) {
    if (!set.empty()) diagram.branches.push_back({std::move(set), next});
  }
  if (diagram.branches.empty()) return undecided;  // no branch can be taken, and so cannot this node
  if (diagram.branches.size() == 1) return diagram.branches[0].next;
  std::ranges::sort(diagram.branches, {}, [](const Branch& branch) { return branch.set.min(); });
  return intern(std::move(diagram));
}

DiagramId Walk::intern(Diagram diagram) {
  std::size_t hash = diagram.term;
  for (const Branch& branch : diagram.branches) hash = mix(mix(hash, branch.set.hash()), branch.next);
  for (const Decision& decision : diagram.decisions) {
    hash = mix(hash, std::uint64_t{decision.result} << 32 | decision.filter.value_or(0xffffffff));
  }
  const auto [begin, end] = diagram_ids_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    const Diagram& other = diagrams_[at->second];
    if (other.term == diagram.term && other.branches == diagram.branches && other.decisions == diagram.decisions) {
      return at->second;
    }
  }
  const auto id = static_cast<DiagramId>(diagrams_.size());
  diagrams_.push_back(std::move(diagram));
  diagram_ids_.emplace(hash, id);
  return id;
}

Solution Walk::call_of(const Path& path, std::span<const Literal> more) {
  std::vector<Literal> all = path.conditions;
  all.insert(all.end(), more.begin(), more.end());
  return ask(all, steps_of_a_call);
}

}  // namespace callgate::proof
