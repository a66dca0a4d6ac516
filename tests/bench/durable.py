# SPDX-License-Identifier: Apache-2.0
"""What it costs to keep a run's units in the ledger: empty units a second through PostgreSQL with every fsync on,
claimed by 16 clients as a backfill claims them (100 at once, more as long as they are short) and completed 100 at a
time; then units that land with one row of data each in a transaction of their own, beside the same transactions without
a ledger, in turns: how many more commits a unit takes, by the server's count.

    INCLOAD_BENCH_UNITS (default 100000), INCLOAD_BENCH_SINGLE_UNITS (default 10000),
    INCLOAD_BENCH_CLIENTS (default 16), INCLOAD_BENCH_ROUNDS (default 3)
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, spread

UNITS = int(os.environ.get('INCLOAD_BENCH_UNITS', 100000))
SINGLE = int(os.environ.get('INCLOAD_BENCH_SINGLE_UNITS', 10000))
CLIENTS = int(os.environ.get('INCLOAD_BENCH_CLIENTS', 16))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 3))
PROGRAM = os.path.join(os.environ['INCLOAD_BENCH_PROGRAMS'], 'durable_units')

server = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(server, 'bench_durable')
psql(server, 'CREATE DATABASE bench_durable')
psql(target, 'CREATE TABLE durable_data (seq bigint)')


def commits():
    """Of this database; a session tells its own at its end at the latest: the count is taken once it stands still."""
    last = -1
    while True:
        now = int(psql(server, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'bench_durable'"))
        if now == last:
            return now
        last = now
        time.sleep(0.3)


def units(ledger, count, manner):
    """(units a second, commits); checks that each unit landed once."""
    psql(target, 'TRUNCATE durable_data')
    before = commits()
    done = subprocess.run([PROGRAM, target, ledger, str(CLIENTS), str(count), manner], stdout=subprocess.PIPE,
                          text=True, check=True)
    made = commits() - before
    if manner != 'bare':
        landed = psql(target, f'SELECT count(*) FROM {ledger}.applied')
        ended = psql(target, f'SELECT count(*) FROM {ledger}.unit WHERE status = 3')
        assert landed == ended == str(count), (landed, ended)
    if manner != 'batch':
        assert psql(target, 'SELECT count(*), count(DISTINCT seq) FROM durable_data') == f'{count}|{count}'
    return count / (int(done.stdout) / 1e6), made


batch, single, bare, extra = [], [], [], []
for turn in range(ROUNDS):
    batch.append(units(f'batch_{turn}', UNITS, 'batch')[0])
    rate, made = units(f'single_{turn}', SINGLE, 'unit')
    bare_rate, bare_made = units(f'bare_{turn}', SINGLE, 'bare')
    single.append(rate)
    bare.append(bare_rate)
    extra.append((made - bare_made) / SINGLE)

print(f'{CLIENTS} clients, PostgreSQL, fsync on, median of {ROUNDS} [least-most]')
print(f'  empty units, completed 100 at a time         {spread(batch, "{:.0f}")} units/s')
print(f'  units of one row, each its own transaction   {spread(single, "{:.0f}")} units/s')
print(f'  the same transactions without a ledger       {spread(bare, "{:.0f}")} units/s')
print(f'  commits more a unit, claims in it            {spread(extra, "{:.4f}")}')

bars = Bars()
bars.at_least('durable-units-per-s', median(batch), 15000)
# A claim's commit is shared by its units, 100 or more; the workers' registrations by all.
bars.at_most('durable-extra-commits-per-unit', median(extra), 0.02)
bars.done()
