// The question whether two chains decide alike, as text of SMT-LIB 2 for solvers that share nothing with the walk: made
// from the instructions, one definition for each value of a register.
#pragma once

#include <string>

#include "proof/compare.h"

namespace callgate::proof {

// The words of a call as constants: declared once, before any question.
std::string smt2_declarations();

// Definitions, whose names begin with `prefix`, and an assertion that the chains decide differently: it can be
// satisfied if and only if they are not equal.
std::string smt2_difference(const ChainRef& old_chain, const ChainRef& new_chain, const std::string& prefix);

// A whole file: logic, declarations, question, check-sat.
std::string smt2_file(const ChainRef& old_chain, const ChainRef& new_chain);

}  // namespace callgate::proof
