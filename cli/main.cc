// The callgate command.
#include "cli/run_command.h"

int main(int argc, char** argv) { return callgate::cli::run_command(argc, argv); }
