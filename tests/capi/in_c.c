// A program in C11: every function of callgate.h, and what it answers to wrong arguments. Prints what is wrong.
#include "callgate/callgate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) {                                      \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                            \
    }                                                        \
  } while (0)

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ERRNO(1) for number 101, ERRNO(2) for number 102 with a first argument of 16.
static const struct callgate_insn no_101[] = {
    {0x20, 0, 0, 0}, {0x15, 0, 1, 101}, {0x06, 0, 0, CALLGATE_ERRNO | 1}, {0x06, 0, 0, CALLGATE_ALLOW}};
static const struct callgate_insn no_102[] = {{0x20, 0, 0, 0},
                                              {0x15, 0, 3, 102},
                                              {0x20, 0, 0, 16},
                                              {0x15, 0, 1, 16},
                                              {0x06, 0, 0, CALLGATE_ERRNO | 2},
                                              {0x06, 0, 0, CALLGATE_ALLOW}};
static const struct callgate_filter both[] = {{no_101, COUNT(no_101)}, {no_102, COUNT(no_102)}};

static struct callgate_data call(uint32_t nr, uint64_t first) {
  struct callgate_data data;
  memset(&data, 0, sizeof data);
  data.nr = nr;
  data.arch = CALLGATE_ARCH_X86_64;
  data.args[0] = first;
  return data;
}

static uint32_t decide(const callgate_chain* chain, uint32_t nr, uint64_t first) {
  const struct callgate_data data = call(nr, first);
  const uint32_t result = callgate_evaluate(chain, &data);
  CHECK(callgate_chain_evaluate(chain, &data) == result);
  struct callgate_decision decision = {.size = sizeof decision};
  CHECK(callgate_match(chain, &data, &decision) == CALLGATE_OK);
  CHECK(decision.result == result);
  return result;
}

static void test_chains(void) {
  const callgate_chain* chain = NULL;
  struct callgate_error error = {.size = sizeof error, .code = 77};
  CHECK(callgate_chain_from_filters(NULL, both, COUNT(both), &chain, &error) == CALLGATE_OK);
  CHECK(error.code == CALLGATE_OK && error.filter == CALLGATE_NONE && error.instruction == CALLGATE_NONE);
  CHECK(decide(chain, 0, 16) == CALLGATE_ALLOW);
  CHECK(decide(chain, 101, 16) == (CALLGATE_ERRNO | 1));
  CHECK(decide(chain, 102, 16) == (CALLGATE_ERRNO | 2));
  CHECK(decide(chain, 102, 17) == CALLGATE_ALLOW);

  struct callgate_info info = {.size = sizeof info};
  CHECK(callgate_chain_info(chain, &info) == CALLGATE_OK);
  CHECK(info.length == 2 && info.bytecode_bytes == sizeof no_101 + sizeof no_102);
  CHECK(info.engine != CALLGATE_ENGINE_AUTOMATIC && info.fallback_number == 0);
  CHECK(info.frame_kind == CALLGATE_FRAME_SECCOMP_DATA);

  // One at a time, as programs: the same, and the first chain lives on.
  const callgate_program* programs[2] = {NULL, NULL};
  CHECK(callgate_verify(no_101, COUNT(no_101), &programs[0], NULL) == CALLGATE_OK);
  CHECK(callgate_verify(no_102, COUNT(no_102), &programs[1], NULL) == CALLGATE_OK);
  const callgate_chain* empty = NULL;
  const callgate_chain* one = NULL;
  const callgate_chain* two = NULL;
  CHECK(callgate_chain_from_filters(NULL, NULL, 0, &empty, &error) == CALLGATE_OK);
  CHECK(callgate_chain_attach_programs(empty, programs, 1, &one, &error) == CALLGATE_OK);
  CHECK(callgate_chain_attach(one, &both[1], 1, &two, &error) == CALLGATE_OK);
  callgate_program_release(programs[0]);
  CHECK(decide(empty, 101, 0) == CALLGATE_ALLOW);
  CHECK(decide(one, 101, 0) == (CALLGATE_ERRNO | 1) && decide(one, 102, 16) == CALLGATE_ALLOW);
  callgate_chain_release(one);
  CHECK(decide(two, 101, 0) == (CALLGATE_ERRNO | 1) && decide(two, 102, 16) == (CALLGATE_ERRNO | 2));

  CHECK(callgate_chain_retain(two) == two);
  callgate_chain_release(two);
  CHECK(decide(two, 101, 0) == (CALLGATE_ERRNO | 1));

  size_t count = 0;
  const struct callgate_insn* instructions = callgate_program_instructions(programs[1], &count);
  CHECK(count == COUNT(no_102) && memcmp(instructions, no_102, sizeof no_102) == 0);
  CHECK(callgate_program_kernel_length(programs[1]) == 3 + 1 + 1 + 1 + 1 + 2 + 2);
  const struct callgate_data denied = call(102, 16);
  CHECK(callgate_interpret(programs[1], &denied) == (CALLGATE_ERRNO | 2));
  CHECK(callgate_program_retain(programs[1]) == programs[1]);
  callgate_program_release(programs[1]);
  callgate_program_release(programs[1]);

  callgate_chain_release(two);
  callgate_chain_release(empty);
  callgate_chain_release(chain);
  callgate_chain_release(NULL);
  callgate_program_release(NULL);
}

