# SPDX-License-Identifier: Apache-2.0
"""The library beside other tools, all on the same data in one interleaved run: a full copy, an increment, an increment
with nothing new, a backfill by days, and rows that are lost under concurrent writers. What each of them loaded is held
against the source before its time counts. tests/bench/peers/tools.py installs the tools beside the build and has their
commands; tests/bench/peers/report.py makes doc/peers.md and its picture of what this run writes.

    INCLOAD_BENCH_SCALE (default 1): of 1,000,000 rows to copy, 4,000,000 of which a sixteenth changes,
        and 1,000,000 in days
    INCLOAD_BENCH_ROUNDS (default 3), INCLOAD_BENCH_SECONDS (of writing, for each tool; default 20)
    INCLOAD_BENCH_LIMIT (default 900): seconds after which a tool is stopped and out of that job
    INCLOAD_BENCH_TOOLS, INCLOAD_BENCH_JOBS: words, to run only these (default: all)
    INCLOAD_BENCH_RESULT (default: peers/result.json beside the build)
    INCLOAD_BENCH_NOTE: a sentence for the page, about the circumstances of this run
"""
import datetime
import json
import os
import pathlib
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), name) for name in ('lib', 'peers')]
from jobs import JOBS, Bench
from sides import Bars, median
from tools import install_tools

PROGRAMS = pathlib.Path(os.environ['INCLOAD_BENCH_PROGRAMS']).resolve()
PLACE = PROGRAMS.parent.parent / 'peers'
RESULT = pathlib.Path(os.environ.get('INCLOAD_BENCH_RESULT', PLACE / 'result.json'))
OURS = 'libincload, from C'


def machine():
    def field(path, name):
        with open(path, encoding='utf-8') as file:
            return next((line.split(':', 1)[1].strip() for line in file if line.startswith(name)), '')

    return {'cores': os.cpu_count(),
            'memory_gb': round(int(field('/proc/meminfo', 'MemTotal').split()[0]) / 1e6),
            'gives_way': os.sched_getscheduler(0) == os.SCHED_IDLE,
            'processor': field('/proc/cpuinfo', 'model name'),
            'system': f'{os.uname().sysname} {os.uname().release.split("-")[0]}'}


os.environ['PGOPTIONS'] = '-c client_min_messages=warning'  # not that there was no database to drop
tools, missing = install_tools(PLACE, PROGRAMS, os.environ.get('INCLOAD_BENCH_TOOLS', '').lower().split())
bench = Bench(tools, os.environ['INCLOAD_TEST_POSTGRES'], pathlib.Path(os.environ['INCLOAD_TEST_DIR']) / 'peers',
              scale=float(os.environ.get('INCLOAD_BENCH_SCALE', 1)),
              rounds=int(os.environ.get('INCLOAD_BENCH_ROUNDS', 3)),
              seconds=int(os.environ.get('INCLOAD_BENCH_SECONDS', 20)),
              limit=int(os.environ.get('INCLOAD_BENCH_LIMIT', 900)))
wanted = os.environ.get('INCLOAD_BENCH_JOBS', '').split() or list(JOBS)
result = {'date': datetime.date.today().isoformat(), 'machine': machine(), 'server': bench.server_version(),
          'sizes': bench.sizes(), 'missing': missing,
          'note': os.environ.get('INCLOAD_BENCH_NOTE', ''),
          'versions': {tool.name: tool.version for tool in tools}, 'load': {}, 'jobs': {}}
for name in wanted:
    result['load'][name] = os.getloadavg()[0]
    result['jobs'].update(JOBS[name](bench))
    RESULT.write_text(json.dumps(result, indent=1))  # what is done is kept if a later job breaks off

for name, rows in result['jobs'].items():
    print(f'{name}: {result["sizes"].get(name, "")}; median [least-most]')
    for tool, row in rows.items():
        print(f'  {tool:24} {bench.told(row)}')
print(f'{RESULT} is what tests/bench/peers/report.py wants')

bars = Bars()
for name, rows in result['jobs'].items():
    if OURS in rows and name == 'lost':
        bars.at_most('peers.lost', rows[OURS].get('missing', float('inf')), 0)
    elif rows.get(OURS, {}).get('runs'):
        others = [median([run['wall'] for run in row['runs']]) for tool, row in rows.items()
                  if row.get('runs') and not row['remark'] and not tool.startswith('libincload')]
        if others:
            # A pipe of COPY is the limit of a copy, not a tool to leave behind.
            bars.at_least(f'peers.{name}_speed_of_the_fastest_other',
                          min(others) / median([run['wall'] for run in rows[OURS]['runs']]),
                          0.95 if name == 'copy' else 1)
bars.done()
