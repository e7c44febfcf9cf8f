// Signals as the command wants them, and as its caller had them.
#pragma once

namespace callgate::cli {

// A write that cannot be done (SIGPIPE, SIGXFSZ) is an error of that write, which has a message, and does not end the
// process; children that end (SIGCHLD) can be waited for. Whoever started the command may have set them otherwise.
void settle_signals() noexcept;

// What was before, for a program that this process is about to become. Async-signal-safe.
void restore_signals() noexcept;

}  // namespace callgate::cli
