#include "proof/decisions.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "bpf/opcode.h"

namespace callgate::proof {

SetId Sets::intern(const IntervalSet& set) {
  const std::size_t hash = set.hash();
  const auto [begin, end] = ids_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (sets_[at->second] == set) return at->second;
  }
  const auto id = static_cast<SetId>(sets_.size());
  sets_.push_back(set);
  ids_.emplace(hash, id);
  return id;
}

namespace {

using bpf::Opcode;

constexpr std::uint32_t a_register = 0;
constexpr std::uint32_t x_register = 1;
constexpr std::uint32_t first_slot = 2;
constexpr std::uint32_t places = first_slot + scratch_slots;
constexpr TermId dead = 0xffffffff;

using State = std::array<TermId, places>;

struct Effect {
  std::uint32_t reads = 0;  // bit n: place n
  std::uint32_t writes = 0;
};

constexpr std::uint32_t bit(std::uint32_t place) { return std::uint32_t{1} << place; }

Effect effect_of(const Insn& insn) {
  const auto slot = first_slot + insn.k;
  switch (bpf::opcode_of(insn)) {
    case Opcode::ld_imm:
    case Opcode::ld_abs:
    case Opcode::ld_len: return {0, bit(a_register)};
    case Opcode::ldx_imm:
    case Opcode::ldx_len: return {0, bit(x_register)};
    case Opcode::ld_mem: return {bit(slot), bit(a_register)};
    case Opcode::ldx_mem: return {bit(slot), bit(x_register)};
    case Opcode::st: return {bit(a_register), bit(slot)};
    case Opcode::stx: return {bit(x_register), bit(slot)};
    case Opcode::tax: return {bit(a_register), bit(x_register)};
    case Opcode::txa: return {bit(x_register), bit(a_register)};
    case Opcode::ret_k:
    case Opcode::ja: return {};
    case Opcode::ret_a:
    case Opcode::jeq_k:
    case Opcode::jgt_k:
    case Opcode::jge_k:
    case Opcode::jset_k: return {bit(a_register), 0};
    case Opcode::jeq_x:
    case Opcode::jgt_x:
    case Opcode::jge_x:
    case Opcode::jset_x: return {bit(a_register) | bit(x_register), 0};
    case Opcode::add_k:
    case Opcode::sub_k:
    case Opcode::mul_k:
    case Opcode::div_k:
    case Opcode::or_k:
    case Opcode::and_k:
    case Opcode::lsh_k:
    case Opcode::rsh_k:
    case Opcode::xor_k:
    case Opcode::neg: return {bit(a_register), bit(a_register)};
    case Opcode::add_x:
    case Opcode::sub_x:
    case Opcode::mul_x:
    case Opcode::div_x:
    case Opcode::or_x:
    case Opcode::and_x:
    case Opcode::lsh_x:
    case Opcode::rsh_x:
    case Opcode::xor_x: return {bit(a_register) | bit(x_register), bit(a_register)};
  }
  return {};
}

// The places that are read later, for each instruction. All jumps go forward.
std::vector<std::uint32_t> live_places(std::span<const Insn> program) {
  std::vector<std::uint32_t> live(program.size() + 1, 0);
  for (std::size_t pc = program.size(); pc-- > 0;) {
    const Insn& insn = program[pc];
    const bpf::OpcodeInfo* const info = bpf::find_opcode(insn.code);
    std::uint32_t after = 0;
    if (info != nullptr && bpf::is_branch(info->form)) {
      after = live[pc + 1 + insn.jt] | live[pc + 1 + insn.jf];
    } else if (insn.code == static_cast<std::uint16_t>(Opcode::ja)) {
      after = live[pc + 1 + insn.k];
    } else if (insn.code != static_cast<std::uint16_t>(Opcode::ret_k) &&
               insn.code != static_cast<std::uint16_t>(Opcode::ret_a)) {
      after = live[pc + 1];
    }
    const Effect effect = effect_of(insn);
    live[pc] = (after & ~effect.writes) | effect.reads;
  }
  return live;
}

}  // namespace

