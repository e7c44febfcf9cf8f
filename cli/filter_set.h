// Filters that were found in processes, as text or as files that every other verb reads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "callgate/insn.hpp"
#include "cli/command.h"

namespace callgate::cli {

enum class FilterSetFormat { text, raw, json };

// A process, or several with the same filters, oldest first.
struct FoundChain {
  std::string owner;                 // "process 42"
  std::vector<std::size_t> filters;  // indices into the filters
};

// Writes the filters once each and the chains: to DIR/0.bpf, DIR/1.bpf … if a folder is given (it is made if it is not
// there), and what they are to standard output. Raw filters need a folder unless there is one only.
void write_filter_set(Session& session, const std::vector<std::vector<Insn>>& filters,
                      const std::vector<FoundChain>& chains, FilterSetFormat format, const std::string& folder);

// --format and --output.
void add_filter_set_options(CLI::App& command, FilterSetFormat& format, std::string& folder);

}  // namespace callgate::cli
