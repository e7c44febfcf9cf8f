// Runs part of a test in a forked child: one that may die, or that changes what cannot be changed back.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "oracles/process/child.h"

namespace callgate::test {

// `body` returns "" or what went wrong. So does this: what the child said, or else how it died. After `body` the child
// makes no other system calls than write and exit_group.
template <class Body>
std::string in_child(Body body) {
  int ends[2];
  if (pipe(ends) != 0) return std::string("pipe: ") + std::strerror(errno);
  const pid_t child = process::fork_child([&] {
    close(ends[0]);
    const std::string said = body();
    const bool told = said.empty() || write(ends[1], said.data(), said.size()) > 0;
    return told ? 0 : 1;
  });
  close(ends[1]);
  std::string said;
  char buffer[512];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  const std::string end = process::describe_end(process::wait_for(child));
  return said.empty() ? end : said;
}

}  // namespace callgate::test