// Runs the filter on terms. What is live at an instruction makes a state; each is run once.
class Reader {
 public:
  Reader(Decisions& out, const Program& program)
      : out_(out),
        terms_(out.terms),
        program_(program.instructions()),
        live_(live_places(program_)),
        found_(program_.size()) {}

  std::optional<NodeId> run() {
    State start;
    start.fill(dead);
    start[a_register] = start[x_register] = terms_.constant(0);
    const Place root = place_of(0, start);
    for (std::size_t pc = 0; pc < program_.size(); ++pc) {
      // Runs add states at later instructions only.
      for (const auto& [state, index] : found_[pc]) {
        run_from(pc, state, index);
        if (outlines_.size() > out_.budget_.nodes || terms_.size() > out_.budget_.nodes) return std::nullopt;
      }
    }
    return make_nodes(root);
  }

 private:
  using Place = std::uint32_t;  // index of an outline

  struct Outline {
    std::uint32_t pc = 0;
    bool is_end = true;
    Literal literal{0, {}};  // of an end: the result
    Place yes = 0;
    Place no = 0;
  };

  Place place_of(std::size_t pc, State state) {
    for (std::uint32_t place = 0; place < places; ++place) {
      if ((live_[pc] & bit(place)) == 0) state[place] = dead;
    }
    const auto [at, is_new] = found_[pc].try_emplace(state, static_cast<Place>(outlines_.size()));
    if (is_new) {
      outlines_.emplace_back();
      outlines_.back().pc = static_cast<std::uint32_t>(pc);
    }
    return at->second;
  }

  void ask(Place place, Literal literal, std::size_t yes_pc, const State& yes, std::size_t no_pc, const State& no) {
    const Place yes_place = place_of(yes_pc, yes);
    const Place no_place = place_of(no_pc, no);
    Outline& outline = outlines_[place];
    outline.is_end = false;
    outline.literal = std::move(literal);
    outline.yes = yes_place;
    outline.no = no_place;
  }

  void finish(Place place, TermId result) { outlines_[place].literal.term = result; }

  Literal condition(const Insn& insn, const State& state) {
    const TermId a = state[a_register];
    const TermId x = state[x_register];
    switch (bpf::opcode_of(insn)) {
      case Opcode::jeq_k: return terms_.literal(a, IntervalSet::of(insn.k));
      case Opcode::jgt_k:
        return terms_.literal(a, insn.k == largest_word ? IntervalSet() : IntervalSet(insn.k + 1, largest_word));
      case Opcode::jge_k: return terms_.literal(a, IntervalSet(insn.k, largest_word));
      case Opcode::jset_k: return is_not_zero(terms_.make(TermOp::and_, a, terms_.constant(insn.k)));
      case Opcode::jset_x: return is_not_zero(terms_.make(TermOp::and_, a, x));
      case Opcode::jgt_x: return is_below(x, a);
      case Opcode::jge_x: {
        Literal literal = is_below(a, x);
        literal.set = literal.set.complement();
        return terms_.literal(literal.term, literal.set);
      }
      default: return terms_.literal(terms_.subtract(a, x), IntervalSet::of(0));  // jeq x
    }
  }

  Literal is_not_zero(TermId term) { return terms_.literal(term, IntervalSet(1, largest_word)); }

  // a < b
  Literal is_below(TermId a, TermId b) {
    if (terms_.is_constant(b)) {
      const std::uint32_t bound = terms_[b].a;
      return terms_.literal(a, bound == 0 ? IntervalSet() : IntervalSet(0, bound - 1));
    }
    if (terms_.is_constant(a)) {
      const std::uint32_t bound = terms_[a].a;
      return terms_.literal(b, bound == largest_word ? IntervalSet() : IntervalSet(bound + 1, largest_word));
    }
    return terms_.literal(terms_.make(TermOp::below, a, b), IntervalSet::of(1));
  }

