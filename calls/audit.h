// What the audit subsystem writes about system calls, in /var/log/audit/audit.log, in the journal, in the kernel's log,
// and what ausearch makes of it (-i as well):
//
//   type=SECCOMP msg=audit(1700000000.123:45): … sig=31 arch=c000003e syscall=257 compat=0 ip=0x7f12 code=0x80000000
//   audit: type=1326 audit(1700000000.123:45): … arch=c000003e syscall=257 …
//   type=SYSCALL msg=audit(1700000000.123:45): arch=c000003e syscall=257 success=no exit=-1 a0=ffffff9c a1=… a2=… a3=…
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "calls/call.h"
#include "calls/skipped.h"

namespace callgate::calls {

using Sink = std::function<void(const Call&)>;

// Whether the line is an audit record, of any type.
bool is_audit_line(std::string_view line);
// Whether it is a line of a log, in which audit records may follow: it begins with a date or a time since boot.
bool is_log_line(std::string_view line);

// A SECCOMP and a SYSCALL record of one event are one call, so a call is given when the next event begins.
class AuditReader {
 public:
  explicit AuditReader(Skipped& skipped) : skipped_(skipped) {}

  void add(std::string_view line, std::uint64_t number, const Sink& seen);
  void finish(const Sink& seen);

 private:
  struct Event {
    std::string id;
    Call call;
    bool has_arguments = false;
  };

  Skipped& skipped_;
  std::optional<Event> event_;
};

}  // namespace callgate::calls
