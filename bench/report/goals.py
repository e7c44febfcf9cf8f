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


class Goal:
    def __init__(self, text, target, measured, met, detail=''):
        self.text, self.target, self.measured, self.met, self.detail = text, target, measured, met, detail

    def verdict(self):
        return 'not measured' if self.met is None else 'met' if self.met else 'MISSED'


def not_measured(text, target):
    return Goal(text, target, '-', None)


class Cells:
    """Decisions, in empty calls, of the 14 combinations of workload and stream."""

    def __init__(self, results):
        self.results = results
        self.keys = [(w, s) for w in WORKLOADS for s in STREAMS]

    def ratio(self, workload, stream, evaluator):
        value = self.results.nanoseconds(f'decide/{workload}/{stream}/{evaluator}')
        empty = self.results.nanoseconds(f'decide/{workload}/{stream}/{EMPTY}')
        return None if value is None or not empty else value / empty

    def all(self, evaluator):
        return {key: self.ratio(*key, evaluator) for key in self.keys}


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


def all_goals(results):
    cells = Cells(results)
    full = results.full_engine()
    goals = [mean_goal(cells, full), prototype_goal(cells, full), *faster_goals(cells, full)]
    goals += code_goals(results, full)
    goals.append(no_code_goal(cells))
    return goals
