// The probe: a small static program that loads filters into the kernel and tells what happened. It is built for 64
// and for 32 bits, without sanitizers, whatever its users are built for. It serves requests (probe_protocol.h) on
// its standard input, a socket, until that closes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "oracles/kernel/gate.h"
#include "oracles/kernel/kernel_loader.h"
#include "oracles/kernel/probe_protocol.h"

namespace {

using namespace callgate;
using namespace callgate::kernel;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "probe: %s\n", what);
  std::_Exit(3);
}

// --- Requests

void transfer(bool reading, void* buffer, std::size_t size) {
  auto* at = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t n = reading ? read(0, at, size) : write(0, at, size);
    if (n == 0) std::_Exit(0);  // the client is done
    if (n < 0) give_up("the socket fails");
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

alignas(8) char request_bytes[16 << 20];

// Reads a request's payload from the front.
struct Reader {
  const char* at;
  const char* end;

  bool empty() const { return at == end; }

  template <class T>
  const T* take(std::uint32_t count = 1) {
    if (static_cast<std::size_t>(end - at) / sizeof(T) < count) give_up("short request");
    const auto* items = reinterpret_cast<const T*>(at);
    at += count * sizeof(T);
    return items;
  }
};

struct Filter {
  const Insn* insns;
  std::uint32_t length;

  static Filter take(Reader& in) {
    const std::uint32_t length = in.take<FilterHeader>()->length;
    return {in.take<Insn>(length), length};
  }
};

// --- Children. What a child finds out goes into a page it shares with the probe: it makes no system call for it.

constexpr std::uint32_t most_results = 1 << 16;

struct Shared {
  volatile std::uint32_t error;    // errno of loading
  volatile std::uint32_t current;  // index of the call being issued
  volatile std::uint32_t survived;
  Observation observation;
  CallResult calls[most_results];
  StepResult steps[most_results];
  unsigned char errors[most_results];
  Pace pace;  // of verdicts; other requests fork for a few filters, which is slow enough
};
Shared* shared = nullptr;

void answer(const void* bytes, std::size_t size) {
  Header header{Request::hello, static_cast<std::uint32_t>(size)};
  transfer(false, &header, sizeof header);
  transfer(false, const_cast<void*>(bytes), size);
}

// Runs `body` in a child and returns how the child ended (see waitpid). The probe is a static program without
// exceptions, which oracles/process/ needs.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child < 0) give_up("cannot fork");
  if (child == 0) {
    body();
    std::_Exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) give_up("cannot wait");
  }
  return status;
}

