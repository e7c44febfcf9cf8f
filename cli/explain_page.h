// What policies decide as one page of HTML: everything in it, nothing loaded from elsewhere.
#pragma once

#include <span>
#include <string>

#include "cli/explainer.h"

namespace callgate::cli {

struct PolicyOnPage {
  std::string name;
  std::vector<ExplainedDomain> domains;  // with graphs
};

// One policy, or two side by side.
std::string explain_page(std::span<const PolicyOnPage> policies);

}  // namespace callgate::cli
