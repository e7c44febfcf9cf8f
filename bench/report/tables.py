"""Tables of decisions, in Markdown."""
from report.results import EMPTY, geometric_mean

PACES = {'decide': 'Back to back', 'isolated': 'Isolated', 'l1-cold': 'L1-cold', 'l2-cold': 'L2-cold'}
COLD = ('l1-cold', 'l2-cold')
OWN = 'own-arguments'
COMPILERS = ('clang -O3 whole chain', 'gcc -O3 whole chain')
MOST_COLUMNS = 9  # workloads beside each other


def figure(value):
    if value is None:
        return ''
    return f'{value:.2f}' if value < 10 else f'{value:.1f}' if value < 100 else f'{value:,.0f}'


def table(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '| --- |' + ' ---: |' * (len(header) - 1)]
    lines += ['| ' + ' | '.join(row) + ' |' for row in rows]
    return '\n'.join(lines) + '\n'


def cell(results, kind, workload, streams, decider, scale):
    values = [scale(results, kind, workload, stream, decider) for stream in streams]
    return ' / '.join(map(figure, values)) if any(value is not None for value in values) else ''


def nanoseconds(results, kind, workload, stream, decider):
    return results.nanoseconds(f'{kind}/{workload}/{stream}/{decider}')


def empty_calls(results, kind, workload, stream, decider):
    own, empty = (nanoseconds(results, kind, workload, stream, name) for name in (decider, EMPTY))
    return None if own is None or not empty else own / empty


def mean(results, kind, streams, decider, workloads):
    """Geometric mean in empty calls over the cells in which the decider takes part, and whether that is all."""
    values = [empty_calls(results, kind, w, s, decider) for w in workloads for s in streams]
    known = [value for value in values if value is not None]
    if not known:
        return ''
    return figure(geometric_mean(known)) + ('' if len(known) == len(values) else f' ({len(known)})')


def decisions(results, kind, streams, scale):
    """A row for each decider, a column for each workload, cells with a figure for each stream. Many workloads are several
    tables."""
    everybody = results.workloads()
    return '\n'.join(decisions_of(results, kind, streams, scale, everybody[at:at + MOST_COLUMNS])
                     for at in range(0, len(everybody), MOST_COLUMNS))


def decisions_of(results, kind, streams, scale, workloads):
    header = ['', *workloads, 'mean']
    rows = []
    for decider in results.deciders(kind):
        cells = [cell(results, kind, w, streams, decider, scale) for w in workloads]
        if any(cells):
            rows.append([decider, *cells, mean(results, kind, streams, decider, workloads)])
    return table(header, rows)


def against_compilers(results):
    """How many times as long the best compiler's code of the whole chain takes, at every pace and on every stream; below 1 it is
    faster. None if there is no compiler."""
    full, rows = results.full_engine(), []
    for kind, title in PACES.items():
        for stream in results.streams(kind):
            factors = {}
            for workload in results.workloads():
                own = nanoseconds(results, kind, workload, stream, full)
                theirs = [nanoseconds(results, kind, workload, stream, name) for name in COMPILERS]
                theirs = [time for time in theirs if time]
                if own and theirs:
                    factors[workload] = min(theirs) / own
            if factors:
                lowest = min(factors, key=factors.get)
                rows.append([f'{title}, {stream}', figure(geometric_mean(factors.values())), f'{figure(factors[lowest])} ({lowest})',
                             f'{sum(factor > 1 for factor in factors.values())} of {len(factors)}'])
    return table(['pace, stream', 'geometric mean', 'lowest', 'callgate is faster on'], rows) if rows else None


def dropped(results, kind):
    """Chunks measured and dropped, and the widest spread of a figure: quartiles' distance in parts of the median."""
    runs = [results.run(name) for name in results.names(kind + '/')]
    runs = [run for run in runs if run and 'chunks' in run]
    if not runs:
        return None
    chunks = sum(run['chunks'] for run in runs)
    lost = sum(run['dropped'] for run in runs)
    spreads = sorted((run['q3'] - run['q1']) / run['real_time'] for run in runs)
    return chunks, lost, spreads[len(spreads) // 2], spreads[int(len(spreads) * 0.95)]
