// What strace writes: with the options -f, -n, -i, -t, -r, -T, -y, -k or -e raw=all, or none of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "calls/call.h"
#include "calls/skipped.h"

namespace callgate::calls {

using Sink = std::function<void(const Call&)>;

// Whether the line is one of strace's.
bool is_strace_line(std::string_view line);

// Joins the halves of interrupted calls, so calls come in the order in which their lines are complete.
class StraceReader {
 public:
  explicit StraceReader(Skipped& skipped) : skipped_(skipped) {}

  void add(std::string_view line, std::uint64_t number, const Sink& seen);
  void finish(const Sink& seen);  // gives the calls whose second half never came

 private:
  struct Pending {
    std::uint64_t line = 0;
    std::string text;  // with everything before the call, without the mark at the end
  };
  struct Thread {
    std::uint32_t arch = arch::x86_64;  // of its last call, or what strace said of it
    bool x32 = false;
    bool knows_arch = false;  // told by a number, a name or a notice, not assumed
    Pending pending;
    bool has_pending = false;
  };

  Thread& thread_of(std::uint64_t id, bool has_number);
  void add_notice(std::string_view text, Thread& thread);
  void add_call(std::string_view line, std::uint64_t number, Thread& thread, bool interrupted, const Sink& seen);
  Thread* find_pending(std::uint64_t id, std::string_view name);
  void resume(std::string_view rest, std::uint64_t id, const Sink& seen);
  void resume_remarked(std::string_view rest, const Sink& seen);
  void give_up(Thread& thread, const Sink& seen);
  void learn_arch(std::string_view name, Thread& thread);
  void note_i386();
  void note_result(std::string_view name, std::string_view result, Thread& thread);
  std::string read_number(std::string_view name, bool has_number, std::uint32_t number, Thread& thread, Call& call);

  Skipped& skipped_;
  std::map<std::uint64_t, Thread> threads_;
  Thread last_;                 // architecture of the last call
  bool saw_i386_ = false;       // something in the file is of i386
  bool saw_notice_ = false;     // strace says when an architecture changes
  std::size_t assumed_ = 0;     // calls whose architecture was not told, before anything was of i386
  Thread* remarked_ = nullptr;  // the last one of whose call a remark cut off the rest
};

}  // namespace callgate::calls
