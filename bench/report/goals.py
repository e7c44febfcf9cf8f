"""What callgate wants to reach, each line with the figure that says whether it did.

Figures are ratios within one run, so that they mean the same on another machine; those in milliseconds and bytes are as
they are. The targets come from the plan of the optimiser: a prototype had shown that they can be reached.
"""
from report.results import EMPTY, WORKLOADS, geometric_mean

STREAMS = ('mix', 'uniform')

# The prototype's decisions in empty calls: nanoseconds on mix and uniform, with an empty call of 2.17 ns.
PROTOTYPE_EMPTY = 2.17
PROTOTYPE = {
    'container': (0.9, 1.0), 'container-tree': (0.8, 1.0), 'sshd-like': (1.4, 1.1), 'argument-heavy': (4.7, 2.9),
    'maximum': (5.5, 5.7), 'hardening': (1.8, 1.6), 'service': (1.8, 1.7),
}
# Its code, in bytes.
PROTOTYPE_CODE = {
    'container': 4807, 'container-tree': 2905, 'sshd-like': 251, 'argument-heavy': 1987, 'maximum': 41396,
    'hardening': 841, 'service': 5653,
}


# What it means for a user that a goal is missed, by how its text begins.
MEANS = {
    'Decision, geometric mean': 'Decisions are as dear as that on average, in calls to a function that does nothing.',
    'Decision, each of': 'The cells that are named are slower than a prototype was, by the last digit mostly; nothing is slow.',
    'Faster than clang': 'Compiling your chain to one C function with clang comes closer than it should.',
    'Faster than the best JIT': 'The gain over a JIT that decides filter by filter is smaller than wanted.',
    'Faster than the switch interpreter': 'The gain over an interpreter is a little smaller than wanted; decisions are no slower for it.',
    'Constant decision of 64': 'A longer chain costs more also where number and architecture settle the result.',
    'Constant decisions of x32': 'A process that makes x32 or i386 calls pays more for each; one that makes x86_64 calls pays nothing.',
    '32-bit build': 'A supervisor that is itself a 32-bit program decides at about half the speed of a 64-bit one.',
    'Compiling the service chain': 'Attaching a typical chain takes a fraction of a millisecond longer than planned; decisions do not.',
    'Compiling the maximum filter': 'Attaching the longest filters takes longer than planned; decisions do not.',
    'Attaching up to': 'Attaching takes longer per instruction at some lengths than at others; decisions do not.',
    'Attaching 13': 'One more small filter on a chain costs more than planned, each time that it is attached.',
    'Compiling each filter made': 'Who may choose filters can make an attach take so long.',
    'Code of each of them': 'Who may choose filters can make a chain take so much memory.',
    'Code of': 'Such a chain takes more memory and cache than planned.',
    'Code and table': 'Such a chain takes more memory and cache than planned.',
    'Without executable memory': 'Where executable memory is forbidden, callgate gains less than planned.',
}


class Goal:
    def __init__(self, text, target, measured, met, detail=''):
        self.text, self.target, self.measured, self.met, self.detail = text, target, measured, met, detail
        self.means = next(sentence for start, sentence in MEANS.items() if text.startswith(start))

    def verdict(self):
        return 'not measured' if self.met is None else 'met' if self.met else 'MISSED'


def not_measured(text, target):
    return Goal(text, target, '-', None)


class Cells:
    """Decisions, in empty calls, of the 14 combinations of workload and stream."""

    def __init__(self, results):
        self.results = results
        self.keys = [(w, s) for w in WORKLOADS for s in STREAMS]

    def ratio(self, workload, stream, decider):
        value = self.results.nanoseconds(f'decide/{workload}/{stream}/{decider}')
        empty = self.results.nanoseconds(f'decide/{workload}/{stream}/{EMPTY}')
        return None if value is None or not empty else value / empty

    def all(self, decider):
        return {key: self.ratio(*key, decider) for key in self.keys}


def name_cells(cells):
    return ', '.join(f'{workload} {stream} {text}' for (workload, stream), text in cells)


def mean_goal(cells, full):
    text = 'Decision, geometric mean of 14 cells, in empty calls'
    values = cells.all(full).values()
    if None in values:
        return not_measured(text, '≤ 0.60')
    mean = geometric_mean(values)
    return Goal(text, '≤ 0.60', f'{mean:.2f}', mean <= 0.60)


