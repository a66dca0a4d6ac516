# SPDX-License-Identifier: Apache-2.0
"""A backfill by days from PostgreSQL to PostgreSQL, each day one transaction that replaces it, beside a hand-written
relay of the same days with as many threads: COPY TO STDOUT, DELETE of the day, COPY FROM STDIN, COMMIT.

The target's table is empty before each side, and has an index on the day; every fsync is on. The sides take turns in
each round; what counts is the ratio of the medians. Rows and checksums are compared after each.

    INCLOAD_BENCH_ROWS (default 2000000), INCLOAD_BENCH_DAYS (default 118), INCLOAD_BENCH_ROUNDS (default 5),
    INCLOAD_BENCH_WORKERS (default "1 2 4")
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, spread
from tables import EVENTS, FIRST_DAY, events, last_day

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 2000000))
DAYS = int(os.environ.get('INCLOAD_BENCH_DAYS', 118))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 5))
WORKERS = [int(word) for word in os.environ.get('INCLOAD_BENCH_WORKERS', '1 2 4').split()]
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']
FIRST, LAST = FIRST_DAY, last_day(DAYS)

DIGEST = 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t'

source = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(source, 'bench_backfill')
psql(source, f'''
    CREATE TABLE events ({EVENTS});
    INSERT INTO events {events(ROWS, DAYS)};
    CREATE INDEX ON events (day);
    VACUUM ANALYZE events''')
psql(source, 'CREATE DATABASE bench_backfill')
psql(target, f'CREATE TABLE landed ({EVENTS}); CREATE INDEX ON landed (day)')
expected = psql(source, DIGEST.format('events'))


def bare(workers, turn):
    return [f'{PROGRAMS}/bare_backfill', source, 'events', target, 'landed', 'day', str(FIRST), str(DAYS),
            str(workers)]


def library(workers, turn):
    return [f'{PROGRAMS}/backfill_once', source, 'events', target, 'landed', 'day', str(FIRST), str(LAST),
            str(workers), f'days_{workers}_{turn}']


def seconds(command, name):
    psql(target, 'TRUNCATE landed; CHECKPOINT')
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    if psql(target, DIGEST.format('landed')) != expected:
        sys.exit(f'{name} did not load the days: the digests differ')
    return int(done.stdout) / 1e6


SIDES = {'bare': bare, 'libincload': library}
results = {(name, workers): [] for name in SIDES for workers in WORKERS}
for turn in range(ROUNDS + 1):
    for workers in WORKERS:
        for name in list(SIDES)[::1 if turn % 2 == 0 else -1]:
            taken = seconds(SIDES[name](workers, turn), name)
            if turn > 0:  # the first round warms up, and makes the ledger
                results[name, workers].append(taken)

print(f'backfill: {ROWS:,} rows in {DAYS} days, {ROUNDS} rounds; median [least-most] of the seconds')
print(f'{"workers":>8} {"bare":>20} {"libincload":>20} {"rows/s":>12} {"of bare":>8}')
bars = Bars()
for workers in WORKERS:
    limit, ours = results['bare', workers], results['libincload', workers]
    print(f'{workers:8} {spread(limit):>20} {spread(ours):>20} {ROWS / median(ours):12,.0f} '
          f'{median(limit) / median(ours):8.3f}')
for workers in WORKERS:
    bars.at_least(f'backfill.speed_of_bare_{workers}',
                  median(results['bare', workers]) / median(results['libincload', workers]), 0.95)
bars.done()
