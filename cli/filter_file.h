// Files that hold a filter, in any format, as the subcommands read them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpf/assembler.h"
#include "bpf/formats.h"
#include "callgate/program.hpp"
#include "cli/command.h"
#include "profiles/oci.h"

namespace callgate::cli {

struct FilterOptions {
  std::optional<bpf::Format> format;  // empty: guess from the content
  bpf::LongJumps long_jumps = bpf::LongJumps::reject;
  profiles::OciOptions oci;
};

// Adds `format_flag` and what OCI profiles need: --cap, --kernel-version, --engine-of, --accept-mismatch,
// --tree.
void add_filter_options(CLI::App& app, FilterOptions& options, const std::string& format_flag);

// Adds filters as FILE… and as -f FILE, which every subcommand takes; not both at once.
void add_filter_files(CLI::App& app, std::vector<std::string>& files, const std::string& help);

// A Failure (usage) if standard input is named twice among the files that will be read.
void refuse_reading_twice(std::span<const std::string> names);

// For the subcommand's callback: a parse error if there is none; else the same.
void require_filter_files(const std::vector<std::string>& files);

// --format once said here what --input-format says; elsewhere it always was about what is written.
void add_old_format_flag(CLI::App& app, FilterOptions& options);

// The instructions in the file `name`, not verified. A Failure (usage) if it cannot be read as a filter. What an OCI
// profile leaves out is told on standard error.
// `content`, if not null, gets what is in the file.
std::vector<Insn> read_filter_file(Session& session, const std::string& name, const FilterOptions& options,
                                   std::string* content = nullptr);

// The same, verified. A Failure (failed) if the filter is invalid.
Program read_program(Session& session, const std::string& name, const FilterOptions& options,
                     std::string* content = nullptr);

// The same of a content that is at hand; `name` is for messages.
Program program_of(Session& session, const std::string& name, const std::string& content, const FilterOptions& options);

}  // namespace callgate::cli
