"""BENCHMARKS.md: made of the figures, so that no number in it is typed."""
import subprocess

from report import goals, plots, tables
from report.results import EMPTY
from report.tables import figure, table

METHOD = '''## How it is measured

**Who takes part.** callgate's engines (the plain interpreter; *none*: each filter compiled as it stands; *full*: what this
library is for; *no executable memory*: the action table, and a walk over the decision graph); and its peers in the same
process, on the same filters and calls: libpcap's `bpf_filter` (an interpreter; input swapped beforehand), DPDK's `rte_bpf`
(a JIT; filters translated to its dialect), and generated C through `clang -O3` and `gcc -O3`, each filter as a function of
its own, and the whole chain in one function. A peer that is not installed is reported as absent. Others can be added:
`bench/measure/decider.h`.

**Agreement first.** Nothing is measured before every decider has given the interpreter's 32 bits for every call.

**The unit.** Times are compared with an *empty call*: an indirect call to `mov eax, imm; ret`, 64-byte aligned, in the same
kind of sealed executable mapping as a chain's code. What a decision costs in empty calls means the same on another machine.

**Taking turns.** The deciders of a cell take turns, A B C A B C …, in chunks of 40 µs (at least one pass over the stream)
after a warm-up of 10 µs, so that whatever the machine does meets all of them alike. Around each chunk runs a piece of work
that fills the processor; a chunk around which it took more than 10 % longer than it does when the core is ours alone, or in
which the thread lost its processor, is dropped. Figures are medians of the chunks that are left (cold: the mean of their
middle half, because the clock is coarse); the JSON has minima and quartiles.

**Passes.** The whole suite runs three times. Of each cell that pass counts in which the empty call was fastest: a neighbour on
the other thread of the core slows it down, and it belongs to nobody who is compared. Of other figures the median counts; of
cold ones too, because they depend on the memory that a process happens to get.

**Four paces.** *Back to back*: decisions follow each other and the processor overlaps them, as in a busy supervisor.
*Isolated*: a fence keeps each apart, which adds its own cost to all. *L1-cold*: the decider decides some calls, then 96 KiB are
read and 96 KiB of code run, so that nothing of it is in the first level of cache and what it often needs is in the second.
*L2-cold*: 4 MiB are read, so that all comes from further away. Cold, the call itself is in the cache, and each figure has the
clock in it: the empty call says how much.

**Three kinds of streams, short and long.** *Recorded* calls are few kinds in a familiar order; *uniform* numbers come equally
often, which nothing real looks like; *own arguments* are calls of those numbers alone that the chain judges by arguments, in no
order, with arguments that lead to each of its tests and out of it on both sides. A short stream has some thousand calls that
come again and again: branch predictors learn it, and all deciders gain by that, those with many branches most. Streams named
*-long* have 65,536 calls (recorded ones in blocks of 64 from random places), which predictors cannot learn; they are decided in
pieces of 2,048 that are read beforehand, so that the memory of the stream is not measured.

**What it leaves out.** How a call reaches the decider (a trap costs hundreds of nanoseconds), other processors than this
one, and frequency changes.
'''

BUSY = '''
**The machine was busy** while this was measured: decisions of nanoseconds hold (of each cell the quietest pass counts),
processes that start and pieces of milliseconds take longer than they need to.
'''

REPRODUCE = '''`scripts/bench.sh --all` measures everything below and writes this page and its pictures;
`scripts/bench.sh` alone prints the tables of decisions, `scripts/bench.sh --goals` also what callgate wants to reach.
Your own filters on your own calls: [docs/perf-regression.md](docs/perf-regression.md).
'''


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def machine(results):
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = next((line.split(':', 1)[1].strip() for line in file if line.startswith('model name')), 'unknown')
    context = results.context
    loads = ', '.join(f'{load:.1f}' for load in results.loads)
    changed = run('git', 'status', '--porcelain', '--', '../*.cc', '../*.h', '../*.hpp')
    commit = run('git', 'rev-parse', '--short', 'HEAD') + (' with changes' if changed else '')
    compilers = ', '.join(filter(None, (run(name, '--version').split('\n')[0] for name in ('clang', 'gcc'))))
    lines = [f'{model}, {context["num_cpus"]} processors at {context["mhz_per_cpu"]} MHz, Linux {run("uname", "-r")}',
             f'callgate {context["callgate"]}, commit {commit}, built by {context["compiler"]}; peers by {compilers}',
             f'{context["date"][:10]}; load average {loads} when the passes began']
    return ''.join(f'- {line}\n' for line in lines) + (BUSY if max(results.loads) > context['num_cpus'] else '')