def prototype_goal(cells, full):
    text = 'Decision, each of 14 cells at or below the prototype, in empty calls'
    values = cells.all(full)
    if None in values.values():
        return not_measured(text, '14 of 14')
    targets = {(w, s): PROTOTYPE[w][STREAMS.index(s)] / PROTOTYPE_EMPTY for w, s in values}
    above = [(key, f'{value:.2f} > {targets[key]:.2f}') for key, value in values.items() if value > targets[key]]
    return Goal(text, '14 of 14', f'{14 - len(above)} of 14', not above, name_cells(above))


def faster_goals(cells, full):
    """Against clang's whole chain on every cell; against the others in geometric mean."""
    own = cells.all(full)
    goals = []
    for text, other, target, each in [
            ('Faster than clang -O3 with the whole chain in one function', 'clang -O3 whole chain', 5, True),
            ('Faster than the best JIT that is packaged (DPDK rte_bpf)', 'DPDK rte_bpf', 22, False),
            ('Faster than the switch interpreter', 'interp', 200, False)]:
        theirs = cells.all(other)
        wanted = f'≥ {target}× in geometric mean' + (', and on each cell' if each else '')
        known = [key for key in own if own[key] and theirs[key]]
        if len(known) < len(own):
            missing = [w + ' ' + s for w, s in own if (w, s) not in known]
            goals.append(Goal(text, wanted, '-', None, 'not there: ' + ', '.join(missing)))
            continue
        factors = {key: theirs[key] / own[key] for key in own}
        slower = [(key, f'{factor:.2f}×') for key, factor in factors.items() if factor <= 1]
        mean = geometric_mean(factors.values())
        met = mean >= target and not (each and slower)
        measured = f'{mean:.1f}×' + (f', faster on {14 - len(slower)} of 14' if each else '')
        goals.append(Goal(text, wanted, measured, met, name_cells(slower) if each else ''))
    return goals


def code_goals(results, full):
    goals = []
    for workload, bytes_then in PROTOTYPE_CODE.items():
        code = results.counter(f'decide/{workload}/mix/{full}', 'code')
        limit = int(bytes_then * 1.25)
        text, target = f'Code of {workload}', f'≤ {limit} B'
        goals.append(not_measured(text, target) if code is None else
                     Goal(text, target, f'{code:.0f} B', code <= limit))
    text, target = 'Code and table of container', '< 12288 B'
    run = results.run(f'decide/container/mix/{full}')
    together = None if run is None else run['code'] + run['table']
    goals.append(not_measured(text, target) if together is None else
                 Goal(text, target, f'{together:.0f} B', together < 12288))
    return goals


def no_code_goal(cells):
    text, target = 'Without executable memory, faster than the interpreter (container, service)', '≥ 20× on each'
    factors = {}
    for key in [(w, s) for w in ('container', 'service') for s in STREAMS]:
        own, interpreter = cells.ratio(*key, 'no executable memory'), cells.ratio(*key, 'interp')
        if own is None or interpreter is None:
            return not_measured(text, target)
        factors[key] = interpreter / own
    lowest = min(factors.values())
    detail = name_cells((key, f'{factor:.1f}×') for key, factor in factors.items())
    return Goal(text, target, f'≥ {lowest:.1f}×', lowest >= 20, detail)


def quotient_goal(results, text, target, names, above, below, limit):
    """The largest of several times in parts of another, each in empty calls of its own cell: cells are measured one after the
    other, and the processor's speed may change between them."""
    base = results.counter(below, 'empty_calls')
    values = {name: results.counter(name, 'empty_calls') for name in above}
    if not base or None in values.values():
        return not_measured(text, target)
    worst = max(values.values()) / base
    detail = ', '.join(f'{names.get(name, name)} {value / base:.2f}' for name, value in values.items())
    return Goal(text, target, f'{worst:.2f}×', worst <= limit, detail if len(values) > 1 else '')


def chain_goals(results, full):
    goals = [quotient_goal(results, 'Constant decision of 64 filters, in parts of one filter', '≤ 1.05×', {},
                           [f'length/64/{full}'], f'length/1/{full}', 1.05)]
    names = {f'domains/{mode}/{full}': mode for mode in ('x32', 'i386')}
    goals.append(quotient_goal(results, 'Constant decisions of x32 and i386 calls, in parts of x86_64', '≤ 1.10×', names,
                               list(names), f'domains/x86_64/{full}', 1.10))
    return goals


def compile_time(results, name, publishing):
    """Nanoseconds and instructions of an attach without publishing; None if it is not there."""
    whole, published = results.nanoseconds(name), results.nanoseconds(publishing)
    if whole is None or published is None:
        return None
    return whole - published, results.counter(name, 'instructions')


