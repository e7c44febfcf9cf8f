#include "oracles/kernel/probe_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "oracles/machine/machine.h"
#include "oracles/process/child.h"

namespace callgate::kernel {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("probe: " + what); }

void send_all(int socket, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t n = send(socket, at, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("it died before a request");
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

void receive_all(int socket, void* bytes, std::size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t n = recv(socket, at, size, MSG_WAITALL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("it died over a request (its reason is above)");
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

// The payload of a request.
class Payload {
 public:
  template <class T>
  Payload& add(const T& item) {
    return add_all(std::span<const T>(&item, 1));
  }
  template <class T>
  Payload& add_all(std::span<const T> items) {
    static_assert(sizeof(T) % 8 == 0);
    const auto* from = reinterpret_cast<const char*>(items.data());
    bytes_.insert(bytes_.end(), from, from + items.size_bytes());
    return *this;
  }
  Payload& add_filter(std::span<const Insn> filter) {
    add(FilterHeader{static_cast<std::uint32_t>(filter.size()), 0});
    return add_all(filter);
  }

  std::span<const char> bytes() const { return bytes_; }

 private:
  std::vector<char> bytes_;
};

}  // namespace

Probe::Process::Process(const std::string& path) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("no socket");
  process::Descriptors descriptors;
  descriptors.place(ends[1], STDIN_FILENO);
  try {
    pid = process::spawn({path}, descriptors);
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
  socket = ends[0];
}

// A probe that hangs in the kernel cannot even be killed; it is left behind.
Probe::Process::~Process() {
  close(socket);
  constexpr std::chrono::seconds patience{5};
  try {
    if (process::wait_for(pid, patience)) return;
    kill(pid, SIGKILL);
    process::wait_for(pid, patience);
  } catch (const std::system_error&) {  // nobody is there to wait for
  }
}

// The first answer says that filters can be loaded: it may not take for ever.
Probe::Probe(const std::string& path) : process_(path) {
  const timeval limit{20, 0};
  setsockopt(process_.socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  hello_ = ask<Hello>(Request::hello, {}).at(0);
  const timeval none{0, 0};
  setsockopt(process_.socket, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

template <class T>
std::vector<T> Probe::ask(Request kind, std::span<const char> payload) {
  Header header{kind, static_cast<std::uint32_t>(payload.size())};
  send_all(process_.socket, &header, sizeof header);
  send_all(process_.socket, payload.data(), payload.size());
  receive_all(process_.socket, &header, sizeof header);
  std::vector<T> answer(header.bytes / sizeof(T));
  receive_all(process_.socket, answer.data(), answer.size() * sizeof(T));
  return answer;
}

std::vector<std::uint8_t> Probe::verdicts(std::span<const Filter> filters) {
  Payload payload;
  for (const Filter& filter : filters) payload.add_filter(filter);
  return ask<std::uint8_t>(Request::verdicts, payload.bytes());
}

std::vector<CallResult> Probe::calls(Gate gate, std::span<const Insn> filter, std::span<const SeccompData> inputs) {
  Payload payload;
  payload.add(Calls{gate, static_cast<std::uint32_t>(inputs.size())}).add_filter(filter).add_all(inputs);
  return ask<CallResult>(Request::calls, payload.bytes());
}

Observation Probe::act(std::uint32_t nr, std::span<const Filter> oldest_first) {
  Payload payload;
  payload.add(Act{nr, static_cast<std::uint32_t>(oldest_first.size())});
  for (const Filter& filter : oldest_first) payload.add_filter(filter);
  return ask<Observation>(Request::act, payload.bytes()).at(0);
}

std::vector<StepResult> Probe::script(std::span<const ScriptStep> steps) {
  Payload payload;
  for (const ScriptStep& step : steps) {
    payload.add(Step{step.op, step.flags, step.repeat, step.length_override}).add_filter(step.filter);
  }
  return ask<StepResult>(Request::script, payload.bytes());
}

ProbeOrReason start_probe(int bits, const std::string& directory) {
  using machine::Ability;
  if (machine::is_taken_away(Ability::filters)) return {nullptr, machine::obstacle(Ability::filters)};
  if (bits == 32 && !machine::has(Ability::programs_32)) return {nullptr, machine::obstacle(Ability::programs_32)};
  const std::string which = std::to_string(bits) + "-bit probe";
  const std::string path = directory + "/callgate-probe" + std::to_string(bits);
  if (access(path.c_str(), X_OK) != 0) {
    return {nullptr, "the " + which + " is not there (" + path + ": " + std::strerror(errno) + ")"};
  }
  try {
    auto probe = std::make_unique<Probe>(path);
    if (probe->hello().load_errno != 0) {
      return {nullptr, std::string("the kernel refuses filters here: ") +
                           std::strerror(static_cast<int>(probe->hello().load_errno))};
    }
    return {std::move(probe), ""};
  } catch (const std::runtime_error&) {
    return {nullptr, "the " + which + " does not answer: loading a filter takes for ever"};
  }
}

}  // namespace callgate::kernel