static void test_frames(void) {
  struct callgate_layout layout = {.size = sizeof layout};
  CHECK(callgate_layout_preset(CALLGATE_FRAME_SPLIT, CALLGATE_ARCH_X86_64, &layout) == CALLGATE_OK);
  CHECK(callgate_layout_kind(&layout) == CALLGATE_FRAME_SPLIT);
  const struct callgate_options options = {.size = sizeof options, .layout = &layout, .path_limit = 100};
  const callgate_chain* chain = NULL;
  CHECK(callgate_chain_from_filters(&options, both, COUNT(both), &chain, NULL) == CALLGATE_OK);
  const uint32_t frame[13] = {102, 16};
  CHECK(callgate_evaluate_frame(chain, frame) == (CALLGATE_ERRNO | 2));
  CHECK(callgate_chain_evaluate_frame(chain, frame) == (CALLGATE_ERRNO | 2));
  CHECK(callgate_evaluate_frame_as(chain, CALLGATE_FRAME_SPLIT, frame) == (CALLGATE_ERRNO | 2));
  CHECK(callgate_evaluate_frame_as(chain, CALLGATE_FRAME_SECCOMP_NOTIF, frame) == CALLGATE_KILL_PROCESS);
  struct callgate_decision decision = {.size = sizeof decision};
  CHECK(callgate_match_frame(chain, frame, &decision) == CALLGATE_OK);
  CHECK(decision.result == (CALLGATE_ERRNO | 2) && decision.filter == 1);

  struct callgate_options used = {.size = sizeof used};
  struct callgate_layout copy = {.size = sizeof copy};
  CHECK(callgate_chain_options(chain, &used, &copy) == CALLGATE_OK);
  CHECK(used.path_limit == 100 && used.layout == &copy && used.optimize == CALLGATE_OPTIMIZE_FULL);
  CHECK(memcmp(&copy, &layout, sizeof copy) == 0);
  callgate_chain_release(chain);
}

static void test_errors(void) {
  const struct callgate_insn leaves[] = {{0x15, 9, 0, 0}, {0x06, 0, 0, 0}};
  const struct callgate_filter filters[] = {both[0], {leaves, COUNT(leaves)}};
  const callgate_chain* chain = (const callgate_chain*)(const void*)leaves;
  struct callgate_error error = {.size = sizeof error};
  CHECK(callgate_chain_from_filters(NULL, filters, 2, &chain, &error) == CALLGATE_JUMP_OUT_OF_PROGRAM);
  CHECK(chain == NULL && error.filter == 1 && error.instruction == 0 && error.error_number == 22);
  CHECK(CALLGATE_AREA(error.code) == CALLGATE_AREA_VERIFICATION);
  char text[256];
  const size_t length = callgate_error_text(&error, text, sizeof text);
  CHECK(strcmp(text, "filter 1, at 0: jump leaves the program (jt=9, length 2)") == 0);
  CHECK(length == strlen(text));
  char little[9];
  CHECK(callgate_error_text(&error, little, sizeof little) == length && strcmp(little, "filter 1") == 0);
  CHECK(callgate_error_text(&error, NULL, 0) == length);
}

static void test_null(void) {
  const struct callgate_data data = call(0, 0);
  CHECK(callgate_evaluate(NULL, &data) == CALLGATE_KILL_PROCESS);
  CHECK(callgate_evaluate_frame(NULL, &data) == CALLGATE_KILL_PROCESS);
  CHECK(callgate_interpret(NULL, &data) == CALLGATE_KILL_PROCESS);
  struct callgate_error error = {.size = sizeof error};
  const callgate_program* program = NULL;
  CHECK(callgate_verify(NULL, 1, &program, &error) == CALLGATE_NULL_POINTER);
  CHECK(strcmp(error.where, "instructions") == 0);
  CHECK(callgate_verify(NULL, 0, &program, &error) == CALLGATE_EMPTY);
}

// What this program does when it is started with a descriptor: 42 if the chain in it decides as `both` do.
static int load_and_decide(int descriptor) {
  const callgate_chain* chain = NULL;
  if (callgate_chain_load(descriptor, NULL, &chain, NULL) != CALLGATE_OK) return 1;
  const int is_right = decide(chain, 101, 0) == (CALLGATE_ERRNO | 1) &&
                       decide(chain, 102, 16) == (CALLGATE_ERRNO | 2) && decide(chain, 102, 17) == CALLGATE_ALLOW;
  callgate_chain_release(chain);
  return is_right ? 42 : 2;
}

static void test_across_execve(char* program) {
  const callgate_chain* chain = NULL;
  int descriptor = -1;
  CHECK(callgate_chain_from_filters(NULL, both, COUNT(both), &chain, NULL) == CALLGATE_OK);
  CHECK(callgate_chain_save(chain, &descriptor, NULL) == CALLGATE_OK);
  callgate_chain_release(chain);
  CHECK(fcntl(descriptor, F_GETFD) == FD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) {
    char number[16];
    snprintf(number, sizeof number, "%d", descriptor);
    char* const arguments[] = {program, number, NULL};
    fcntl(descriptor, F_SETFD, 0);
    execv(program, arguments);
    _exit(errno == ENOEXEC ? 42 : 3);  // an emulator runs this program, and the kernel does not
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42);
  close(descriptor);
}

int main(int count, char** arguments) {
  if (count == 2) return load_and_decide(atoi(arguments[1]));
  test_chains();
  test_frames();
  test_errors();
  test_null();
  test_across_execve(arguments[0]);
  CHECK(strcmp(callgate_version(), CALLGATE_VERSION) == 0);
  if (failures == 0) printf("all is as it should be\n");
  return failures != 0;
}