def workloads(results):
    rows = []
    for name in results.workloads():
        filters, instructions, text = results.context[f'workload {name}'].split(' ', 2)
        shares = results.shares(name)
        parts = ['', '', ''] if shares is None else [f'{100 * each / sum(shares):.1f} %' for each in shares]
        rows.append([name, filters, f'{int(instructions):,}', *parts, text])
    body = table(['workload', 'filters', 'instructions', 'constant', 'record', 'code', 'what it is'], rows)
    streams = ', '.join(f'*{name[7:]}* ({count})' for name, count in results.context.items() if name.startswith('stream '))
    return body + f'''
*Constant*, *record*, *code*: how many of the x86_64 numbers below 460 a constant of the table decides, how many a record (a
check, a list or a conjunction), how many code. Streams, and how many calls they have: {streams}; and for each workload *own-arguments* (4096) and
*own-arguments-long* (65536), made of its own constants.
'''


PLAN = '''
The plan that the goals come from had 998 instructions in its argument-heavy filter and 568 in its dozen; these here come
closest. *mix-long* is of all recorded streams (`bench/streams/`, with how each was recorded).
'''


def quality(results, kind):
    found = tables.dropped(results, kind)
    if found is None:
        return ''
    chunks, lost, middle, widest = found
    return (f'\n{chunks:,.0f} chunks counted, {lost:,.0f} were disturbed and dropped. Spread (distance of the quartiles, in '
            f'parts of the median): {100 * middle:.1f} % for the middle figure, {100 * widest:.1f} % for the 95th of 100.\n'
            + between_passes(results, kind)
            + ('Cold spreads are wide because each chunk is a single decision, and calls differ.\n' if kind in tables.COLD else ''))


def between_passes(results, kind):
    apart = results.between_passes(kind)
    if not apart:
        return ''
    return (f'Between the {len(results.passes)} passes figures in empty calls were apart by '
            f'{100 * apart[len(apart) // 2]:.1f} % (the middle one) and {100 * apart[int(0.95 * len(apart))]:.1f} % (the 95th of 100).\n')


def decisions(results):
    text = ''
    pair = results.pair()
    for kind, title in tables.PACES.items():
        if not results.streams(kind):
            continue
        text += f'### {title}, nanoseconds, {" / ".join(pair)}\n\n'
        text += tables.decisions(results, kind, pair, tables.nanoseconds)
        text += '\nThe last column is the geometric mean in empty calls (of so many figures, where not of all).\n'
        text += quality(results, kind) + '\n'
        if tables.OWN in results.streams(kind):
            text += f'### {title}, nanoseconds, own arguments\n\n'
            text += tables.decisions(results, kind, [tables.OWN], tables.nanoseconds) + '\n'
    if results.long_streams():
        text += f'### Back to back, long streams that predictors cannot learn, nanoseconds, {" / ".join(results.long_streams())}\n\n'
        text += tables.decisions(results, 'decide', results.long_streams(), tables.nanoseconds) + '\n'
    text += f'### Back to back, in empty calls, {" / ".join(pair)}\n\n'
    return text + tables.decisions(results, 'decide', pair, tables.empty_calls)


def compilers(results):
    return tables.against_compilers(results) or 'No compiler was there.\n'


def other_streams(results):
    full = results.full_engine()
    shown = (*results.pair(), *results.long_streams(), tables.OWN)
    names = [stream for stream in results.streams() if stream not in shown]
    rows = []
    for stream in names:
        cells = []
        for workload in results.workloads():
            values = [tables.empty_calls(results, 'decide', workload, stream, name) for name in (full, 'clang -O3 whole chain')]
            cells.append(' / '.join(map(figure, values)))
        rows.append([stream, *cells])
    return table(['stream', *results.workloads()], rows) if rows else 'None.\n'


