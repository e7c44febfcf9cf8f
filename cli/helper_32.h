// What the subcommands that run x86_32 code from a 64-bit command share.
#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"

namespace callgate::cli {

// Where the helper's program lies, seen from where the command lies.
std::string helper_32();

// The folder of the program that this process runs. Needs no /proc.
std::filesystem::path own_folder();

// A note on standard error if an emulator runs the helper, and why.
void say_who_runs_32_bit_code(Session& session);

}  // namespace callgate::cli