def service_goal(results, full):
    text = 'Compiling the service chain without publishing (0.3 ms for 1,712 instructions)'
    found = compile_time(results, f'attach/service/{full}', 'publish/service')
    if found is None:
        return not_measured(text, '≤ 175 ns an instruction')
    time, instructions = found
    limit = 0.3e6 / 1712
    return Goal(text, f'≤ {limit:.0f} ns an instruction', f'{time / instructions:.0f} ns', time / instructions <= limit,
                f'{time / 1000:.0f} µs for {instructions:.0f} instructions')


def maximum_goal(results, full):
    text, target = 'Compiling the maximum filter without publishing', '≤ 250 ns an instruction'
    found = compile_time(results, f'attach/maximum/{full}', 'publish/maximum')
    if found is None:
        return not_measured(text, target)
    return Goal(text, target, f'{found[0] / found[1]:.0f} ns', found[0] / found[1] <= 250)


def flat_goals(results, full):
    """The dearest instruction of the chains of a kind, in parts of those of about 1,000 instructions (maximum: 4,096)."""
    goals = []
    for kind in ('ladder', 'argument-heavy', 'maximum'):
        text, target = f'Attaching up to 32,768 instructions, flat per instruction ({kind})', '≤ 1.25×'
        per = {}
        for name in results.names(f'size/{kind}/'):
            if name.endswith('/' + full) and results.run(name):
                size = int(name.split('/')[2])
                per[size] = results.nanoseconds(name) / size
        long = [size for size in per if size >= 900]
        if len(long) < 2:
            goals.append(not_measured(text, target))
            continue
        worst = max(per[size] for size in long) / per[min(long)]
        curve = ', '.join(f'{size:,}: {value:.0f} ns' for size, value in sorted(per.items()))
        goals.append(Goal(text, target, f'{worst:.2f}×', worst <= 1.25, curve))
    return goals


def one_more_goal(results, full):
    text, target = 'Attaching 13 instructions to a chain of 512, without publishing', '≤ 30 µs'
    found = compile_time(results, f'one-more/{full}', 'publish/one-more')
    if found is None:
        return not_measured(text, target)
    return Goal(text, target, f'{found[0] / 1000:.1f} µs', found[0] <= 30_000)


def adversary_goals(results):
    """Filters that were made to explode (oracles/generator/adversaries.h): what the dearest one costs."""
    names = [name for name in results.names('adversary/') if results.run(name)]
    goals = []
    for text, target, limit, value, shown in [
            ('Compiling each filter made to explode, without publishing', '≤ 5 ms', 5.0,
             lambda name: results.nanoseconds(name) / 1e6, '{:.1f} ms'),
            ('Code of each of them', '≤ 256 KiB', 256.0, lambda name: results.counter(name, 'code') / 1024, '{:.1f} KiB')]:
        if not names:
            goals.append(not_measured(text, target))
            continue
        values = {name.split('/', 1)[1]: value(name) for name in names}
        above = ', '.join(f'{name} {shown.format(each)}' for name, each in values.items() if each > limit)
        worst = max(values.values())
        goals.append(Goal(text, target, shown.format(worst), worst <= limit, above))
    return goals


def narrow_goal(results, narrow):
    """The 32-bit build's own results, if there are any."""
    text, target = '32-bit build: mean in its own empty calls, in parts of the 64-bit build\'s', '≤ 1.20×'
    if narrow is None:
        return not_measured(text, target)
    wide_values = Cells(results).all(results.full_engine()).values()
    narrow_values = Cells(narrow).all(narrow.full_engine()).values()
    if None in wide_values or None in narrow_values:
        return not_measured(text, target)
    wide_mean, narrow_mean = geometric_mean(wide_values), geometric_mean(narrow_values)
    return Goal(text, target, f'{narrow_mean / wide_mean:.2f}×', narrow_mean <= 1.2 * wide_mean,
                f'{narrow_mean:.2f} and {wide_mean:.2f} empty calls')


def all_goals(results, narrow=None):
    cells = Cells(results)
    full = results.full_engine()
    goals = [mean_goal(cells, full), prototype_goal(cells, full), *faster_goals(cells, full)]
    goals += chain_goals(results, full)
    goals.append(narrow_goal(results, narrow))
    goals += [service_goal(results, full), maximum_goal(results, full), *flat_goals(results, full)]
    goals.append(one_more_goal(results, full))
    goals += adversary_goals(results)
    goals += code_goals(results, full)
    goals.append(no_code_goal(cells))
    return goals