def losses(results):
    """Every cell in which somebody is faster than the best engine."""
    full, found = results.full_engine(), []
    for kind in tables.PACES:
        for name in results.names(kind + '/'):
            cell, decider = name.rsplit('/', 1)
            own, theirs = results.nanoseconds(f'{cell}/{full}'), results.nanoseconds(name)
            engines = (full, EMPTY, 'asmjit x86_64 full', 'asmjit x86_32 full')
            if decider not in engines and own and theirs and theirs < 0.98 * own:
                _, workload, stream = cell.split('/')
                found.append([f'{workload}, {stream}' + ('' if kind == 'decide' else f', {kind}'), decider,
                              figure(theirs), figure(own), f'{own / theirs:.2f}×'])
    if not found:
        return 'On none of the cells was any decider faster than full optimisation by more than 2 %.\n'
    return table(['cell', 'who is faster', 'its ns', f'{full}, ns', 'by'], found)


def compile_times(results):
    full = results.full_engine()
    first = results.workloads()[0]
    engines = [name for name in results.deciders() if results.names(f'attach/{first}/{name}')]
    rows = []
    for workload in results.workloads():
        times = [results.nanoseconds(f'attach/{workload}/{name}') for name in engines]
        published = results.nanoseconds(f'publish/{workload}')
        whole = results.nanoseconds(f'attach/{workload}/{full}')
        size = results.counter(f'attach/{workload}/{full}', 'instructions')
        each = None if None in (published, whole, size) else (whole - published) / size
        rows.append([workload, *[figure(None if time is None else time / 1000) for time in times],
                     figure(None if published is None else published / 1000), figure(each)])
    return table(['workload', *engines, 'publishing', 'ns an instruction without'], rows)


def stages(results):
    names = list(dict.fromkeys(name.split('/')[2] for name in results.names('stage/')))
    rows = []
    for workload in results.workloads():
        times = [results.nanoseconds(f'stage/{workload}/{name}') for name in names]
        rows.append([workload, *[figure(None if time is None else time / 1000) for time in times]])
    return table(['workload', *names], rows)


def adversaries(results):
    rows = []
    for name in results.names('adversary/'):
        if results.run(name):
            rows.append([name.split('/', 1)[1], f'{results.counter(name, "instructions"):,.0f}',
                         figure(results.nanoseconds(name) / 1000), f'{results.counter(name, "code"):,.0f}'])
    return table(['filter', 'instructions', 'µs', 'code'], rows)


def bytes_table(results):
    full, stream = results.full_engine(), results.pair()[0]
    rows = []
    for workload in results.workloads():
        run_ = results.run(f'memory/{workload}/{full}')
        clang = results.counter(f'decide/{workload}/{stream}/clang -O3 whole chain', 'code')
        none = results.counter(f'decide/{workload}/{stream}/{full.replace("full", "none")}', 'code')
        if run_:
            rows.append([workload, *[f'{run_[key]:,.0f}' for key in ('code', 'table', 'bytecode', 'heap', 'per_filter')],
                         f'{none or 0:,.0f}', f'{clang or 0:,.0f}'])
    return table(['workload', 'code', 'table', 'bytecode', 'heap', 'all, per filter', 'code, none', 'code, clang whole chain'],
                 rows)


def simple(results, start, unit='ns', scale=1.0):
    rows = [[name[len(start):], figure(results.nanoseconds(name) / scale)] for name in results.names(start)
            if results.run(name)]
    return table(['', unit], rows)


def curve(results, start, names):
    xs = list(dict.fromkeys(name[len(start):].split('/')[0] for name in results.names(start)))
    rows = [[name, *[figure(results.nanoseconds(f'{start}{x}/{name}')) for x in xs]] for name in names]
    return table(['', *xs], rows)


def goal_table(results, narrow):
    rows = [[goal.text, goal.target, goal.measured, goal.verdict(), goal.detail] for goal in goals.all_goals(results, narrow)]
    return table(['goal', 'wanted', 'measured', '', ''], rows)


