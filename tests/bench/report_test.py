"""report_test.py: what bench/report makes of figures: pictures in which the default engine stands out, no curve of two points,
and a page that says what is missed before the long lists. Figures are made up, gnuplot is not run. Run in bench/."""
import json
import re
import tempfile
import unittest
from unittest import mock

from report import goals, page, plots
from report.results import EMPTY, WORKLOADS, Results

FULL, NONE = 'xbyak x86_64 full', 'xbyak x86_64 none'
DECIDERS = {EMPTY: 2, 'interp': 300, NONE: 20, FULL: 1, 'DPDK rte_bpf': 30, 'clang -O3 whole chain': 6,
            'no executable memory': 2}


def results(threads):
    runs = []

    def add(name, time, **counters):
        runs.append({'name': name, 'run_name': name, 'run_type': 'iteration', 'real_time': time, 'cpu_time': time,
                     'time_unit': 'ns', **counters})

    for decider, time in DECIDERS.items():
        for workload in WORKLOADS:
            for stream in ('mix', 'uniform'):
                add(f'decide/{workload}/{stream}/{decider}', time, code=100, table=1000, empty_calls=time / 2)
        for count in (1, 2, 4, 8):
            add(f'length/{count}/{decider}', time * count)
            add(f'size/ladder/{1000 * count}/{decider}', time * count, instructions=1000 * count)
        for count in range(1, threads + 1):
            add(f'threads/{count}/{decider}', time)
    context = {'load_avg': [0.1], 'num_cpus': 2, 'mhz_per_cpu': 1000, 'callgate': '0', 'compiler': 'cc', 'date': '2026-01-01T'}
    context.update({f'workload {name}': '1 10 words' for name in WORKLOADS})
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump({'context': context, 'benchmarks': runs}, file)
        file.flush()
        return Results(file.name)


def drawn(of):
    """{picture: gnuplot's commands}."""
    scripts = {}
    with mock.patch.object(plots, 'draw', lambda path, title, ylabel, commands: scripts.setdefault(path[2:-4], commands)):
        plots.draw_all(of, 'x')
    return scripts


class Report(unittest.TestCase):
    def test_the_default_stands_out_in_every_picture(self):
        scripts = drawn(results(4))
        self.assertEqual(sorted(scripts), ['compile', 'decisions', 'length', 'threads'])
        for name, commands in scripts.items():
            curves = re.findall(r"(?:using|lines)[^,]*?lc rgb ['\"](#\w+)['\"] title ['\"]([^'\"]*)", commands)
            self.assertGreaterEqual(len(curves), 2, name)
            for colour, title in curves:
                self.assertEqual(colour == plots.DEFAULT, '(default)' in title, f'{name}: {title}')
            self.assertIn(plots.DEFAULT, [colour for colour, _ in curves], name)
            if name != 'decisions':
                self.assertIn(plots.DEFAULT, commands.rsplit('using', 1)[1], 'drawn last')

    def test_threads_have_four_points_or_no_picture(self):
        self.assertNotIn('threads', drawn(results(3)))
        self.assertNotIn('threads.svg', page.page(results(3), None))
        self.assertIn('threads.svg', page.page(results(4), None))

    def test_what_is_missed_comes_first_with_what_it_means(self):
        text = page.page(results(2), None)
        missed = [goal for goal in goals.all_goals(results(2)) if goal.met is False]
        self.assertTrue(missed)
        first = text[:text.index('## How it is measured')]
        for goal in missed:
            self.assertIn(goal.text, first)
            self.assertIn(goal.means, first)
            self.assertGreater(len(goal.means), 20)


unittest.main()
