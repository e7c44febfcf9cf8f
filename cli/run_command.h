// The callgate command as a function, for its main() and for tests that run it inside their own process.
#pragma once

namespace callgate::cli {

// Takes what main() takes and returns what main() returns. Opens what is closed of the three standard streams, and
// settles signals (cli/signals.h).
int run_command(int argc, char** argv);

}  // namespace callgate::cli
