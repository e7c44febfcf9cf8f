"""The figures that callgate-bench writes (--benchmark_out=FILE), by name."""
import json
import math

WORKLOADS = ['container', 'container-tree', 'sshd-like', 'argument-heavy', 'maximum', 'hardening', 'service']
EMPTY = 'empty call'
TO_NANOSECONDS = {'ns': 1, 'us': 1e3, 'ms': 1e6, 's': 1e9}


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


class Results:
    def __init__(self, *paths):
        self.context = {}
        self.runs = {}
        for path in paths:
            with open(path, encoding='utf-8') as file:
                document = json.load(file)
            self.context.update(document['context'])
            for run in document['benchmarks']:
                self._add(run)

    def _add(self, run):
        """Of repetitions the median stands; a figure that was not repeated stands for itself."""
        if run.get('run_type') == 'aggregate':
            if run['aggregate_name'] != 'median':
                return
            self.runs[run['run_name']] = run
        else:
            self.runs.setdefault(run['name'], run)

    def names(self, start):
        return [name for name in self.runs if name.startswith(start)]

    def run(self, name):
        """The run of that name, or None if it is not there or went wrong (an absent peer)."""
        run = self.runs.get(name)
        return None if run is None or run.get('error_occurred') else run

    def nanoseconds(self, name):
        run = self.run(name)
        if run is None:
            return None
        # Threads share processors with other programs, so only the time they had one counts.
        time = run['cpu_time' if name.startswith('threads/') else 'real_time']
        return time * TO_NANOSECONDS[run['time_unit']]

    def counter(self, name, counter):
        run = self.run(name)
        return None if run is None else run.get(counter)

    def absences(self):
        """Peers that took no part: {(peer, reason): names}."""
        found = {}
        for name, run in self.runs.items():
            if run.get('error_occurred'):
                peer = name if name.startswith('kernel/') else name.split('/')[-1]
                found.setdefault((peer, run['error_message'].removeprefix('absent: ')), []).append(name)
        return found

    def streams(self, kind='decide'):
        return list(dict.fromkeys(name.split('/')[2] for name in self.names(kind + '/')))

    def evaluators(self, kind='decide'):
        """In the order in which they were measured; an evaluator that sits out the first workload comes last."""
        return list(dict.fromkeys(name.split('/')[3] for name in self.names(kind + '/')))

    def full_engine(self):
        """The best of callgate's engines in these results."""
        for name in ('xbyak x86_64 full', 'xbyak x86_32 full', 'asmjit x86_64 full', 'asmjit x86_32 full'):
            if name in self.evaluators():
                return name
        return 'no executable memory'