bool died_of(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

void load_in_child(const Filter& filter) {
  int error = set_no_new_privs();
  if (error == 0) error = load(filter.insns, filter.length);
  shared->error = static_cast<std::uint32_t>(error);
  if (error != 0) std::_Exit(1);
}

void serve_hello() {
  Hello hello{};
  hello.bits = 8 * sizeof(void*);
  hello.address_after[0] = address_after(Gate::native);
  hello.address_after[1] = address_after(Gate::int80);
  in_child([] { load_in_child({allow_all, 1}); });
  hello.load_errno = shared->error;
  constexpr std::uint32_t i386_getpid = 20;
  shared->survived = 0;
  in_child([] { shared->survived = issue(Gate::int80, {i386_getpid, 0, 0, {}}) == getpid(); });
  hello.int80_works = shared->survived;
  answer(&hello, sizeof hello);
}

// A task that has a listener cannot get a second one. That is found out after the filter is checked and before it
// is attached (seccomp_set_mode_filter() in kernel/seccomp.c): EBUSY means accepted. The first filter, which holds the
// listener, does stay, so all this is done by a child: a probe that kept it would lengthen the path of later requests.
void serve_verdicts(Reader in) {
  shared->current = 0;
  shared->survived = 0;
  in_child([&] {
    if (set_no_new_privs() != 0) give_up("no_new_privs");
    if (load(allow_all, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) give_up("cannot load a filter with a listener");
    while (!in.empty()) {
      const Filter filter = Filter::take(in);
      if (shared->current == most_results) give_up("too many filters");
      const int error = load(filter.insns, filter.length, SECCOMP_FILTER_FLAG_NEW_LISTENER);
      if (error == EBUSY) shared->pace.accepted();
      shared->errors[shared->current] = static_cast<unsigned char>(error);
      shared->current = shared->current + 1;
    }
    shared->survived = 1;
  });
  if (shared->survived == 0) give_up("a child did not end as planned");
  answer(shared->errors, shared->current);
}

// The child issues its calls and nothing else: its filter answers every call, and it ends by an illegal
// instruction. A call that kills it is noted, and another child goes on with the next.
void serve_calls(Reader in) {
  const Calls calls = *in.take<Calls>();
  const Filter filter = Filter::take(in);
  if (calls.inputs > most_results) give_up("too many inputs");
  const SeccompData* inputs = in.take<SeccompData>(calls.inputs);
  for (std::uint32_t next = 0; next < calls.inputs;) {
    const int status = in_child([&] {
      load_in_child(filter);
      for (std::uint32_t i = next; i < calls.inputs; ++i) {
        shared->current = i;
        shared->calls[i] = {0, issue(calls.gate, inputs[i])};
      }
      __builtin_trap();
    });
    if (shared->error != 0) give_up("the kernel refuses a filter");
    next = calls.inputs;
    if (died_of(status, SIGSYS)) {
      shared->calls[shared->current] = {1, 0};
      next = shared->current + 1;
    } else if (!died_of(status, SIGILL)) {
      give_up("a child did not end as planned");
    }
  }
  answer(shared->calls, calls.inputs * sizeof(CallResult));
}

// --- One call under several filters, seen from outside

void on_sigsys(int, siginfo_t* info, void*) {
  ++shared->observation.trapped;
  shared->observation.trap_data = static_cast<std::uint32_t>(info->si_errno);
}

struct Actor {
  Reader filters;
  Act act;
};

// The filters belong to this thread only, so that it can be killed while the process lives.
void* act_in_thread(void* argument) {
  auto [filters, act] = *static_cast<Actor*>(argument);
  for (std::uint32_t i = 0; i < act.filters; ++i) {
    const Filter filter = Filter::take(filters);
    const int error = load(filter.insns, filter.length);
    if (error != 0) {
      shared->observation.value = error;
      return nullptr;
    }
  }
  shared->observation.fate = Fate::thread_killed;  // until the call returns
  shared->observation.value = issue(Gate::native, {act.nr, 0, 0, {}});
  shared->observation.fate = Fate::returned;
  return nullptr;
}

void serve_act(Reader in) {
  Actor actor{in, *in.take<Act>()};
  actor.filters = in;
  shared->observation = {Fate::failed, 0, 0, 0};
  shared->survived = 0;
  const int status = in_child([&] {
    struct sigaction action {};
    action.sa_sigaction = on_sigsys;
    action.sa_flags = SA_SIGINFO;
    pthread_t thread{};
    if (sigaction(SIGSYS, &action, nullptr) != 0 || set_no_new_privs() != 0 ||
        pthread_create(&thread, nullptr, act_in_thread, &actor) != 0) {
      give_up("cannot start a thread");
    }
    pthread_join(thread, nullptr);
    shared->survived = 1;
  });
  if (shared->survived == 0 && died_of(status, SIGSYS)) shared->observation.fate = Fate::process_killed;
  answer(&shared->observation, sizeof(Observation));
}

// --- Scripts

int run_once(const Step& step, const Filter& filter) {
  auto* const nowhere = reinterpret_cast<const Insn*>(8);
  switch (step.op) {
    case Op::no_new_privs: return set_no_new_privs();
    case Op::drop_privileges: return geteuid() == 0 && setresuid(65534, 65534, 65534) != 0 ? errno : 0;
    case Op::load: return load(filter.insns, filter.length, step.flags);
    case Op::load_null: return load(nullptr, step.length_override, step.flags);
    case Op::load_unreadable: return load(nowhere, step.length_override, step.flags);
    case Op::null_header: return seccomp(SECCOMP_SET_MODE_FILTER, step.flags, nullptr);
    case Op::unknown_operation: return seccomp(0xffff, step.flags, nullptr);
    case Op::branch_begin:
    case Op::branch_end: return 0;
  }
  give_up("unknown step");
}

StepResult run_step(const Step& step, const Filter& filter) {
  StepResult result{0, 0};
  while (result.done < step.repeat) {
    result.error = static_cast<std::uint32_t>(run_once(step, filter));
    if (result.error != 0) break;
    ++result.done;
  }
  return result;
}

void run_steps(Reader in);

// Runs the steps behind a branch_begin in a child, and returns what follows their branch_end.
Reader run_branch(Reader in) {
  in_child([&] { run_steps(in); });
  while (!in.empty()) {
    const Op op = in.take<Step>()->op;
    Filter::take(in);
    if (op == Op::branch_end) break;
  }
  return in;
}

void run_steps(Reader in) {
  while (!in.empty()) {
    const Step step = *in.take<Step>();
    const Filter filter = Filter::take(in);
    if (shared->current == most_results) give_up("too many steps");
    shared->steps[shared->current] = run_step(step, filter);
    shared->current = shared->current + 1;
    if (step.op == Op::branch_end) return;
    if (step.op == Op::branch_begin) in = run_branch(in);
  }
}

void serve_script(Reader in) {
  shared->current = 0;
  in_child([&] { run_steps(in); });
  answer(shared->steps, shared->current * sizeof(StepResult));
}

void serve(Request kind, Reader in) {
  switch (kind) {
    case Request::hello: return serve_hello();
    case Request::verdicts: return serve_verdicts(in);
    case Request::calls: return serve_calls(in);
    case Request::act: return serve_act(in);
    case Request::script: return serve_script(in);
  }
  give_up("unknown request");
}

}  // namespace

int main() {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // children die on purpose: no core files
  void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) give_up("no memory");
  shared = new (page) Shared;
  for (;;) {
    Header header{};
    transfer(true, &header, sizeof header);
    if (header.bytes > sizeof request_bytes) give_up("request too large");
    transfer(true, request_bytes, header.bytes);
    serve(header.kind, {request_bytes, request_bytes + header.bytes});
  }
}
