// callgate: seccomp filters, fast and trustworthy outside the kernel. This header gathers the public ones.
#pragma once

#include "callgate/action.hpp"
#include "callgate/chain.hpp"
#include "callgate/chain_slot.hpp"
#include "callgate/expected.hpp"
#include "callgate/export.hpp"
#include "callgate/insn.hpp"
#include "callgate/layout.hpp"
#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "callgate/sigsys.hpp"
#include "callgate/version.hpp"
