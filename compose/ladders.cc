#include "compose/ladders.h"

#include <algorithm>

#include "compose/call_class.h"

namespace callgate::compose {

// A constant extends the place in its block of numbers_per_domain, or gets a place of its own; the last place takes the
// constants of all further blocks.
void Ladders::Ladder::add(std::uint32_t k) {
  constexpr std::uint32_t block = numbers_per_domain;
  for (std::uint32_t i = 0; i < place_count; ++i) {
    Place& place = places[i];
    if (place.least / block != k / block && i + 1 != most_places) continue;
    place = {std::min(place.least, k), std::max(place.greatest, k)};
    return;
  }
  places[place_count++] = {k, k};
}

bool Ladders::Ladder::may_equal(std::uint32_t low, std::uint32_t high) const {
  return std::any_of(places.begin(), places.begin() + place_count,
                     [&](const Place& place) { return low <= place.greatest && high >= place.least; });
}

bool Ladders::is_rung(NodeId id, ExprId value) const {
  const Node& node = graph_.node_at(id);
  return node.kind == NodeKind::test && node.compare == Compare::equal && node.lhs() == value &&
         graph_.is_constant(node.rhs());
}

// Enters the ladder that begins at `head` into the tables, or that there is none.
void Ladders::find(NodeId head) {
  const Node& first = graph_.node_at(head);
  const ExprId value = first.kind == NodeKind::test ? first.lhs() : ExprId{};
  std::uint32_t count = 0;
  NodeId end = head;
  for (; is_rung(end, value) && ladder_of_[end] == unseen; end = graph_.node_at(end).otherwise) ++count;
  const auto id = count < fewest_rungs ? none : static_cast<std::uint32_t>(ladders_.size());
  Ladder ladder{.end = end};
  for (NodeId rung = head; rung != end; rung = graph_.node_at(rung).otherwise) {
    ladder_of_[rung] = id;
    if (id == none) continue;
    const std::uint32_t k = graph_.constant_value(graph_.node_at(rung).rhs());
    ladder.add(k);
    rungs_.intern({id, k, rung});
  }
  if (head == end) ladder_of_[head] = none;  // not a test for equality with a constant
  if (id != none) ladders_.push_back(ladder);
}

// The further down a node is, the smaller is its number.
NodeId Ladders::skip(NodeId node, std::uint32_t low, std::uint32_t high) {
  if (node.index() >= ladder_of_.size()) ladder_of_.resize(graph_.node_count(), unseen);
  if (ladder_of_[node] == unseen) find(node);
  if (ladder_of_[node] == none) return node;
  const std::uint32_t id = ladder_of_[node];
  const Ladder& ladder = ladders_[id];
  if (!ladder.may_equal(low, high)) return ladder.end;
  if (low != high) return node;
  const auto rung = rungs_.find({id, low, {}});
  if (!rung) return ladder.end;
  const NodeId found = rungs_[*rung].node;
  // A rung above `node` is not on the path, and the table holds only the first of two rungs with one constant.
  return found <= node ? graph_.node_at(found).then : node;
}

}  // namespace callgate::compose
