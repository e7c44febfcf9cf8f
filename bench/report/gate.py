"""The gate: what this tree needs, against bench/baseline.json.

Three kinds of figures. Counts (instructions under callgrind) repeat exactly for one compiler and C library, so they are kept
by those and may grow by 1 %. Bytes are treated alike. Ratios (to the empty call, the interpreter, clang) are times: they are
kept by processor too, and may grow by what repeated runs differed when the baseline was written, and at least 5 %.
Figures under a key that the baseline does not have are shown and pass.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

from report import counts
from report.results import EMPTY, Results

TOLERANCE = 0.01
SMALLEST = 16  # a growth of fewer instructions or bytes than this is never an error
LEAST_RATIO_TOLERANCE = 0.05
REPEATED_RUNS = 5
RATIO_FILTER = '^decide/[a-z-]+/(mix|uniform)/'
RATIOS_TO = (EMPTY, 'interp', 'clang -O3 whole chain')


class Line:
    """A figure before and now."""

    def __init__(self, name, before, now, limit):
        self.name, self.before, self.now, self.limit = name, before, now, limit

    def change(self):
        if self.before == self.now:
            return 0
        return None if not self.before else self.now / self.before - 1

    def state(self):
        if self.before is None:
            return 'new'
        if self.now > self.limit:
            return 'WORSE'
        return 'better' if self.now < self.before * (1 - TOLERANCE) else ''


def exact_lines(kind, before, now):
    def limit(name):
        return max((before.get(name) or 0) * (1 + TOLERANCE), (before.get(name) or 0) + SMALLEST)

    return [Line(f'{kind} {name}', before.get(name), value, limit(name)) for name, value in now.items()]


def lost_names(before, now):
    """A figure that is no longer measured must be taken out of the baseline knowingly."""
    return [name for name in before if name not in now]


def shown(value):
    if value is None:
        return '-'
    return f'{value:,}' if isinstance(value, int) else f'{value:.4g}'


def print_lines(lines, everything):
    width = max(len(line.name) for line in lines)
    print(f'{"":{width}} {"before":>13} {"now":>13} {"change":>9}')
    quiet = 0
    for line in lines:
        change = line.change()
        moved = change is None or abs(change) > 0.0005
        if not everything and not moved:
            quiet += 1
            continue
        text = '' if change is None else f'{100 * change:+.2f} %'
        print(f'{line.name:{width}} {shown(line.before):>13} {shown(line.now):>13} {text:>9}  {line.state()}'.rstrip())
    if quiet:
        print(f'{quiet} figures have not changed')


def processor():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return 'unknown processor'


def ratios_of_one_run(bench, cells=RATIO_FILTER):
    """The best engine's time in parts of that of those it is compared with."""
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/figures.json'
        subprocess.run([bench, f'--benchmark_filter={cells}', f'--benchmark_out={path}'], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        results = Results(path)
    full, found = results.full_engine(), {}
    for name in results.names('decide/'):
        cell, decider = name.rsplit('/', 1)
        undisturbed = all(results.counter(each, 'chunks') for each in (name, f'{cell}/{full}'))
        if decider in RATIOS_TO and undisturbed:
            found[f'{cell}, {full} to {decider}'] = results.nanoseconds(f'{cell}/{full}') / results.nanoseconds(name)
    return found


def quantile(values, part):
    return sorted(values)[int(part * (len(values) - 1))]


def learn_ratios(bench):
    """Their medians and how much worse they may become. Five runs of one cell may be alike by luck, so what most cells differed
    is allowed to all."""
    runs = [ratios_of_one_run(bench) for _ in range(REPEATED_RUNS)]
    values = {name: [run[name] for run in runs if name in run] for name in runs[0]}
    middle = {name: quantile(of_name, 0.5) for name, of_name in values.items()}
    apart = {name: (max(of_name) - min(of_name)) / middle[name] for name, of_name in values.items()}
    usual = quantile(apart.values(), 0.75)
    return {name: {'ratio': float(f'{middle[name]:.4g}'),
                   'tolerance': round(max(LEAST_RATIO_TOLERANCE, 2 * usual, 2 * apart[name]), 3)} for name in values}


def ratio_lines(before, bench):
    """What seems slower is measured as often as the baseline was: a neighbour, or where things happen to lie in memory, may
    have disturbed one run."""
    now = ratios_of_one_run(bench)

    def limit(name):
        return before[name]['ratio'] * (1 + before[name]['tolerance']) if name in before else 0

    for _ in range(REPEATED_RUNS - 1):
        worse = {name.split(',')[0] for name, value in now.items() if name in before and value > limit(name)}
        if not worse:
            break
        again = ratios_of_one_run(bench, f'^({"|".join(sorted(worse))})/')
        now = {name: min(value, again.get(name, value)) for name, value in now.items()}
    return [Line(f'ratio {name}', before[name]['ratio'] if name in before else None, value, limit(name))
            for name, value in now.items()]


def git(*words):
    done = subprocess.run(['git', *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def load(path):
    if not os.path.exists(path):
        return {'counts': {}, 'ratios': {}}
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def save(path, document):
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(document, file, indent=1, sort_keys=True)
        file.write('\n')


def why(options):
    return {'reason': options.reason, 'commit': git('rev-parse', '--short', 'HEAD')}


def update(options, document, key, counted, sizes):
    document['counts'][key] = {**why(options), 'counts': counted, 'bytes': sizes}
    print(f'baseline: {len(counted)} counts and {len(sizes)} sizes for {key}')
    if options.bench:
        ratio_key = f'{processor()}, {key}'
        document['ratios'][ratio_key] = {**why(options), 'ratios': learn_ratios(options.bench)}
        print(f'baseline: {len(document["ratios"][ratio_key]["ratios"])} ratios for {ratio_key}')
    save(options.baseline, document)


def compare(options, document, key, counted, sizes):
    known = document['counts'].get(key, {'counts': {}, 'bytes': {}})
    if not known['counts']:
        print(f'The baseline has nothing for {key}: figures are shown, and pass.')
    lines = exact_lines('count', known['counts'], counted) + exact_lines('bytes', known['bytes'], sizes)
    lost = [] if options.workloads else lost_names({**known['counts'], **known['bytes']}, {**counted, **sizes})
    if options.bench:
        ratio_key = f'{processor()}, {key}'
        ratios = document['ratios'].get(ratio_key, {'ratios': {}})['ratios']
        if not ratios:
            print(f'The baseline has no ratios for {ratio_key}: they are shown, and pass.')
        measured = ratio_lines(ratios, options.bench)
        lines += measured
        absent = len(lost_names(ratios, {line.name.removeprefix('ratio ') for line in measured}))
        if absent:
            print(f'{absent} ratios of the baseline were not measured: a peer is absent, or the machine is too busy.')
    print_lines(lines, options.all)
    worse = [line for line in lines if line.state() == 'WORSE']
    for name in lost:
        print(f'LOST: {name} is in the baseline and was not measured')
    print(f'{len(lines)} figures, {len(worse)} worse' + (f', {len(lost)} lost' if lost else ''))
    return 1 if worse or lost else 0


def main():
    parser = argparse.ArgumentParser(prog='perf-check', description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--perf', required=True, help='callgate-perf')
    parser.add_argument('--bench', help='callgate-bench; without it no ratios')
    parser.add_argument('--baseline', required=True)
    parser.add_argument('--seed', help='a slow-down to sow (callgate-perf-seeded)')
    parser.add_argument('--all', action='store_true', help='show what has not changed as well')
    parser.add_argument('--update', action='store_true', help='make what is measured the baseline')
    parser.add_argument('--reason', help='why the baseline changes')
    parser.add_argument('workloads', nargs='*')
    options = parser.parse_args()
    if options.update and not options.reason:
        parser.error('--update needs --reason: what changed, and why that is right')
    arguments = (['--seed', options.seed] if options.seed else []) + options.workloads
    counted, sizes = counts.measure(options.perf, arguments)
    document, key = load(options.baseline), counts.toolchain(options.perf)
    if options.update:
        update(options, document, key, counted, sizes)
        return 0
    return compare(options, document, key, counted, sizes)


if __name__ == '__main__':
    sys.exit(main())
