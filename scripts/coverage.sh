#!/bin/bash
# coverage.sh: what the tests of the coverage preset reached, by room, after they ran. Needs all lines and 98 of 100
# branches of the rooms that decide; prints what is missing, and what is left out for a reason written in the source:
#
#   // LCOV_EXCL_LINE: reason       this line and its branches (and LCOV_EXCL_START: reason … LCOV_EXCL_STOP)
#   // LCOV_EXCL_BR_LINE: reason    this line's branches
#
# A switch over all values of an enumeration has a branch for none of them, which compilers prove never taken (-Wswitch);
# it is counted apart. Lone braces are no lines, and `if constexpr` has no branches. clang gives the line behind an assert()
# the count of those who failed it: it has that of the assert().
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/coverage
rooms=(verifier interp ir compose jit)
lines_wanted=100 branches_wanted=98

mapfile -t programs < <(find "$build/tests" -type f -name 'test_*' -executable)
((${#programs[@]})) || { echo "coverage: no tests in $build" >&2; exit 1; }
objects=()
for program in "${programs[@]:1}"; do objects+=(-object "$program"); done

llvm-profdata-14 merge --sparse "$build"/profiles/*.profraw -o "$build/all.profdata"
export_as() { llvm-cov-14 export --format="$1" --instr-profile="$build/all.profdata" "${programs[0]}" "${objects[@]}"; }
{
  export_as lcov
  # Branches with their columns: those of one template are added up over all that it was instantiated for.
  export_as text | jq -r '.data[0].files[] | "SF:" + .filename, (.branches[] | "BR:\(.[0]),\(.[1]),\(.[4]),\(.[5])")'
} >"$build/all.info"

# Reads the sources for what is left out, then the figures.
awk -v root="$PWD/" -v rooms="${rooms[*]}" -v lines_wanted=$lines_wanted -v branches_wanted=$branches_wanted '
  function percent(hit, all) { return all == 0 ? 100 : 100 * hit / all }
  function reason_of(mark) { return substr(text, index(text, mark) + length(mark)) }
  function leave_out(kind, reason) {
    left_out[file, number] = kind
    listed[++listed_count] = sprintf("  %s:%d: %s", file, number, reason)
  }
  function read_source(path,   inside, reason) {
    file = path; number = 0; inside = ""
    while ((getline text < path) > 0) {
      ++number
      source[file, number] = text
      if (text ~ /^ *switch \(/ || text ~ /[^a-z_]switch \(/) is_switch[file, number] = 1
      if (text ~ /LCOV_EXCL_[A-Z_]*$/ && text !~ /LCOV_EXCL_STOP/) { print "coverage: no reason at " file ":" number; bad = 1 }
      if (inside != "") left_out[file, number] = "line"
      if (index(text, "LCOV_EXCL_STOP")) inside = ""
      if (index(text, "LCOV_EXCL_LINE: ")) leave_out("line", reason_of("LCOV_EXCL_LINE: "))
      if (index(text, "LCOV_EXCL_BR_LINE: ")) leave_out("branch", reason_of("LCOV_EXCL_BR_LINE: "))
      if (index(text, "LCOV_EXCL_START: ")) { inside = 1; leave_out("line", reason_of("LCOV_EXCL_START: ")) }
    }
    close(path)
  }
  function miss(what) {
    sub(/^ +/, "", source[file, at])
    missing[++missing_count] = sprintf("  %s:%d: %s: %s", file, at, what, source[file, at])
  }
  FNR == 1 { split(rooms, names, " ") }
  /^SF:/ {
    path = substr($0, 4)
    sub("build/coverage/../../", "", path)
    if (index(path, root) == 1) path = substr(path, length(root) + 1)
    file = path
    split(path, parts, "/"); room = parts[1]
    wanted = index(" " rooms " ", " " room " ")
    if (wanted && !(path in was_read)) { was_read[path] = 1; read_source(path) }
  }
  !wanted { next }
  /^DA:/ {
    split(substr($0, 4), field, ","); at = field[1]
    count = field[2]
    if (count == 0 && source[file, at - 1] ~ /^ *assert\(/) count = count_before
    count_before = count
    if ((file, at) in left_out && left_out[file, at] == "line") next
    if (source[file, at] ~ /^ *}$/) next
    ++lines[room]
    if (count > 0) ++lines_hit[room]; else miss("not reached")
  }
  /^BR:/ {
    split(substr($0, 4), field, ","); at = field[1]
    if ((file, at) in left_out || source[file, at] ~ /if constexpr/) next
    place = file SUBSEP at SUBSEP field[2]
    if (!(place in yes)) { place_at[++places] = place; room_at[places] = room }
    yes[place] += field[3]; no[place] += field[4]
  }
  function branch(count, what) {
    ++branches[room]
    if (count > 0) ++branches_hit[room]; else miss(what)
  }
  function count_branches(   i, part, place) {
    for (i = 1; i <= places; ++i) {
      place = place_at[i]; room = room_at[i]
      split(place, part, SUBSEP); file = part[1]; at = part[2]
      if ((file, at) in is_switch && (yes[place] == 0 || no[place] == 0)) { ++exhaustive; continue }
      branch(yes[place], "never true at column " part[3])
      branch(no[place], "never false at column " part[3])
    }
  }
  END {
    count_branches()
    printf "%-10s %18s %22s\n", "room", "lines", "branches"
    for (i = 1; i in names; ++i) {
      r = names[i]
      by_line = percent(lines_hit[r], lines[r]); by_branch = percent(branches_hit[r], branches[r])
      printf "%-10s %5d/%-5d %5.1f %% %8d/%-5d %5.1f %%\n", r, lines_hit[r], lines[r], by_line, branches_hit[r], branches[r], by_branch
      if (lines[r] == 0 || by_line < lines_wanted || by_branch < branches_wanted) bad = 1
    }
    if (missing_count) { print "missing:"; for (i = 1; i <= missing_count; ++i) print missing[i] }
    if (listed_count) { print "left out, and why:"; for (i = 1; i <= listed_count; ++i) print listed[i] }
    printf "%d switches over all values of an enumeration\n", exhaustive
    exit bad
  }' "$build/all.info"
