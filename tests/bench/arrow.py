# SPDX-License-Identifier: Apache-2.0
"""A query of PostgreSQL read into a pyarrow table by the library's Python package, beside ADBC's driver for PostgreSQL,
ConnectorX, and psycopg's COPY as CSV into pyarrow's own reader. Each reading is a process of its own, the sides take
turns, ratios are taken within a round; the time goes from connecting to the whole table, the memory is the process's
largest resident size. The columns have types that are the same for all of them.

    INCLOAD_BENCH_ROWS (default 2000000), INCLOAD_BENCH_ROUNDS (default 7)
    INCLOAD_BENCH_PYTHON: a Python that has all packages (default: an environment is made beside the programs)
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from environment import install, install_incload
from sides import Bars, median, psql, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 2000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(os.environ['INCLOAD_BENCH_PROGRAMS']).resolve()
OTHERS = {'adbc': ['adbc-driver-manager', 'adbc-driver-postgresql'], 'connectorx': ['connectorx'],
          'psycopg': ['psycopg[binary]']}
IMPORTS = {'adbc': 'adbc_driver_postgresql.dbapi', 'connectorx': 'connectorx', 'psycopg': 'psycopg'}
QUERY = 'SELECT * FROM readings'

source = os.environ['INCLOAD_TEST_POSTGRES']
# Over TCP, which is the way that every side knows.
READER = os.environ['INCLOAD_TEST_POSTGRES_PASSWORD_URL']


def environment():
    """The Python of an environment with the package of this build, and those it is held against."""
    place = PROGRAMS / 'arrow-environment'
    install_incload(place, PROGRAMS.parent.parent / 'lib')
    install(place, 'pyarrow')
    for packages in OTHERS.values():
        install(place, *packages, check=False)
    return str(place / 'bin' / 'python')


python = os.environ.get('INCLOAD_BENCH_PYTHON') or environment()
sides = ['incload']
for name, module in IMPORTS.items():
    if subprocess.run([python, '-c', f'import {module}'], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        sides.append(name)
    else:
        print(f'{name} is left out: {" ".join(OTHERS[name])} could not be installed here')
if len(sides) == 1:
    sys.exit('arrow: there is nothing to hold it against')

psql(source, f'''
    CREATE UNLOGGED TABLE readings (id bigint PRIMARY KEY, customer integer NOT NULL, state varchar(12) NOT NULL,
        weight double precision, ordered date NOT NULL, note varchar(60), paid boolean NOT NULL,
        updated_at timestamptz NOT NULL);
    INSERT INTO readings SELECT g, g::bigint * 7919 % 200000,
        (ARRAY['new', 'paid', 'shipped', 'returned'])[g % 4 + 1], g / 7.0, date '2020-01-01' + g % 1500,
        CASE WHEN g % 3 > 0 THEN left(md5(g::text) || md5((g + 1)::text), g % 40 + 10) END,
        g % 4 > 0, timestamptz '2024-01-01' + g * interval '1 second'
    FROM generate_series(1, {ROWS}) AS g;
    VACUUM ANALYZE readings;
    GRANT SELECT ON readings TO PUBLIC''')


def read(side):
    done = subprocess.run([python, str(HERE / 'lib' / 'arrow_side.py'), side, READER, QUERY], text=True,
                          stdout=subprocess.PIPE, check=True)
    seconds, rows, total, size = done.stdout.split()
    if int(rows) != ROWS or int(total) != ROWS * (ROWS + 1) // 2:
        sys.exit(f'{side} read {rows} rows with the sum {total}')
    return float(seconds), float(size)


seconds, sizes = {side: [] for side in sides}, {side: [] for side in sides}
for turn in range(ROUNDS + 1):
    for side in sides[turn % len(sides):] + sides[:turn % len(sides)]:
        took, size = read(side)
        if turn > 0:  # the first round warms up
            seconds[side].append(took)
            sizes[side].append(size)

print(f'arrow: {ROWS:,} rows of 8 columns from PostgreSQL into a pyarrow table, {ROUNDS} rounds; median [least-most]')
for side in sides:
    ratios = [a / b for a, b in zip(seconds[side], seconds['incload'])]
    print(f'{side:12} {spread(seconds[side]):>22} s   {spread(ratios):>22} of incload   '
          f'{spread(sizes[side], "{:.0f}"):>18} MB')
fastest = min(sides[1:], key=lambda side: median(seconds[side]))
smallest = min(sides[1:], key=lambda side: median(sizes[side]))
print(f'the fastest of the others is {fastest}, the smallest {smallest}')
bars = Bars()
bars.at_least(f'arrow_speed_of_{fastest}',
              median([a / b for a, b in zip(seconds[fastest], seconds['incload'])]), 1)
bars.at_most(f'arrow_memory_of_{fastest}', median([a / b for a, b in zip(sizes['incload'], sizes[fastest])]), 1)
bars.done()
