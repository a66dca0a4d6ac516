# SPDX-License-Identifier: Apache-2.0
"""A million empty units through the scheduler, beside a pool of a mutex and a condition variable that does nothing
else, beside Taskflow where its headers are, and beside Python's ThreadPoolExecutor (a hundredth of the units). Flat, a
chain, and layers of 100 with 4 edges into each unit. Times are processor time of all threads, which a busy machine
distorts least; the clock is told beside it.

    INCLOAD_BENCH_UNITS (default 1000000), INCLOAD_BENCH_ROUNDS (default 5), INCLOAD_BENCH_THREADS (default 2)
    INCLOAD_BENCH_TASKFLOW (the folder that holds taskflow/taskflow.hpp, if it is not where the compiler looks)
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, spread

UNITS = int(os.environ.get('INCLOAD_BENCH_UNITS', 1000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 5))
THREADS = int(os.environ.get('INCLOAD_BENCH_THREADS', 2))
PROGRAM = os.environ['INCLOAD_BENCH_PROGRAMS'] + '/scheduler_units'
EDGES = {'flat': 0, 'chain': 1, 'layers': 4}


def timed(*command):
    """Nanoseconds on the clock, of processor time, and bytes, each per unit."""
    done = subprocess.run([*command, str(UNITS), str(THREADS)], stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()[:3]]


def make_taskflow(folder):
    """The program of Taskflow's side; None, and why is told, where it cannot be had: no package of Debian 12 has it."""
    made, headers = os.path.join(folder, 'scheduler_taskflow'), os.environ.get('INCLOAD_BENCH_TASKFLOW')
    source = os.path.join(os.path.dirname(__file__), 'scheduler_taskflow.cc')
    places = ['-isystem', headers] if headers else []
    compiler = [os.environ.get('CXX', 'g++'), '-std=c++20', '-O3', '-pthread', *places]
    try:
        seen = subprocess.run([*compiler, '-E', '-x', 'c++', '-'], input='#include <taskflow/taskflow.hpp>', text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        print('taskflow: not compared, there is no C++ compiler', flush=True)
        return None
    if seen.returncode != 0:
        print('taskflow: not compared, its headers are not here; INCLOAD_BENCH_TASKFLOW can tell where', flush=True)
        return None
    subprocess.run([*compiler, source, '-o', made], check=True)
    return made


def python_pool():
    count = UNITS // 100
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        wall, cpu = time.perf_counter(), time.process_time()
        for done in [pool.submit(int) for _ in range(count)]:
            done.result()
        return [(time.perf_counter() - wall) / count * 1e9, (time.process_time() - cpu) / count * 1e9, 0]


sides = {(side, shape): lambda side=side, shape=shape: timed(PROGRAM, side, shape)
         for shape in EDGES for side in ('ours', 'full', 'bare', 'check')}
sides['ours', 'source'] = lambda: timed(PROGRAM, 'ours', 'source')
sides['python', 'flat'] = python_pool
kept = tempfile.TemporaryDirectory()
taskflow = make_taskflow(kept.name)
for shape in EDGES if taskflow else ():
    sides['taskflow', shape] = lambda shape=shape: timed(taskflow, shape)
results = {name: [] for name in sides}
names = list(sides)
for turn in range(ROUNDS):
    for name in names[turn % len(names):] + names[:turn % len(names)]:
        results[name].append(sides[name]())

print(f'scheduler: {UNITS:,} units, {THREADS} threads, {ROUNDS} rounds; per unit, median [least-most]')
for (side, shape), runs in results.items():
    print(f'{shape:7} {side:8} processor {spread([run[1] for run in runs], "{:.0f}"):>22} ns   clock '
          f'{spread([run[0] for run in runs], "{:.0f}"):>22} ns   {runs[0][2]:.1f} bytes')


def cpu(side, shape):
    return median([run[1] for run in results[side, shape]])


bars = Bars()
for shape in EDGES:
    # Edges are allowed for beside the unit itself.
    bars.at_most(f'scheduler_{shape}', cpu('ours', shape), 100 + 60 * EDGES[shape])
    bars.at_most(f'scheduler_full_{shape}', cpu('full', shape), 1000)
    bars.at_most(f'scheduler_bytes_{shape}', results['ours', shape][0][2], 64)
bars.at_most('scheduler_check_ms', cpu('check', 'chain') * UNITS / 1e6, 100)
bars.done()
