"""Tables of decisions, in Markdown."""
from report.results import EMPTY, WORKLOADS, geometric_mean

PACES = {'decide': 'Back to back', 'isolated': 'Isolated', 'l1-cold': 'L1-cold', 'l2-cold': 'L2-cold'}
COLD = ('l1-cold', 'l2-cold')


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


def mean(results, kind, streams, decider):
    """Geometric mean in empty calls over the cells in which the decider takes part, and whether that is all."""
    values = [empty_calls(results, kind, w, s, decider) for w in WORKLOADS for s in streams]
    known = [value for value in values if value is not None]
    if not known:
        return ''
    return figure(geometric_mean(known)) + ('' if len(known) == len(values) else f' ({len(known)})')


def decisions(results, kind, streams, scale):
    """A row for each decider, a column for each workload, cells with a figure for each stream."""
    header = ['', *WORKLOADS, 'mean']
    rows = []
    for decider in results.deciders(kind):
        cells = [cell(results, kind, w, streams, decider, scale) for w in WORKLOADS]
        if any(cells):
            rows.append([decider, *cells, mean(results, kind, streams, decider)])
    return table(header, rows)


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
