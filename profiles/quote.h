// Text that came from outside, made fit for a message.
#pragma once

#include "bpf/quote.h"

namespace callgate::profiles {

using bpf::harmless;
using bpf::in_quotes;

}  // namespace callgate::profiles