  static TermOp operation(Opcode opcode) {
    switch (opcode) {
      case Opcode::add_k:
      case Opcode::add_x: return TermOp::add;
      case Opcode::mul_k:
      case Opcode::mul_x: return TermOp::mul;
      case Opcode::or_k:
      case Opcode::or_x: return TermOp::or_;
      case Opcode::and_k:
      case Opcode::and_x: return TermOp::and_;
      case Opcode::lsh_k:
      case Opcode::lsh_x: return TermOp::lsh;
      case Opcode::rsh_k:
      case Opcode::rsh_x: return TermOp::rsh;
      case Opcode::xor_k:
      case Opcode::xor_x: return TermOp::xor_;
      default: return TermOp::div;
    }
  }

  // From an instruction to the first question or the end.
  void run_from(std::size_t pc, State state, Place place) {
    while (true) {
      const Insn& insn = program_[pc];
      TermId& a = state[a_register];
      TermId& x = state[x_register];
      const Opcode opcode = bpf::opcode_of(insn);
      switch (opcode) {
        case Opcode::ret_k: return finish(place, terms_.constant(insn.k));
        case Opcode::ret_a: return finish(place, a);
        case Opcode::ja: pc += insn.k; break;
        case Opcode::ld_imm: a = terms_.constant(insn.k); break;
        case Opcode::ldx_imm: x = terms_.constant(insn.k); break;
        case Opcode::ld_abs: a = terms_.word(insn.k / 4); break;
        case Opcode::ld_len: a = terms_.constant(sizeof(SeccompData)); break;
        case Opcode::ldx_len: x = terms_.constant(sizeof(SeccompData)); break;
        case Opcode::ld_mem: a = state[first_slot + insn.k]; break;
        case Opcode::ldx_mem: x = state[first_slot + insn.k]; break;
        case Opcode::st: state[first_slot + insn.k] = a; break;
        case Opcode::stx: state[first_slot + insn.k] = x; break;
        case Opcode::tax: x = a; break;
        case Opcode::txa: a = x; break;
        case Opcode::neg: a = terms_.subtract(terms_.constant(0), a); break;
        case Opcode::sub_k: a = terms_.make(TermOp::add, a, terms_.constant(0 - insn.k)); break;
        case Opcode::sub_x: a = terms_.subtract(a, x); break;
        case Opcode::add_k:
        case Opcode::mul_k:
        case Opcode::div_k:
        case Opcode::or_k:
        case Opcode::and_k:
        case Opcode::lsh_k:
        case Opcode::rsh_k:
        case Opcode::xor_k: a = terms_.make(operation(opcode), a, terms_.constant(insn.k)); break;
        case Opcode::add_x:
        case Opcode::mul_x:
        case Opcode::or_x:
        case Opcode::and_x:
        case Opcode::lsh_x:
        case Opcode::rsh_x:
        case Opcode::xor_x: a = terms_.make(operation(opcode), a, x); break;
        case Opcode::div_x: {
          // A division by 0 ends the program with 0, KILL_THREAD.
          const Literal by_zero = terms_.literal(x, IntervalSet::of(0));
          if (by_zero.set.is_all()) return finish(place, terms_.constant(0));
          a = terms_.make(TermOp::div, a, x);
          if (by_zero.set.empty()) break;
          const Place kill = end_place();
          const Place next = place_of(pc + 1, state);
          Outline& outline = outlines_[place];
          outline.is_end = false;
          outline.literal = by_zero;
          outline.yes = kill;
          outline.no = next;
          return;
        }
        default: {
          Literal literal = condition(insn, state);
          const std::size_t yes = pc + insn.jt;
          const std::size_t no = pc + insn.jf;
          if (!literal.set.is_all() && !literal.set.empty()) {
            return ask(place, std::move(literal), yes + 1, state, no + 1, state);
          }
          pc = literal.set.is_all() ? yes : no;
          break;
        }
      }
      ++pc;
    }
  }

