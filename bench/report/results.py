"""The figures that callgate-bench writes (--benchmark_out=FILE), by name."""
import json
import math

# The suite's own that the goals are about; the others of a run come behind them.
WORKLOADS = ['container', 'container-tree', 'sshd-like', 'argument-heavy', 'maximum', 'hardening', 'service']
EMPTY = 'empty call'
TO_NANOSECONDS = {'ns': 1, 'us': 1e3, 'ms': 1e6, 's': 1e9}


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


# Figures of one cell were measured together, with an empty call among them. Not so those that are cold: how fast code and tables come
# depends on the memory that a process happens to get.
TOGETHER = ('decide', 'isolated', 'length', 'domains')


def time_of(run):
    # Threads share processors with other programs, so only the time they had one counts.
    time = run['cpu_time' if run['name'].startswith('threads/') else 'real_time']
    return time * TO_NANOSECONDS[run['time_unit']]


class Results:
    """One or more passes over the suite. Of a cell that pass counts in which the empty call was fastest, which says how busy
    the machine was and nothing of who is compared; of a figure that was measured alone, the median pass."""

    def __init__(self, *paths):
        self.context = {}
        self.loads = []  # when each pass began: processes that ran or wanted to
        self.passes = []
        for path in paths:
            with open(path, encoding='utf-8') as file:
                document = json.load(file)
            self.context = self.context or document['context']
            self.loads.append(document['context']['load_avg'][0])
            self.passes.append(self._read(document['benchmarks']))
        self.runs = {}
        for name in dict.fromkeys(name for runs in self.passes for name in runs):
            self.runs[name] = self._chosen(name)

    @staticmethod
    def _read(benchmarks):
        """Of repetitions the median stands; a figure that was not repeated stands for itself."""
        runs = {}
        for run in benchmarks:
            if run.get('run_type') == 'aggregate':
                if run['aggregate_name'] == 'median':
                    runs[run['run_name']] = {**run, 'name': run['run_name']}
            else:
                runs.setdefault(run['name'], run)
        return runs

    def _chosen(self, name):
        known = [runs for runs in self.passes if name in runs and not runs[name].get('error_occurred')]
        if not known:
            return next(runs[name] for runs in self.passes if name in runs)
        empty = f'{name.rsplit("/", 1)[0]}/{EMPTY}'
        if name.split('/')[0] in TOGETHER and all(empty in runs for runs in known):
            return min(known, key=lambda runs: time_of(runs[empty]))[name]
        return sorted((runs[name] for runs in known), key=time_of)[(len(known) - 1) // 2]

    def between_passes(self, kind):
        """How far the figures of a kind (in empty calls) were apart in the passes, in parts of the lowest; sorted."""
        found = []
        for name in self.names(kind + '/'):
            values = [runs[name]['empty_calls'] for runs in self.passes if 'empty_calls' in runs.get(name, {})]
            if len(values) > 1 and not name.endswith('/' + EMPTY):
                found.append(max(values) / min(values) - 1)
        return sorted(found)

    def names(self, start):
        return [name for name in self.runs if name.startswith(start)]

    def run(self, name):
        """The run of that name, or None if it is not there or went wrong (an absent peer)."""
        run = self.runs.get(name)
        return None if run is None or run.get('error_occurred') else run

    def nanoseconds(self, name):
        run = self.run(name)
        return None if run is None else time_of(run)

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

    def workloads(self):
        names = [key.removeprefix('workload ') for key in self.context if key.startswith('workload ')]
        return [name for name in WORKLOADS if name in names] + [name for name in names if name not in WORKLOADS]

    def shares(self, workload):
        """x86_64 numbers that a constant, a check and code decide; None if the figures do not tell."""
        text = self.context.get(f'numbers of {workload}')
        return None if text is None else [int(word) for word in text.split()]

    def pair(self, kind='decide'):
        """The short streams that tables are about: mix and uniform, or those that were given and uniform."""
        short = [name for name in self.streams(kind) if not name.startswith('own-arguments') and not name.endswith('-long')]
        return [name for name in ('mix', 'uniform') if name in short] if 'mix' in short else short

    def long_streams(self):
        return [name for name in self.streams() if name.endswith('-long')]

    def streams(self, kind='decide'):
        return list(dict.fromkeys(name.split('/')[2] for name in self.names(kind + '/')))

    def deciders(self, kind='decide'):
        """In the order in which they were measured; a decider that sits out the first workload comes last."""
        return list(dict.fromkeys(name.split('/')[3] for name in self.names(kind + '/')))

    def full_engine(self):
        """The best of callgate's engines in these results."""
        for name in ('xbyak x86_64 full', 'xbyak x86_32 full', 'asmjit x86_64 full', 'asmjit x86_32 full'):
            if any(run.endswith('/' + name) for run in self.runs):
                return name
        return 'no executable memory'
