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

#include "callgate/decide.h"
#include "dispatch/looks.h"
#include "dispatch/value_list.h"
#include "dispatch/value_set.h"

namespace callgate::detail {

// The checks and lists of the choices of one graph.
class ArgumentChecks {
 public:
  // Where the values of a set of one argument lead, and where the others do.
  struct Form {
    std::uint32_t offset = 0;  // of the argument in seccomp_data, in bytes
    ValueSet set{};
    jit::SwitchId inside{};
    jit::SwitchId outside{};
  };

  explicit ArgumentChecks(const Looks& looks) : looks_(looks) {}

  // The check that decides as the choice does: two constant results, by a set of values of one 64-bit argument (or of
  // one of its halves, or under a mask) that a callgate_check can name. May throw std::bad_alloc.
  std::optional<callgate_check> check(jit::SwitchId id);

  // The list that decides as the choice does: two constant results, one of them for single values of a 64-bit argument
  // (or of one of its halves, or under a mask), also where the other half is looked at behind the list. May throw
  // std::bad_alloc.
  std::optional<ValueList> list(jit::SwitchId id) const;

 private:
  static constexpr std::size_t most_forms = 6;  // of one choice
  static constexpr std::uint32_t unseen = 0xffffffff;

  struct FormOf {
    jit::SwitchId of;
    Form form;
  };

  bool is_decision(const Form& form) const { return looks_.is_result(form.inside) && looks_.is_result(form.outside); }
  std::optional<Form> look(jit::SwitchId id) const;
  static std::optional<Form> joined(const Form& first, jit::SwitchId via, const Form& second);
  void find_forms(jit::SwitchId id, unsigned depth);
  std::optional<Form> decision(jit::SwitchId id);

  const Looks& looks_;
  ir::IdMap<jit::SwitchId, std::uint32_t> first_form_;  // index into forms_; those of one choice follow each other
  std::vector<FormOf> forms_;
};

}  // namespace callgate::detail
