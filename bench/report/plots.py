"""Pictures of the figures: gnuplot draws them, as SVG whose lines and letters follow the reader's light or dark theme."""
import re
import subprocess
import sys
import tempfile

from report.results import EMPTY, WORKLOADS

# Colours that stand out on white and on black.
COLOURS = ['#d9822b', '#8a6fd1', '#3d8fd1', '#2f9e62', '#c94f7c', '#7d8794']

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
    shown = [(name, COLOURS[i]) for i, name in enumerate(wanted) if any(value(w, name) for w in WORKLOADS)]
    if not shown:
        return missing(path)
    rows = []
    for workload in WORKLOADS:
        values = [value(workload, name) for name, _ in shown]
        rows.append([quoted(workload.replace('-', '-\\n')), *['NaN' if value is None else f'{value:.3f}' for value in values]])
    plots = [f"$data using {i + 2}:xtic(1) lc rgb '{colour}' title '{name}'" for i, (name, colour) in enumerate(shown)]
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


def lines(path, title, xlabel, ylabel, series):
    """`series`: (title, [(x, y)])."""
    data, plots = '', []
    for i, (name, points_) in enumerate(series):
        if points_:
            data += block(f'data{i}', points_)
            plots.append(f"$data{i} using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb '{COLOURS[i % 6]}' title '{name}'")
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
    lines(f'{folder}/length.svg', 'A decision against the length of the chain', 'filters', 'nanoseconds',
          [(name, points(results, 'length/', name, results.nanoseconds)) for name in ('interp', none, full, EMPTY)])
    microseconds = [(f'{kind}, {level}', points(results, f'size/{kind}/', name, lambda n: results.nanoseconds(n) / 1000))
                    for kind in ('ladder', 'argument-heavy', 'maximum') for level, name in (('full', full), ('none', none))]
    lines(f'{folder}/compile.svg', 'Attaching against instructions', 'instructions in the chain', 'microseconds',
          microseconds)
    throughput = [(name, [(n, n * 1000 / time) for n, time in points(results, 'threads/', name, results.nanoseconds)])
                  for name in ('interp', none, full)]
    lines(f'{folder}/threads.svg', 'Threads that share one chain', 'threads', 'million decisions a second',
          throughput)
