"""Pictures of the figures: gnuplot draws them, as SVG whose lines and letters follow the reader's light or dark theme."""
import re
import subprocess
import sys
import tempfile

from report.results import EMPTY, WORKLOADS

# What users get by default is green and strong in every picture; the others are pale beside it. All stand out on white and on
# black.
DEFAULT = '#1f9d55'
OTHERS = ['#b9906a', '#9d93b5', '#7fa3bd', '#b58a9b', '#8b949e', '#a3a38a']
DEFAULT_TITLE = '{} (default)'

# Fewer are no curve.
FEWEST_THREADS = 4

STYLE = '<style>svg{color:#24292f}@media(prefers-color-scheme:dark){svg{color:#d7dde3}}</style>'

FRAME = '''
set terminal svg size {width},{height} dynamic noenhanced font "sans-serif,13"
set output "{output}"
set border 3
set tics nomirror
set grid ytics lc rgb "#808080" dt 3
set key outside top center horizontal
set title "{title}"
set ylabel "{ylabel}"
'''


def draw(path, title, ylabel, commands, width=900, height=460):
    with tempfile.NamedTemporaryFile(suffix='.svg') as raw:
        script = FRAME.format(output=raw.name, title=title, ylabel=ylabel, width=width, height=height) + commands
        subprocess.run(['gnuplot', '-'], input=script, text=True, check=True)
        with open(raw.name, encoding='utf-8') as file:
            text = file.read()
    # Whatever gnuplot draws in black takes the colour of the text.
    text = re.sub(r'(stroke|fill)\s*=\s*(["\'])(black|#000000|rgb\( *0, *0, *0\))\2', r'\1=\2currentColor\2', text)
    text = re.sub(r'(<svg[^>]*>)', r'\1' + STYLE, text, count=1)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def block(name, rows):
    return f'${name} << EOD\n' + '\n'.join(' '.join(map(str, row)) for row in rows) + '\nEOD\n'


def quoted(text):
    return '"' + str(text) + '"'


def missing(path):
    """A picture of figures that were not measured stays as it is."""
    print(f'{path}: its figures were not measured', file=sys.stderr)


def decisions(results, path):
    """A cluster of bars for each workload, on a logarithmic axis; the empty call is a line."""
    full = results.full_engine()
    wanted = ['interp', full.replace('full', 'none'), 'DPDK rte_bpf', 'clang -O3 whole chain', 'no executable memory', full]

    def value(workload, name):
        return results.nanoseconds(f'decide/{workload}/mix/{name}')

    # gnuplot refuses to draw what has no point at all.
    shown = [(name, DEFAULT if name == full else OTHERS[i]) for i, name in enumerate(wanted)
             if any(value(w, name) for w in WORKLOADS)]
    if not shown:
        return missing(path)
    rows = []
    for workload in WORKLOADS:
        values = [value(workload, name) for name, _ in shown]
        rows.append([quoted(workload.replace('-', '-\\n')), *['NaN' if value is None else f'{value:.3f}' for value in values]])
    plots = [f"$data using {i + 2}:xtic(1) lc rgb '{colour}' title '{title_of(name, full)}'"
             for i, (name, colour) in enumerate(shown)]
    empties = [value(workload, EMPTY) for workload in WORKLOADS if value(workload, EMPTY)]
    if empties:
        plots.append(f'{min(empties)} with lines lw 2 dt 2 lc rgb "#808080" title "{EMPTY}"')
    commands = block('data', rows) + f'''
set logscale y
set yrange [0.5:2000]
set bmargin 4
set style data histogram
set style histogram cluster gap 1
set style fill solid border rgb "#808080"
set boxwidth 0.9
plot {", ".join(plots)}
'''
    return draw(path, 'A decision, recorded calls (mix)', 'nanoseconds', commands)


def title_of(name, full):
    return DEFAULT_TITLE.format(name) if name == full else name


class Series:
    """A curve: its title, its points (x, y), and whether it is of what users get by default."""

    def __init__(self, title, points_, default=False):
        self.title, self.points, self.default = title, points_, default


def lines(path, title, xlabel, ylabel, series):
    """The default's curves are drawn last, over the others."""
    data, plots = '', []
    default_marks, others = iter((7, 5, 9)), iter(OTHERS)
    for i, one in enumerate(sorted(series, key=lambda one: one.default)):
        if one.points:
            data += block(f'data{i}', one.points)
            look = f'lw 4 pt {next(default_marks)} ps 0.8' if one.default else 'lw 1.5 pt 7 ps 0.4'
            colour = DEFAULT if one.default else next(others)
            plots.append(f"$data{i} using 1:2 with linespoints {look} lc rgb '{colour}' title '{one.title}'")
    if not plots:
        return missing(path)
    scale = 'set logscale x 2\nset logscale y\nset autoscale xfix\n'
    commands = data + f'{scale}set xlabel "{xlabel}"\nplot ' + ', '.join(plots) + '\n'
    return draw(path, title, ylabel, commands)


def points(results, start, decider, value):
    found = []
    for name in results.names(start):
        if name.endswith('/' + decider) and results.run(name):
            found.append((int(name[len(start):].split('/')[0]), value(name)))
    return sorted(found)


def draw_all(results, folder):
    full = results.full_engine()
    none = full.replace('full', 'none')
    decisions(results, f'{folder}/decisions.svg')

    def series(start, names, value):
        return [Series(title_of(name, full), points(results, start, name, value), name == full) for name in names]

    lines(f'{folder}/length.svg', 'A decision against the length of the chain', 'filters', 'nanoseconds',
          series('length/', ('interp', none, full, EMPTY), results.nanoseconds))
    microseconds = [Series(f'{kind}, {level}', points(results, f'size/{kind}/', name, lambda n: results.nanoseconds(n) / 1000),
                           name == full)
                    for kind in ('ladder', 'argument-heavy', 'maximum')
                    for level, name in (('full (default)', full), ('none', none))]
    lines(f'{folder}/compile.svg', 'Attaching against instructions', 'instructions in the chain', 'microseconds',
          microseconds)
    throughput = series('threads/', ('interp', none, full), results.nanoseconds)
    for one in throughput:
        one.points = [(n, n * 1000 / time) for n, time in one.points]
    if enough_threads(results):
        lines(f'{folder}/threads.svg', 'Threads that share one chain', 'threads', 'million decisions a second', throughput)


def enough_threads(results):
    """Whether there is a curve of threads: a machine of few processors has a point or two."""
    return len(points(results, 'threads/', results.full_engine(), results.nanoseconds)) >= FEWEST_THREADS
