#include "cli/signals.h"

#include <csignal>

namespace callgate::cli {
namespace {

struct Settled {
  int number;
  void (*wanted)(int);
  struct sigaction before;
};
Settled settled[] = {{SIGPIPE, SIG_IGN, {}}, {SIGXFSZ, SIG_IGN, {}}, {SIGCHLD, SIG_DFL, {}}};

}  // namespace

void settle_signals() noexcept {
  for (Settled& each : settled) {
    struct sigaction action {};
    action.sa_handler = each.wanted;
    sigaction(each.number, &action, &each.before);
  }
}

void restore_signals() noexcept {
  for (const Settled& each : settled) sigaction(each.number, &each.before, nullptr);
}

}  // namespace callgate::cli
