#!/usr/bin/env python3
"""Asks "callgate serve" what filters decide.

    client.py [COMMAND]

COMMAND is the callgate command (default: callgate). A test suite takes the class, and leaves the rest.
"""
import json
import subprocess
import sys


class CallgateError(Exception):
    """What callgate answered instead of a result."""


class Callgate:
    """A running "callgate serve". Not for several threads at once."""

    def __init__(self, command="callgate", *options):
        self._process = subprocess.Popen(
            [command, "serve", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._count = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def ask(self, op, **members):
        """One question; its answer as a dictionary."""
        self._count += 1
        question = {"id": self._count, "op": op, **members}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CallgateError("callgate ended")
        answer = json.loads(line)
        assert answer["id"] == self._count
        if not answer["ok"]:
            raise CallgateError(answer["error"])
        return answer

    def load(self, chain, *filters):
        """Filters, oldest first: a path of a file, a profile as a dictionary, or Text(...)."""
        forms = []
        for each in filters:
            if isinstance(each, Text):
                forms.append({"text": str(each)})
            elif isinstance(each, dict):
                forms.append({"profile": each})
            else:
                forms.append({"file": str(each)})
        return self.ask("load", chain=chain, filters=forms)

    def decide(self, chain, *calls):
        """The decisions as text, such as "ERRNO(1) EPERM". A call is "socket AF_ALG" or a dictionary."""
        return [each["decision"] for each in self.ask("eval", chain=chain, calls=list(calls))["results"]]

    def differences(self, old, new, subset=False):
        """A list of differences, empty if both decide every call alike."""
        answer = self.ask("diff", old=old, new=new, subset=subset)
        if answer["verdict"] == "not decided":
            raise CallgateError("not decided")
        return answer["differences"]

    def explain(self, chain, *calls):
        return self.ask("explain", chain=chain, calls=list(calls))["groups"]


class Text(str):
    """A filter as text of bpf_asm."""


def main():
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}],
    }
    with Callgate(*sys.argv[1:2]) as callgate:
        callgate.load("old", profile)
        callgate.load("new", profile, Text("ld [nr]\njeq #1, d\nret ALLOW\nd: ret ERRNO(13)\n"))
        print("old:", *callgate.decide("old", "read", "write", "execve"))
        print("new:", *callgate.decide("new", "read", "write", {"nr": 59}))
        for difference in callgate.differences("old", "new"):
            print(difference["arch"], *difference["calls"], difference["old"]["decision"], "->",
                  difference["new"]["decision"])


if __name__ == "__main__":
    main()
