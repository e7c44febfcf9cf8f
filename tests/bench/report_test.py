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


    def test_filters_that_are_not_the_suites_have_the_tables_too(self):
        runs, context = [], {'load_avg': [0.1], 'num_cpus': 2, 'workload theirs': '2 30 from a, b', 'workload other': '1 4 from c',
                             'numbers of theirs': '230 115 115', 'stream recorded': '10', 'stream recorded-long': '65536'}
        times = {**DECIDERS, 'gcc -O3 whole chain': 4}
        for decider, time in times.items():
            for workload in ('theirs', 'other'):
                for cell in ('decide/W/recorded', 'decide/W/uniform', 'decide/W/own-arguments', 'decide/W/recorded-long',
                             'l1-cold/W/own-arguments', 'l2-cold/W/recorded'):
                    # Of the other one, a compiler's code is faster on one stream.
                    slow = 8 if decider == FULL and workload == 'other' and cell.endswith('own-arguments') else 1
                    runs.append({'name': cell.replace('W', workload) + f'/{decider}', 'run_type': 'iteration', 'real_time': time * slow,
                                 'cpu_time': time, 'time_unit': 'ns', 'code': 1, 'table': 2, 'empty_calls': time / 2})
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            json.dump({'context': context, 'benchmarks': runs}, file)
            file.flush()
            text = page.any_workloads(Results(file.name))
        for wanted in ('| theirs | 2 | 30 | 50.0 % | 25.0 % | 25.0 % | from a, b |', '### Back to back, nanoseconds, recorded / uniform',
                       '### L1-cold, nanoseconds, own arguments', '### L2-cold, nanoseconds, recorded',
                       'nanoseconds, recorded-long', '| Back to back, recorded | 4.00 | 4.00 (theirs) | 2 of 2 |',
                       '| Back to back, own-arguments | 1.41 | 0.50 (other) | 1 of 2 |',
                       '| other, own-arguments | gcc -O3 whole chain | 4.00 | 8.00 | 2.00× |'):
            self.assertIn(wanted, text)
        self.assertNotIn('container', text)


unittest.main()
