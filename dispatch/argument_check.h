// Residuals that are one look at one argument, as data.
//
// Filters look at an argument more than once: its halves are compared one after the other, bits are tested one by one,
// a list is compared value by value. Looks that follow each other are joined from the last one upwards as long as a
// check can name the values that lead to one of two results:
//
//   s3: no bit of lo & m: s1, else s2         its forms: as it is;
//                                             with s2 as it is  lo & m in {0, 1, 3, 4}: s1, else KILL;
//                                             and this with s1  a & (m and all of hi) in {0, 1, 3, 4}: ALLOW, else KILL
//   s2: lo & m in {1, 3, 4}: s1, else KILL    its forms: as it is; with s1  a & … in {1, 3, 4}: ALLOW, else KILL
//   s1: hi is 0: ALLOW, else KILL
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "callgate/chain.hpp"
#include "dispatch/value_set.h"
#include "jit/switch.h"

namespace callgate::detail {

// The checks of the choices of one graph. What they refer to must outlive the object. `layout` has both halves of every
// argument side by side.
class ArgumentChecks {
 public:
  // Where the values of a set of one argument lead, and where the others do.
  struct Form {
    std::uint32_t offset = 0;  // of the argument in seccomp_data, in bytes
    ValueSet set{};
    jit::SwitchId inside{};
    jit::SwitchId outside{};
  };

  ArgumentChecks(const ir::Graph& graph, const jit::Switches& choices, const InputLayout& layout)
      : graph_(graph), choices_(choices), layout_(layout) {}

  // The check that decides as the choice does: two constant results, by a set of values of one 64-bit argument (or of
  // one of its halves, or under a mask) that a callgate_check can name. May throw std::bad_alloc.
  std::optional<callgate_check> check(jit::SwitchId id);

 private:
  static constexpr std::size_t most_forms = 6;  // of one choice
  static constexpr std::uint32_t unseen = 0xffffffff;

  struct FormOf {
    jit::SwitchId of;
    Form form;
  };

  bool is_result(jit::SwitchId id) const { return choices_[id].kind() == jit::SwitchKind::constant; }
  bool is_decision(const Form& form) const { return is_result(form.inside) && is_result(form.outside); }
  std::optional<Form> look(jit::SwitchId id) const;
  static std::optional<Form> joined(const Form& first, jit::SwitchId via, const Form& second);
  void find_forms(jit::SwitchId id, unsigned depth);
  std::optional<Form> decision(jit::SwitchId id);

  const ir::Graph& graph_;
  const jit::Switches& choices_;
  const InputLayout& layout_;
  ir::IdMap<jit::SwitchId, std::uint32_t> first_form_;  // index into forms_; those of one choice follow each other
  std::vector<FormOf> forms_;
};

// Whether arguments can be read as 64 bits.
bool has_wide_arguments(const InputLayout& layout);

}  // namespace callgate::detail
