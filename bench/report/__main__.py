"""What callgate-bench measured, for people.

python3 -m report (tables | goals) FIGURES.json… [--narrow FIGURES.json…]
python3 -m report workloads FIGURES.json…                                  the page's tables for anybody's filters
python3 -m report page FIGURES.json… [--narrow FIGURES.json…]              BENCHMARKS.md, to standard output
python3 -m report plots FOLDER FIGURES.json…                               pictures

Several FIGURES.json are passes over the same suite; after --narrow those of a 32-bit build. Run in bench/.
"""
import sys

from report import goals, page, plots, tables
from report.results import Results


def print_tables(results, _):
    for kind, title in tables.PACES.items():
        pair = results.pair(kind)
        if not pair:
            continue
        for scale, unit in ((tables.nanoseconds, 'nanoseconds'), (tables.empty_calls, 'empty calls')):
            print(f'\nDecisions, {title}, {unit}, {" / ".join(pair)}; mean: geometric, in empty calls\n')
            print(tables.decisions(results, kind, pair, scale))
    others = [name for name in results.runs if name.split('/')[0] not in tables.PACES]
    for name in others:
        if results.run(name):
            print(f'{name:60} {results.nanoseconds(name):14,.2f} ns')
    for (peer, reason), names in results.absences().items():
        print(f'{peer}: {reason} ({len(names)} figures)')


def print_goals(results, narrow):
    found = goals.all_goals(results, narrow)
    width = max(len(goal.text) for goal in found)
    for goal in found:
        print(f'{goal.verdict():12}  {goal.text:{width}}  {goal.measured:>12}  (goal {goal.target})')
        if goal.detail:
            print(f'{"":14}{goal.detail}')
    met = sum(goal.met is True for goal in found)
    print(f'\n{met} of {len(found)} goals met')


def print_page(results, narrow):
    print(page.page(results, narrow), end='')


def print_workloads(results, _):
    print(page.any_workloads(results), end='')


def main():
    words = sys.argv[1:]
    commands = {'tables': print_tables, 'goals': print_goals, 'page': print_page, 'workloads': print_workloads}
    if len(words) >= 3 and words[0] == 'plots':
        plots.draw_all(Results(*words[2:]), words[1])
    elif len(words) >= 2 and words[0] in commands:
        at = words.index('--narrow') if '--narrow' in words else len(words)
        commands[words[0]](Results(*words[1:at]), Results(*words[at + 1:]) if words[at + 1:] else None)
    else:
        sys.exit(__doc__)


main()
