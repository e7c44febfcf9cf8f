// Runs x86_32 code from a 64-bit process, in a 32-bit helper process, a batch at a time. The helper sees code, inputs
// and results in shared memory; a batch costs two bytes through pipes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "oracles/x86_32/protocol.h"

namespace callgate::oracles {

// Not for several threads at once. A fork child shares its parent's helper: only one of them may use it at a time.
class Helper32 {
 public:
  // `program` is the path of the helper; it is started at the first batch, and again after it died.
  explicit Helper32(std::string program) : program_(std::move(program)) {}
  Helper32(const Helper32&) = delete;
  Helper32& operator=(const Helper32&) = delete;
  ~Helper32();

  // Why code for x86_32 cannot run in it, in one sentence without a full stop; empty if it can. It runs natively or,
  // where the kernel runs no 32-bit programs, under an emulator (oracles/machine/). A 32-bit process needs no helper,
  // and has none.
  static std::string obstacle(const std::string& program);

  // Where code, entries (bytes from the start of the code) and inputs are put before run(). Throws std::system_error if
  // the helper cannot be started.
  std::span<std::uint8_t> code();
  std::span<std::uint32_t> entries();
  std::span<SeccompData> inputs();

  struct Outcome {
    std::uint32_t done;  // calls that have a result
    std::string end;     // how the helper ended in the call behind them; empty if all are done
  };

  // Makes calls first .. count - 1. results() holds until the next run.
  Outcome run(std::uint32_t first, std::uint32_t count);
  std::span<const std::uint32_t> results() const { return {answers_->results, helper_32::max_calls}; }

 private:
  void map();
  void start();
  void stop();
  bool round();  // one order; false if the helper is dead or hangs

  std::string program_;
  int shared_ = -1;  // memfd
  helper_32::Orders* orders_ = nullptr;
  helper_32::Answers* answers_ = nullptr;
  std::uint8_t* code_ = nullptr;
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  int status_ = 0;  // of the last helper that died
};

}  // namespace callgate::oracles
