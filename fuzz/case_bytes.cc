#include "fuzz/case_bytes.h"

#include <algorithm>
#include <cstring>

#include "bpf/opcode.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/mutations.h"
#include "oracles/generator/program_generator.h"
#include "oracles/shrink/shrink.h"
#include "verifier/verify.h"

namespace callgate::fuzz {
namespace {

constexpr std::uint32_t longest_new_filter = 12;  // instructions

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  template <class T>
  bool read(T* to, std::size_t count = 1) {
    if (left_.size() < count * sizeof(T)) return false;
    if (count != 0) std::memcpy(to, left_.data(), count * sizeof(T));
    left_ = left_.subspan(count * sizeof(T));
    return true;
  }

 private:
  std::span<const std::uint8_t> left_;
};

template <class T>
void append(std::string& bytes, const T* from, std::size_t count = 1) {
  bytes.append(reinterpret_cast<const char*>(from), count * sizeof(T));
}

void new_inputs(Case& asked, Random& random) {
  InputGenerator generator;
  generator.start(random.next());
  for (const auto& filter : asked.filters) generator.add(filter);
  asked.inputs.resize(random.between(1, max_chosen_inputs));
  generator.write(asked.inputs);
}

ChosenCase new_case(Random& random) {
  ChosenCase chosen;
  ProgramGenerator generator(random.next());
  generator.write_chain(random.chance(75) ? 1 : max_made_filters, longest_new_filter, false, chosen.asked.filters);
  new_inputs(chosen.asked, random);
  chosen.engine = static_cast<std::uint8_t>(random.below(256));
  return chosen;
}

// Instructions of another program put in at `at`; jumps across it go as far as before, and may land inside.
std::vector<Insn> spliced(const std::vector<Insn>& program, const std::vector<Insn>& donor, std::size_t at) {
  std::vector<Insn> joined(program.begin(), program.begin() + static_cast<std::ptrdiff_t>(at));
  joined.insert(joined.end(), donor.begin(), donor.end() - 1);
  joined.insert(joined.end(), program.begin() + static_cast<std::ptrdiff_t>(at), program.end());
  return joined;
}

std::vector<Insn> other_filter(const std::vector<Insn>& filter, Random& random) {
  const auto size = static_cast<std::uint32_t>(filter.size());
  const std::uint32_t at = random.below(size);
  std::vector<Insn> changed = filter;
  switch (random.below(4)) {
    case 0: return without(filter, at, random.between(1, std::min(size - at, 4u)));
    case 1: return spliced(filter, ProgramGenerator(random.next()).valid(8), at);
    case 2:
      changed[at].k = random.chance(50) ? edge_constant(random) : changed[at].k ^ 1u << random.below(32);
      return changed;
    default: return mutated(random, filter);
  }
}

// One word becomes another filter's constant, an edge, or differs in a bit.
void change_an_input(Case& asked, Random& random) {
  SeccompData& data = asked.inputs[random.below(static_cast<std::uint32_t>(asked.inputs.size()))];
  std::uint32_t words[sizeof data / 4];
  std::memcpy(words, &data, sizeof data);
  std::uint32_t& word = words[random.below(std::size(words))];
  word = random.chance(40) ? edge_constant(random) : word ^ 1u << random.below(32);
  std::memcpy(&data, words, sizeof data);
}

std::size_t insns_in(const Case& asked) {
  std::size_t insns = 0;
  for (const auto& filter : asked.filters) insns += filter.size();
  return insns;
}

void change_filters(Case& asked, Random& random) {
  const auto count = static_cast<std::uint32_t>(asked.filters.size());
  const std::uint32_t which = random.below(count);
  const std::uint32_t kind = random.below(16);
  const std::size_t insns = insns_in(asked);
  if (kind == 0 && count < max_made_filters && insns + longest_new_filter <= max_made_insns) {
    asked.filters.push_back(ProgramGenerator(random.next()).valid(longest_new_filter));
  } else if (kind == 1 && count > 1) {
    asked.filters.erase(asked.filters.begin() + static_cast<std::ptrdiff_t>(which));
  } else {
    std::vector<Insn>& filter = asked.filters[which];
    for (int attempt = 0; attempt < 6; ++attempt) {
      std::vector<Insn> changed = other_filter(filter, random);
      const bool grows = changed.size() > filter.size();
      if ((grows && insns + changed.size() - filter.size() > max_made_insns) || verifier::check(changed)) continue;
      filter = std::move(changed);
      return;
    }
  }
}

}  // namespace

std::optional<ChosenCase> read_case(std::span<const std::uint8_t> bytes) {
  Reader reader(bytes);
  ChosenCase chosen;
  std::uint8_t head[3];
  if (!reader.read(head, 3) || head[2] == 0 || head[2] > max_chosen_filters) return std::nullopt;
  chosen.asked.rule = (head[0] & 1) != 0 ? MergeRule::most_restrictive : MergeRule::first_non_allow;
  chosen.engine = head[1];
  for (std::uint8_t i = 0; i < head[2]; ++i) {
    std::uint16_t length = 0;
    if (!reader.read(&length) || length == 0 || length > max_program_length) return std::nullopt;
    std::vector<Insn> filter(length);
    if (!reader.read(filter.data(), length)) return std::nullopt;
    chosen.asked.filters.push_back(std::move(filter));
  }
  for (SeccompData data{}; chosen.asked.inputs.size() < max_chosen_inputs && reader.read(&data);) {
    chosen.asked.inputs.push_back(data);
  }
  if (chosen.asked.inputs.empty()) return std::nullopt;
  return chosen;
}

std::string write_case(const ChosenCase& chosen) {
  std::string bytes;
  bytes += static_cast<char>(chosen.asked.rule == MergeRule::most_restrictive ? 1 : 0);
  bytes += static_cast<char>(chosen.engine);
  bytes += static_cast<char>(chosen.asked.filters.size());
  for (const auto& filter : chosen.asked.filters) {
    const auto length = static_cast<std::uint16_t>(filter.size());
    append(bytes, &length);
    append(bytes, filter.data(), filter.size());
  }
  append(bytes, chosen.asked.inputs.data(), chosen.asked.inputs.size());
  return bytes;
}

ChosenCase other_case(std::optional<ChosenCase> chosen, Random& random) {
  const std::uint32_t kind = random.below(16);
  const auto valid = [](const std::vector<Insn>& filter) { return !verifier::check(filter); };
  const bool usable = chosen && std::all_of(chosen->asked.filters.begin(), chosen->asked.filters.end(), valid);
  if (kind == 0 || !usable) return new_case(random);
  if (kind < 3) {
    chosen->engine = static_cast<std::uint8_t>(random.below(256));
    if (random.chance(30)) {
      chosen->asked.rule = random.chance(50) ? MergeRule::first_non_allow : MergeRule::most_restrictive;
    }
  } else if (kind < 5) {
    new_inputs(chosen->asked, random);
  } else if (kind < 9) {
    change_an_input(chosen->asked, random);
  } else {
    change_filters(chosen->asked, random);
  }
  return *chosen;
}

}  // namespace callgate::fuzz
