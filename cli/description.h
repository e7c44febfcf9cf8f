// The command's own description (CLI11's tree of subcommands and options), as manual pages and as completion for
// shells. They are made when the command is built, so they cannot differ from what it takes.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace callgate::cli {

struct DescriptionFile {
  std::string name;  // of the file
  std::string text;
};

// callgate.1 and callgate-VERB.1 for each verb. `date` is that of the page, such as 2026-11-29.
std::vector<DescriptionFile> manual_pages(const CLI::App& app, const std::string& version, const std::string& date);

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace callgate::cli
