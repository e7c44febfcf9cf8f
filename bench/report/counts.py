"""Instructions that callgate-perf executes, counted by callgrind, and bytes that it reports."""
import re
import subprocess
import sys
import tempfile

COUNTED = 'callgate_counted'
# What is not callgate's own: the C and C++ libraries and the loader, and the operators that count the heap
# (bench/measure/heap.cc).
FOREIGN = re.compile(r'/(lib[^/]*|ld-[^/]*)\.so[^/]*$')
HEAP_COUNT = re.compile(r'fn=operator (new|delete)\(')


def give_up(message):
    print(message, file=sys.stderr)
    sys.exit(2)  # 1 means that something became slower


def own_instructions(path):
    """The instructions of one profile that are callgate's own. Generated code belongs to no object: it counts."""
    total, foreign, measuring, skip = 0, False, False, False
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            if line.startswith('ob='):
                foreign = bool(FOREIGN.search(line.strip()))
            elif line.startswith('fn='):
                measuring = bool(HEAP_COUNT.match(line))
            elif line.startswith('calls='):
                skip = True  # the next line is the cost of what is called, which is counted where it is spent
            elif line[0].isdigit() or line[0] in '+-*':
                if skip:
                    skip = False
                elif not foreign and not measuring:
                    fields = line.split()
                    total += int(fields[1]) if len(fields) > 1 else 0
    return total


def measure(program, arguments=()):
    """({name: instructions}, {name: bytes}) of a run of callgate-perf."""
    with tempfile.TemporaryDirectory() as folder:
        command = ['valgrind', '--tool=callgrind', '--smc-check=all-non-file', f'--toggle-collect={COUNTED}',
                   f'--dump-after={COUNTED}', '--compress-strings=no', '--compress-pos=no',
                   f'--callgrind-out-file={folder}/profile', program, *arguments]
        # The length of the environment shifts the stack, and with it how far functions of the C library go.
        environment = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C'}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            give_up(f'{" ".join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}')
        counts, sizes, number = {}, {}, 0
        for line in done.stdout.splitlines():
            kind, rest = line.split(' ', 1)
            if kind == 'count':
                number += 1
                counts[rest] = own_instructions(f'{folder}/profile.{number}')
                if counts[rest] == 0:
                    give_up(f'callgrind counted nothing for {rest}')
            else:
                name, value = rest.rsplit(' ', 1)
                sizes[name] = int(value)
    return counts, sizes


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def toolchain(program):
    """What counts depend on: the compiler that built the program, the C library, the word size."""
    comment = run(['readelf', '-p', '.comment', program])
    compiler = re.findall(r'(GCC|clang)[^\n]*? (\d+\.\d+\.\d+)', comment)
    bits = 32 if 'ELF32' in run(['readelf', '-h', program]) else 64
    name, version = ('clang', dict(compiler)['clang']) if 'clang' in dict(compiler) else compiler[0]
    libc = run(['getconf', 'GNU_LIBC_VERSION']).strip()
    return f'{name} {version}, {libc}, {bits} bits'
