#!/bin/bash
# What finish() says at the end of a run: each failed test by its name, with the end of what it printed (scripts/stages.sh).
. "${BASH_SOURCE%/*}/../../scripts/stages.sh"

report=$(mktemp)
trap 'rm -f "$report"' EXIT
cat >"$report" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++" tests="2" failures="1" disabled="0" skipped="0">
	<testcase name="room.Good" classname="room.Good" time="0.1" status="run">
		<system-out>nothing to see
</system-out>
	</testcase>
	<testcase name="room.Bad" classname="room.Bad" time="0.1" status="fail">
		<failure message=""/>
		<properties/>
		<system-out>room_test.cc:57: Failure
Expected: (1) &lt; (0)
</system-out>
	</testcase>
</testsuite>
XML

count release "$report" 8 2>/dev/null
status=0
said=$(finish) || status=$?
printf '%s\n' "$said"
wrong=0
for line in 'FAILED: room.Bad in release' 'room_test.cc:57: Failure' 'Expected: (1) < (0)' '1 passed, 1 failed, 0 skipped'; do
  grep -qF "$line" <<<"$said" || { echo "not said: $line"; wrong=1; }
done
! grep -q 'nothing to see' <<<"$said" || { echo 'says what a good test printed'; wrong=1; }
((wrong == 0 && status != 0)) && echo 'the failed test is named'
