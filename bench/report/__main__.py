"""python3 -m report (tables | goals) FILE.json…: what callgate-bench measured, for people. Run in bench/."""
import sys

from report import goals, tables
from report.results import Results


def print_tables(results):
    for kind, title in (('decide', 'back to back'), ('isolated', 'isolated'), ('cold', 'cold')):
        streams = results.streams(kind)
        if not streams:
            continue
        pair = [stream for stream in ('mix', 'uniform') if stream in streams]
        for scale, unit in ((tables.nanoseconds, 'nanoseconds'), (tables.empty_calls, 'empty calls')):
            print(f'\nDecisions {title}, {unit}, {" / ".join(pair)}; mean: geometric, in empty calls\n')
            print(tables.decisions(results, kind, pair, scale))
    for (peer, reason), names in results.absences().items():
        print(f'{peer}: {reason} ({len(names)} figures)')


def print_goals(results):
    found = goals.all_goals(results)
    width = max(len(goal.text) for goal in found)
    for goal in found:
        print(f'{goal.verdict():12}  {goal.text:{width}}  {goal.measured:>12}  (goal {goal.target})')
        if goal.detail:
            print(f'{"":14}{goal.detail}')
    met = sum(goal.met is True for goal in found)
    print(f'\n{met} of {len(found)} goals met')


def main():
    commands = {'tables': print_tables, 'goals': print_goals}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](Results(*sys.argv[2:]))


main()
