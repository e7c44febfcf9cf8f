// Our side of the probe.
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "callgate/insn.hpp"
#include "oracles/kernel/probe_protocol.h"

namespace callgate::kernel {

using Filter = std::vector<Insn>;

struct ScriptStep {
  Op op;
  std::uint32_t flags = 0;
  std::uint32_t repeat = 1;
  Filter filter = {};
  std::uint32_t length_override = 0;
};

// A running probe. Throws std::runtime_error when the probe dies or does not understand.
class Probe {
 public:
  explicit Probe(const std::string& path);

  const Hello& hello() const { return hello_; }

  // The errno of loading each filter, with nothing kept: EBUSY is "accepted".
  std::vector<std::uint8_t> verdicts(std::span<const Filter> filters);
  std::vector<CallResult> calls(Gate gate, std::span<const Insn> filter, std::span<const SeccompData> inputs);
  Observation act(std::uint32_t nr, std::span<const Filter> oldest_first);
  std::vector<StepResult> script(std::span<const ScriptStep> steps);

 private:
  template <class T>
  std::vector<T> ask(Request kind, std::span<const char> payload);

  // The process, which ends when its socket closes.
  struct Process {
    explicit Process(const std::string& path);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();
    pid_t pid = -1;
    int socket = -1;
  };

  Process process_;
  Hello hello_{};
};

// The probe of this many bits in `directory`, or why there is none: not built, not runnable, or filters are refused
// here.
struct ProbeOrReason {
  std::unique_ptr<Probe> probe;
  std::string reason;
};
ProbeOrReason start_probe(int bits, const std::string& directory);

}  // namespace callgate::kernel
