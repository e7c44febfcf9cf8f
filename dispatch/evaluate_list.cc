// Chains that stay on the heap: apart from evaluate.cc, because the freestanding core has none. The promises of that
// file hold.
#include "dispatch/merge.h"
#include "dispatch/published.h"

namespace callgate::detail {

bool take_list(Merge& merge, const SeccompData& data, const Published& chain) noexcept {
  for (const FilterLink* link = chain.newest; link != nullptr; link = link->older) {
    if (!merge.take(interpret(link->program, data))) return false;
  }
  return true;
}

}  // namespace callgate::detail