  // KILL_THREAD, at no instruction of its own.
  Place end_place() {
    if (!kill_) {
      kill_ = static_cast<Place>(outlines_.size());
      outlines_.emplace_back();
      outlines_.back().pc = static_cast<std::uint32_t>(program_.size());
      outlines_.back().literal.term = terms_.constant(0);
    }
    return *kill_;
  }

  // From the last instruction to the first, so that successors are there.
  std::optional<NodeId> make_nodes(Place root) {
    std::vector<Place> order(outlines_.size());
    for (Place place = 0; place < order.size(); ++place) order[place] = place;
    std::ranges::stable_sort(order, std::greater<>(), [&](Place place) { return outlines_[place].pc; });
    std::vector<NodeId> nodes(outlines_.size());
    for (const Place place : order) {
      const Outline& outline = outlines_[place];
      nodes[place] = outline.is_end ? out_.end(outline.literal.term)
                                    : out_.question(outline.literal, nodes[outline.yes], nodes[outline.no]);
    }
    if (out_.size() > out_.budget_.nodes) return std::nullopt;
    return nodes[root];
  }

  Decisions& out_;
  Terms& terms_;
  std::span<const Insn> program_;
  std::vector<std::uint32_t> live_;
  std::vector<std::map<State, Place>> found_;  // by instruction
  std::vector<Outline> outlines_;
  std::optional<Place> kill_;
};

std::optional<NodeId> Decisions::read(const Program& program) { return Reader(*this, program).run(); }

NodeId Decisions::intern(const Node& node) {
  const std::uint64_t key = (std::uint64_t{node.yes} << 32 | node.no) * 0x9e3779b97f4a7c15 ^
                            (std::uint64_t{node.term} << 32 | node.set) * 0xbf58476d1ce4e5b9;
  const auto [begin, end] = ids_.equal_range(key);
  for (auto at = begin; at != end; ++at) {
    const Node& other = nodes_[at->second];
    if (other.is_end == node.is_end && other.term == node.term && other.set == node.set && other.yes == node.yes &&
        other.no == node.no) {
      return at->second;
    }
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(node);
  ids_.emplace(key, id);
  return id;
}

NodeId Decisions::end(TermId result) { return intern({true, result, 0, 0, 0, terms[result].words}); }

NodeId Decisions::question(const Literal& literal, NodeId yes, NodeId no) {
  if (yes == no) return yes;
  const auto words = static_cast<std::uint16_t>(terms[literal.term].words | nodes_[yes].words | nodes_[no].words);
  return intern({false, literal.term, sets.intern(literal.set), yes, no, words});
}

const std::vector<Range>& Decisions::ranges(NodeId root) {
  if (const auto found = ranges_.find(root); found != ranges_.end()) return found->second;
  const TermId term = nodes_[root].term;
  std::map<NodeId, IntervalSet, std::greater<>> reached;  // descending: a node's sets are complete when its turn comes
  reached.emplace(root, IntervalSet::all());
  std::vector<Range> ranges;
  const auto go = [&](NodeId next, const IntervalSet& set) {
    if (set.empty()) return;
    const auto [at, is_new] = reached.try_emplace(next, set);
    if (!is_new) at->second = at->second | set;
  };
  while (!reached.empty()) {
    const auto [id, set] = std::pair(reached.begin()->first, std::move(reached.begin()->second));
    reached.erase(reached.begin());
    const Node& node = nodes_[id];
    work += 1 + set.intervals().size();
    if (node.is_end || node.term != term) {
      for (const Interval& interval : set.intervals()) ranges.push_back({interval.first, id});
      continue;
    }
    go(node.yes, set & sets[node.set]);
    go(node.no, set & sets[node.set].complement());
  }
  std::ranges::sort(ranges, {}, &Range::first);
  return ranges_.emplace(root, std::move(ranges)).first->second;
}

}  // namespace callgate::proof
