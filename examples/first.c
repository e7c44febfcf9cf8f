// callgate in C: a filter becomes a chain, and the chain decides calls.
#include <callgate/callgate.h>
#include <stdio.h>

int main(void) {
  const struct callgate_insn no_reboot[] = {
      {0x20, 0, 0, 4},   {0x15, 1, 0, CALLGATE_ARCH_X86_64}, {0x06, 0, 0, CALLGATE_KILL_PROCESS}, {0x20, 0, 0, 0},
      {0x15, 0, 1, 169}, {0x06, 0, 0, CALLGATE_ERRNO | 1},   {0x06, 0, 0, CALLGATE_ALLOW}};
  const struct callgate_filter filters[] = {{no_reboot, sizeof no_reboot / sizeof *no_reboot}};

  const callgate_chain* chain = NULL;
  struct callgate_error error = {.size = sizeof error};
  if (callgate_chain_from_filters(NULL, filters, 1, &chain, &error) != CALLGATE_OK) {
    char text[256];
    callgate_error_text(&error, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 1;
  }
  for (uint32_t number = 168; number <= 169; ++number) {
    const struct callgate_data call = {.nr = number, .arch = CALLGATE_ARCH_X86_64};
    char text[48];
    callgate_result_text(callgate_evaluate(chain, &call), text, sizeof text);
    printf("call %u: %s\n", (unsigned)number, text);
  }
  callgate_chain_release(chain);
  return 0;
}
