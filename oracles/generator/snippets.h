// What programs are made of: each snippet adds a few instructions, or a whole shape, to what is there.
#pragma once

#include <span>

#include "oracles/generator/writer.h"

namespace callgate::oracles {

using Snippet = void (*)(Writer&);

std::span<const Snippet> straight_snippets();  // arithmetic, moves, scratch memory; the first is a plain load
std::span<const Snippet> flow_snippets();      // jumps, merges, dead code, returns
std::span<const Snippet> filter_snippets();    // shapes of real filters

void load(Writer& w);
void alu_constant(Writer& w);
void leave(Writer& w);      // a return, of a constant or of A
void store_all(Writer& w);  // every scratch slot written
void fold_all(Writer& w);   // every scratch slot folded into A, so that all are live up to here
void scratch(Writer& w);
void diamond(Writer& w);  // two arms that leave different A, X and slots behind and meet again
void nested_diamonds(Writer& w);
void number_rules(
    Writer& w);  // as libseccomp writes them: arch, x32 guard, then a list or a tree of numbers with rules
void argument_rule(Writer& w);

}  // namespace callgate::oracles
