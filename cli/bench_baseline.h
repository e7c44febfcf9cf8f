// A run of "callgate bench" beside a former one: whether they may be compared, and what became worse.
#pragma once

#include <string>
#include <vector>

#include "cli/bench_json.h"

namespace callgate::cli {

enum class Compared { both, instructions, times };

struct Limits {
  double part = 0.05;  // that a figure may grow by
  Compared compared = Compared::both;
  bool any_processor = false;  // compare times of different processor models as well
};

// Why figures of `now` say nothing about the baseline's; empty if they do.
std::string why_incomparable(const Identity& baseline, const Identity& now, const Limits& limits);

// What differs, is worth a word, and does not stand in the way: a sentence each.
std::vector<std::string> notes(const Baseline& baseline, const Identity& now, const Limits& limits);

// Whether no time of `measured` is above the limit.
bool times_are_fine(const Baseline& baseline, const bench::RoundsResult& measured,
                    const std::vector<std::string>& names, const Limits& limits);

struct Comparison {
  std::string text;  // a table of all figures
  bool fine = true;
};

Comparison compare(const Baseline& baseline, const Measured& measured, const Limits& limits);

}  // namespace callgate::cli
