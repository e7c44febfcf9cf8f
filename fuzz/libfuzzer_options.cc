#include "fuzz/libfuzzer_options.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

namespace callgate::fuzz {

void prefer_options([[maybe_unused]] int* argc, [[maybe_unused]] char*** argv) {
#ifdef CALLGATE_IN_LIBFUZZER
  // What a compiler's loops count says how large a filter is, not that it is new (use_counters). Writing an input again
  // because a smaller one does the same takes longer than executing it (reduce_inputs). And inputs that take long are
  // those that exceed a budget; without a weight for time most executions would be theirs
  // (entropic_scale_per_exec_time). Of rare features, the few rarest do: the list is searched for each feature of each
  // execution.
  static char preferred[][48] = {"-use_counters=0", "-reduce_inputs=0", "-entropic_scale_per_exec_time=1",
                                 "-entropic_number_of_rarest_features=20"};
  static std::vector<char*> all;
  all.assign(*argv, *argv + *argc);
  for (char* const option : preferred) {
    const std::string_view text = option;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool is_given =
        std::any_of(all.begin(), all.end(), [&](std::string_view given) { return given.starts_with(name); });
    if (!is_given) all.push_back(option);
  }
  *argc = static_cast<int>(all.size());
  all.push_back(nullptr);
  *argv = all.data();
#endif
}

}  // namespace callgate::fuzz

#ifdef CALLGATE_IN_LIBFUZZER
// What AddressSanitizer is told where ASAN_OPTIONS does not say otherwise: two fifths of an execution would be its
// keeping the stack of each allocation, and freed memory for thousands of executions. A crash is run again with
// ASAN_OPTIONS=malloc_context_size=30.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=0:max_malloc_fill_size=0:quarantine_size_mb=2:thread_local_quarantine_size_kb=128";
}
#endif
