# SPDX-License-Identifier: Apache-2.0
"""A verification of two equal tables beside plain readings of both: `psql COPY ... TO STDOUT` for PostgreSQL, the
library's own query stream for databases over ODBC. All in turn in each round; ratios are taken within a round.

    INCLOAD_BENCH_ROWS (default 2000000), INCLOAD_BENCH_ROUNDS (default 5), INCLOAD_BENCH_PAIRS (default all)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, run, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 2000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 5))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']

COLUMNS = '''
    id bigint PRIMARY KEY, customer bigint NOT NULL, state varchar(12) NOT NULL, amount numeric(12,2) NOT NULL,
    discount numeric(5,4), weight double precision, ordered date NOT NULL, note varchar(60),
    paid boolean NOT NULL, updated_at timestamptz NOT NULL'''
FILL = f'''
    INSERT INTO orders SELECT g, g::bigint * 7919 % 200000,
        (ARRAY['new', 'paid', 'shipped', 'returned'])[g % 4 + 1], g::bigint * 37 % 10000000 / 100.0,
        CASE WHEN g % 5 > 0 THEN g % 100 / 1000.0 END, g / 7.0, date '2020-01-01' + g % 1500,
        CASE WHEN g % 3 > 0 THEN left(md5(g::text) || md5((g + 1)::text), g % 40 + 10) END,
        g % 4 > 0, timestamptz '2024-01-01' + g * interval '1 second'
    FROM generate_series(1, {ROWS}) AS g'''

source = os.environ['INCLOAD_TEST_POSTGRES']
targets = {
    'postgres': other_database(source, 'bench_verify'),
    'mariadb': os.environ['INCLOAD_TEST_MARIADB'],
    'sqlite': os.environ['INCLOAD_TEST_SQLITE'],
}
pairs = os.environ.get('INCLOAD_BENCH_PAIRS', ' '.join(targets)).split()
psql(source, f'CREATE UNLOGGED TABLE orders ({COLUMNS}); {FILL}; VACUUM ANALYZE orders')
psql(source, 'CREATE DATABASE bench_verify')


def scan(url):
    if url.startswith('postgresql:'):
        return ['psql', '--no-psqlrc', '-Xq', url, '-c', 'COPY orders TO STDOUT']
    return [f'{PROGRAMS}/verify_once', url, 'orders']


def verify(url, options):
    return [f'{PROGRAMS}/verify_once', source, 'orders', url, 'orders', 'upsert', 'key=id', options]


bars = Bars()
print(f'verify: {ROWS:,} rows of 10 columns, {ROUNDS} rounds; seconds, median [least-most]')
for pair in pairs:
    url = targets[pair]
    run([f'{PROGRAMS}/load_once', source, 'orders', url, 'orders', 'upsert', 'key=id'])
    sides = {'verify': lambda: run(verify(url, '')),
             'scan': lambda: (run(scan(source)), run(scan(url)))}
    if pair == 'postgres':
        psql(url, 'VACUUM ANALYZE orders')
        sides['verify in the database'] = lambda: run(verify(url, 'digest=database'))
        sides['count(*)'] = lambda: (run(['psql', '-Xq', source, '-c', 'SELECT count(*) FROM orders']),
                                     run(['psql', '-Xq', url, '-c', 'SELECT count(*) FROM orders']))
    results = {name: [] for name in sides}
    rss = 0
    names = list(sides)
    for turn in range(ROUNDS + 1):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            done = sides[name]()
            if name == 'verify':
                rss = max(rss, done.rss)
            wall = done.wall if not isinstance(done, tuple) else sum(part.wall for part in done)
            if turn > 0:  # the first round warms up
                results[name].append(wall)
    for name, walls in results.items():
        ratios = [a / b for a, b in zip(walls, results['scan'])]
        print(f'postgres to {pair:9} {name:24} {spread(walls):>22}   {spread(ratios)} of the scan')
    if 'count(*)' in results:
        print('count(*) of both tables: verify takes',
              spread([a / b for a, b in zip(results['verify'], results['count(*)'])]), 'of it')
    print(f'postgres to {pair:9} resident at most {rss:.1f} MB')
    bars.at_most(f'verify_cost_postgres_{pair}',
                 median([a / b for a, b in zip(results['verify'], results['scan'])]), 1.5)
bars.done()
