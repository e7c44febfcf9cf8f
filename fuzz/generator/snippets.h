// What programs are made of.
#pragma once

#include <span>

#include "fuzz/generator/writer.h"

namespace callgate::fuzz {

using Snippet = void (*)(Writer&);

// Instructions and shapes that break code generators. The first is a plain load.
std::span<const Snippet> code_snippets();

// Shapes of real filters.
std::span<const Snippet> filter_snippets();

// A return, with a constant or with A.
void leave(Writer& w);

// Every scratch slot written.
void store_all(Writer& w);

}  // namespace callgate::fuzz
