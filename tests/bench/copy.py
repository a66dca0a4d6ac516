# SPDX-License-Identifier: Apache-2.0
"""The relay road beside its limits: `psql COPY binary | psql COPY binary`, and a bare libpq relay.

A lineitem-like table of 17 columns goes from one database to an empty unlogged table in another, all sides in turn in
each round. Ratios are taken within a round; their median counts.

    INCLOAD_BENCH_ROWS (default 1000000), INCLOAD_BENCH_ROUNDS (default 7)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, run, spread
from tables import LINEITEM, lineitem

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 1000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']

source = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(source, 'bench_copy')
psql(source, f'''
    CREATE UNLOGGED TABLE lineitem ({LINEITEM});
    INSERT INTO lineitem {lineitem(ROWS)};
    VACUUM ANALYZE lineitem''')
psql(source, 'CREATE DATABASE bench_copy')
psql(target, f'CREATE UNLOGGED TABLE copied ({LINEITEM});')
DIGEST = 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t'
expected = psql(source, DIGEST.format('lineitem'))


def out(url, sql):
    return ['psql', '--no-psqlrc', '-Xq', url, '-c', sql]


SIDES = {
    'psql pipe': [out(source, 'COPY lineitem TO STDOUT (FORMAT binary)'),
                  out(target, 'COPY copied FROM STDIN (FORMAT binary)')],
    'bare relay': [[f'{PROGRAMS}/bare_relay', source, 'SELECT * FROM lineitem', target, 'copied']],
    'libincload': [[f'{PROGRAMS}/load_once', source, 'lineitem', target, 'copied', 'append', 'road=relay']],
}
results = {name: [] for name in SIDES}
names = list(SIDES)
for turn in range(ROUNDS + 1):
    for name in names[turn % 3:] + names[:turn % 3]:
        psql(target, 'TRUNCATE copied; CHECKPOINT')
        measured = run(*SIDES[name])
        if psql(target, DIGEST.format('copied')) != expected:
            sys.exit(f'{name} did not copy the table: the digests differ')
        if turn > 0:  # the first round warms up
            results[name].append(measured)

print(f'copy: {ROWS:,} rows of 17 columns, {ROUNDS} rounds; median [least-most]')
print(f'{"":12} {"seconds":>22} {"rows/s":>10} {"client CPU s":>22} {"RSS MB":>8}')
for name, runs in results.items():
    wall = [r.wall for r in runs]
    print(f'{name:12} {spread(wall):>22} {ROWS / median(wall):>10,.0f} {spread([r.cpu for r in runs]):>22} '
          f'{max(r.rss for r in runs):>8.1f}')

ours, pipe, bare = results['libincload'], results['psql pipe'], results['bare relay']
bars = Bars()
bars.at_least('copy.rows_per_second_of_the_faster',
              median([min(p.wall, b.wall) / o.wall for o, p, b in zip(ours, pipe, bare)]), 0.95)
bars.at_most('copy.client_cpu_of_psql', median([o.cpu / p.cpu for o, p in zip(ours, pipe)]), 0.6)
bars.at_most('copy.resident_mb', max(o.rss for o in ours), 16)
bars.done()
