# SPDX-License-Identifier: Apache-2.0
"""A merge of 250,000 changed rows into 4 million beside the best SQL by hand: COPY to a temporary table, ANALYZE,
INSERT in the order of the key with ON CONFLICT DO UPDATE, in one transaction. PostgreSQL to another database of the
same server; each side has a target of its own. Sides take turns in each round, ratios are taken within a round, their
median counts.

    INCLOAD_BENCH_ROWS (default 4000000), INCLOAD_BENCH_ROUNDS (default 7)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, run, spread
from tables import ORDERS, orders

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 4000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']
SHARE = 16  # one row of so many comes changed
DIGEST = 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t'

source = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(source, 'bench_merge')
psql(source, f'CREATE DATABASE bench_merge; CREATE UNLOGGED TABLE changed ({ORDERS}) WITH (autovacuum_enabled = off)')


def by_hand(table):
    columns = 'id, customer, amount, state, note, at'
    updates = ', '.join(f'{c} = EXCLUDED.{c}' for c in columns.split(', ')[1:])
    steps = ['BEGIN', f'CREATE TEMP TABLE staged (LIKE {table}) ON COMMIT DROP',
             'COPY staged FROM STDIN (FORMAT binary)', 'ANALYZE staged',
             f'''INSERT INTO {table} ({columns}) SELECT {columns} FROM staged ORDER BY id
                 ON CONFLICT (id) DO UPDATE SET {updates}''', 'COMMIT']
    command = ['psql', '--no-psqlrc', '-Xq', '-v', 'ON_ERROR_STOP=1', target]
    for step in steps:
        command += ['-c', step]
    return [['psql', '--no-psqlrc', '-Xq', source, '-c', 'COPY changed TO STDOUT (FORMAT binary)'], command]


def by_library(table):
    return [[f'{PROGRAMS}/load_once', source, 'changed', target, table, 'upsert', 'key=id road=relay']]


SIDES = {'by hand': by_hand, 'libincload': by_library}


def copy_of(side):
    return 'merged_' + side.replace(' ', '_')


# Unlogged: what is compared is the work of the statements, not the speed of the disk.
for side in SIDES:
    psql(target, f'''
        CREATE UNLOGGED TABLE {copy_of(side)} ({ORDERS}) WITH (autovacuum_enabled = off);
        INSERT INTO {copy_of(side)} {orders(f'1, {ROWS}')}''')


def change(turn):
    """One row of each SHARE, others in each round; a hundredth of them are new."""
    psql(source, f'''
        TRUNCATE changed;
        INSERT INTO changed {orders(f'{turn % SHARE + 1}, {ROWS + ROWS // 100}, {SHARE}', turn + 1)};
        VACUUM ANALYZE changed''')
    for side in SIDES:
        psql(target, f'VACUUM ANALYZE {copy_of(side)}')
    psql(source, 'CHECKPOINT')


results = {side: [] for side in SIDES}
for turn in range(ROUNDS + 1):
    change(turn)
    for side in list(SIDES)[::1 if turn % 2 else -1]:
        measured = run(*SIDES[side](copy_of(side)))
        if turn > 0:  # the first round warms up
            results[side].append(measured.wall)
    first, second = (psql(target, DIGEST.format(copy_of(side))) for side in SIDES)
    if first != second:
        sys.exit('the two targets differ')

print(f'merge: {(ROWS + ROWS // 100) // SHARE:,} rows, changed or new, into {ROWS:,}, {ROUNDS} rounds; '
      'median [least-most]')
for side, wall in results.items():
    print(f'{side:12} {spread(wall):>22} s')
bars = Bars()
bars.at_most('merge', median([o / h for o, h in zip(results['libincload'], results['by hand'])]), 1.05)
bars.done()
