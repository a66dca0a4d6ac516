# SPDX-License-Identifier: Apache-2.0
"""What exactness costs: loads with the exact watermark beside loads by the bare cursor (horizon=none), PostgreSQL to
another database by the relay road, each side with a target of its own and the same source.

An increment reads 250,000 changed rows of 4 million; a no-op finds nothing new in 3 million, in a host that keeps its
handles and in a process of its own, whose new sessions have to learn the server's catalog first. Sides take turns in
each round, ratios and differences are taken within a round, their median counts. Changes are transactions of 1000 rows
with now(): rows with one stamp in common are read again by the bare cursor, and with one stamp for all it would read
each change twice.

    INCLOAD_BENCH_ROWS (default 4000000), INCLOAD_BENCH_QUIET_ROWS (default 3000000), INCLOAD_BENCH_ROUNDS (default 7),
    INCLOAD_BENCH_QUIET_ROUNDS (default 31)
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, run, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 4000000))
QUIET_ROWS = int(os.environ.get('INCLOAD_BENCH_QUIET_ROWS', 3000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
QUIET_ROUNDS = int(os.environ.get('INCLOAD_BENCH_QUIET_ROUNDS', 31))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']
SHARE = 16  # one row of so many changes in a round
BATCH = 1000
MARGIN = 5
SIDES = {'exact': '', 'bare cursor': ' horizon=none'}

source = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(source, 'bench_horizon')
psql(source, 'CREATE DATABASE bench_horizon')


def table(name, rows):
    """Stamps that lie a second apart and end a day ago; sizes as in a table of orders."""
    psql(source, f'''
        CREATE UNLOGGED TABLE {name} (id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2) NOT NULL,
            state text NOT NULL, note text, at timestamptz NOT NULL) WITH (autovacuum_enabled = off);
        INSERT INTO {name} SELECT g, g % 200000, g % 1000000 / 100.0, 'state ' || g % 7, md5(g::text),
            now() - interval '1 day' - ({rows} - g) * interval '1 second' FROM generate_series(1, {rows}) AS g;
        CREATE INDEX ON {name} (at);
        VACUUM ANALYZE {name}''')
    # Unlogged: what is compared is the work of the loads, not the speed of the disk.
    for side in SIDES:
        psql(target, f'''
            CREATE UNLOGGED TABLE {copy_of(name, side)} (id bigint PRIMARY KEY, customer integer NOT NULL,
                amount numeric(12,2) NOT NULL, state text NOT NULL, note text, at timestamptz NOT NULL)
                WITH (autovacuum_enabled = off)''')


def copy_of(name, side):
    return f'{name}_{side.replace(" ", "_")}'


def options(side):
    return f'cursor=at key=id road=relay{SIDES[side]}'


def load(name, side):
    return run([f'{PROGRAMS}/load_once', source, name, target, copy_of(name, side), 'timestamp', options(side)])


def load_in_turns(name, rounds):
    """As measure(), in one process."""
    sides = [word for side in SIDES for word in (copy_of(name, side), options(side))]
    done = subprocess.run([f'{PROGRAMS}/load_turns', str(rounds + 2), source, name, target, 'timestamp', *sides],
                          stdout=subprocess.PIPE, text=True, check=True)
    turns = [[int(us) / 1e6 for us in line.split()] for line in done.stdout.splitlines()[2:]]
    check(name)
    return dict(zip(SIDES, zip(*turns)))


def change(turn):
    """One row of each SHARE, everywhere in the table, in transactions of BATCH rows."""
    psql(source, f'''
        DO $$ BEGIN FOR part IN 0 .. {ROWS // SHARE // BATCH - 1} LOOP
            UPDATE orders SET amount = amount + 1, at = now()
            WHERE id IN (SELECT (part * {BATCH} + g) * {SHARE} + {turn % SHARE} + 1
                         FROM generate_series(0, {BATCH - 1}) AS g);
            COMMIT;
        END LOOP; END $$;''')


def tidy():
    psql(source, 'VACUUM ANALYZE orders')
    for side in SIDES:
        psql(target, f'VACUUM ANALYZE {copy_of("orders", side)}')
    psql(source, 'CHECKPOINT')


def check(name):
    digest = 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t'
    expected = psql(source, digest.format(name))
    for side in SIDES:
        if psql(target, digest.format(copy_of(name, side))) != expected:
            sys.exit(f'{side} did not copy {name}: the digests differ')


def measure(name, rounds, before):
    """Seconds of each round, by side; the first round warms up."""
    seconds = {side: [] for side in SIDES}
    for turn in range(rounds + 1):
        before(turn)
        for side in list(SIDES)[::1 if turn % 2 else -1]:
            took = load(name, side).wall
            if turn > 0:
                seconds[side].append(took)
    check(name)
    return seconds


def longer(seconds):
    return median([1000 * (exact - bare) for exact, bare in zip(seconds['exact'], seconds['bare cursor'])])


def ratio(seconds):
    return median([exact / bare for exact, bare in zip(seconds['exact'], seconds['bare cursor'])])


def changed(turn):
    """The exact load looks once more at what was stamped in the last MARGIN seconds before the load before it. Where
    loads come minutes apart these are few rows; here, without a pause, they would be all rows of the round before."""
    tidy()
    change(turn)
    time.sleep(MARGIN)


def changed_at_once(turn):
    tidy()
    change(turn)


table('orders', ROWS)
table('quiet', QUIET_ROWS)
for name in 'orders', 'quiet':
    for side in SIDES:
        load(name, side)
psql(target, 'VACUUM ANALYZE')
quiet = load_in_turns('quiet', QUIET_ROUNDS)
alone = measure('quiet', QUIET_ROUNDS, lambda turn: None)
busy = measure('orders', ROUNDS, changed)
close = measure('orders', ROUNDS // 2, changed_at_once)

print(f'horizon: {ROWS // SHARE:,} changed rows of {ROWS:,}, {ROUNDS} rounds; nothing new in {QUIET_ROWS:,}, '
      f'{QUIET_ROUNDS} rounds; median [least-most]')
print(f'{"":12} {"increment, s":>22} {"no-op, ms":>22} {"no-op in a process, ms":>24}')
for side in SIDES:
    print(f'{side:12} {spread(busy[side]):>22} {spread([1000 * s for s in quiet[side]], "{:.1f}"):>22} '
          f'{spread([1000 * s for s in alone[side]], "{:.1f}"):>24}')

bars = Bars()
bars.at_most('horizon_increment', ratio(busy), 1.05)
print(f'increments right behind their changes, so that each looks at those of the one before as well: '
      f'{ratio(close):.2f} times as long')
print(f'a no-op in a process of its own takes {longer(alone):.1f} ms longer')
bars.at_most('horizon_noop_ms', longer(quiet), 5)
bars.done()