def missed(results, narrow):
    found = [goal for goal in goals.all_goals(results, narrow) if goal.met is False]
    if not found:
        return 'None: all that are measured are met ([the list](#goals)).\n'
    lines = []
    for goal in found:
        detail = f' ({goal.detail})' if 0 < len(goal.detail) < 60 else ''
        lines.append(f'- **{goal.text}**: {goal.measured}{detail}, wanted {goal.target}. {goal.means}\n')
    return ''.join(lines) + '\n[All goals](#goals), [every cell in which another decider is faster](#where-we-lose).\n'


def absent(results):
    text = ''.join(f'- {peer}: {reason} ({len(names)} figures)\n' for (peer, reason), names in results.absences().items())
    return text or 'None.\n'


def picture(name, text):
    return f'![{text}](docs/figures/{name}.svg)\n'


AGAINST = '''How many times as long the better of clang and gcc -O3 takes with the whole chain in one function; below 1 it is faster.
'''


def any_workloads(results):
    """The page's tables for filters that are not the suite's own: what is not about filters is left out."""
    parts = ['## Chains and calls\n', workloads(results), '## Decisions\n', decisions(results),
             '### Against the best compiler\n', AGAINST, compilers(results),
             '## Where we lose\n', losses(results), '### Peers that took no part\n', absent(results),
             '## Compiling\n', 'Microseconds of CPU time to attach and to release; *publishing* seals and maps memory.\n',
             compile_times(results), 'Microseconds of each stage, best engine.\n', stages(results),
             '## Bytes\n', bytes_table(results), '## Start-up\n', simple(results, 'startup/', 'µs', 1000)]
    return '\n'.join(parts)


def page(results, narrow):
    full = results.full_engine()
    names = ('interp', full.replace('full', 'none'), full, EMPTY)
    parts = ['# Benchmarks\n', '<!-- Written by bench/report from the figures; do not edit. -->\n', REPRODUCE,
             machine(results), '## Goals missed\n', missed(results, narrow), METHOD, '## Chains and calls\n', workloads(results) + PLAN,
             '## Decisions\n', picture('decisions', 'nanoseconds per decision by engine and workload'), decisions(results),
             '### Against the best compiler\n', AGAINST, compilers(results),
             '### Other recorded streams, back to back, in empty calls: full / clang -O3 whole chain\n',
             other_streams(results),
             '## Where we lose\n', losses(results), '### Peers that took no part\n', absent(results),
             '## Goals\n', goal_table(results, narrow),
             '## Length of the chain\n', picture('length', 'cost against chain length'),
             'Nanoseconds of a decision that number and architecture settle, by filters in the chain.\n',
             curve(results, 'length/', names),
             'The same of one filter, by mode of the call:\n', curve(results, 'domains/', names),
             '## Compiling\n', picture('compile', 'attach time against instructions'),
             'Microseconds of CPU time to attach to an empty chain and to release the result; *publishing* is the part that seals '
             'and maps memory.\n', compile_times(results),
             'Microseconds of each stage, best engine: *plan* has *build* in it, *compile* has *lower* in it.\n',
             stages(results),
             'Filters that were made to explode (`oracles/generator/adversaries.h`), best engine, without publishing: microseconds, '
             'and bytes of code.\n', adversaries(results),
             '## Bytes\n', 'Of the best engine, and code of others.\n', bytes_table(results),
             '## Threads\n', picture('threads', 'throughput against threads') if plots.enough_threads(results) else '',
             'Nanoseconds per decision of each thread, all on one chain (service, mix).\n',
             curve(results, 'threads/', names[:3]),
             '## Start-up\n', 'Microseconds from starting a process to its end, where it reads, verifies and attaches a '
             'workload and decides one call.\n', simple(results, 'startup/', 'µs', 1000),
             '## The kernel\n', 'Nanoseconds of `getppid`, the cheapest system call, under filters of the kernel\'s own.\n',
             simple(results, 'kernel/')]
    if narrow is not None:
        parts += ['## 32-bit build\n', 'Back to back, in its own empty calls, mix / uniform.\n',
                  tables.decisions(narrow, 'decide', ['mix', 'uniform'], tables.empty_calls) + quality(narrow, 'decide'),
                  'Peers that took no part:\n', absent(narrow)]
    return '\n'.join(parts)
