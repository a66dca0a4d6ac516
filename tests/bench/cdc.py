# SPDX-License-Identifier: Apache-2.0
"""Changes beside PostgreSQL's own apply worker: each workload is made in a source database, applied by a subscription
to a second database of the same server, by the library from a list of events in memory to a third, and by a stream of
the library to a fourth. The list tells the CPU of the target's processes; the stream tells the whole time from
the start of following until the target has everything, as does the subscription from its enabling. The tables of all
four must be equal after each round. Sides take turns, ratios are taken within a round, their median counts.

    INCLOAD_BENCH_ROWS (default 500000): rows of the tables beforehand
    INCLOAD_BENCH_ROUNDS (default 5)
    INCLOAD_BENCH_SCALE (default 1.0): how many changes
    INCLOAD_BENCH_BATCH (default 50000): events of a commit
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 500000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 5))
SCALE = float(os.environ.get('INCLOAD_BENCH_SCALE', 1.0))
BATCH = int(os.environ.get('INCLOAD_BENCH_BATCH', 50000))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']

# The workload, how many changes a round, the bar of CPU, the bar of time. One after the other, so that none
# finds the holes in the tables that another left.
WORKLOADS = {
    'insert': (100000, 0.4, None),
    'small': (30000, 0.35, None),
    'update': (100000, 0.6, 1.3),
    'delete': (50000, 0.6, None),
    'tpcb': (20000, 0.35, 1.3),
}
# Where the numbers of its rows begin, behind those of the table beforehand.
OFFSETS = {'small': 1000000000}
TABLES = ['items', 'accounts', 'tellers', 'branches', 'history']
SHAPES = '''
    CREATE TABLE items (id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2) NOT NULL,
        state text NOT NULL, note text, at timestamptz NOT NULL) WITH (autovacuum_enabled = off);
    CREATE TABLE accounts (aid integer PRIMARY KEY, bid integer, abalance bigint, filler character(84))
        WITH (fillfactor = 90, autovacuum_enabled = off);
    CREATE TABLE tellers (tid integer PRIMARY KEY, bid integer, tbalance bigint, filler character(84))
        WITH (autovacuum_enabled = off);
    CREATE TABLE branches (bid integer PRIMARY KEY, bbalance bigint, filler character(84))
        WITH (autovacuum_enabled = off);
    CREATE TABLE history (tid integer, bid integer, aid integer, delta bigint, mtime timestamptz)
        WITH (autovacuum_enabled = off);
    CREATE TABLE marks (workload text PRIMARY KEY, first bigint NOT NULL);
'''
ITEM = '''{id}, g % 200000, g % 1000000 / 100.0, 'state ' || g % 7,
    'a note of some length, as rows have them, number ' || g,
    timestamptz '2024-01-01 00:00:00+00' + g * interval '1 s\''''
DIGEST = ';'.join(f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {t} AS t' for t in TABLES)


def url_of(side):
    return other_database(os.environ['INCLOAD_TEST_POSTGRES'], f'cdc_{side}')


SOURCE, NATIVE, OURS, FOLLOW = (url_of(side) for side in ('source', 'native', 'ours', 'follow'))


def name_of(url):
    return url.split('@/', 1)[1].split('?')[0]


def make():
    admin = os.environ['INCLOAD_TEST_POSTGRES']
    # A subscription that was just disabled is not made to wait for its next worker.
    psql(admin, "ALTER SYSTEM SET wal_retrieve_retry_interval = '1ms'; SELECT pg_reload_conf()")
    for url in (SOURCE, NATIVE, OURS, FOLLOW):
        psql(admin, f'CREATE DATABASE {name_of(url)}')
        psql(url, SHAPES + f'''
            INSERT INTO items SELECT {ITEM.format(id='g - 1')} FROM generate_series(1, {ROWS}) AS g;
            INSERT INTO accounts SELECT g, g % 10, 0, g::text FROM generate_series(0, {ROWS - 1}) AS g;
            INSERT INTO tellers SELECT g, g % 10, 0, g::text FROM generate_series(0, 99) AS g;
            INSERT INTO branches SELECT g, 0, g::text FROM generate_series(0, 9) AS g;
            VACUUM ANALYZE''')
    psql(SOURCE, f'''CREATE PUBLICATION cdc FOR TABLE {', '.join(TABLES)}, marks;
        SELECT pg_create_logical_replication_slot(name, 'pgoutput') FROM (VALUES ('cdc'), ('follow')) AS s (name)''')
    host = dict(part.split('=') for part in SOURCE.split('?', 1)[1].split('&'))
    user = SOURCE.split('://', 1)[1].split('@', 1)[0].split(':')[0]
    conninfo = f"dbname=cdc_source user={user} " + ' '.join(f'{k}={v}' for k, v in host.items())
    psql(NATIVE, f'''CREATE SUBSCRIPTION cdc CONNECTION '{conninfo}' PUBLICATION cdc
        WITH (slot_name = cdc, create_slot = false, copy_data = false, enabled = false)''')


def sql_of(workload, first, count):
    last = first + count - 1
    if workload == 'insert':
        return f"INSERT INTO items SELECT {ITEM.format(id=f'{ROWS} + g')} FROM generate_series({first}, {last}) AS g"
    if workload == 'delete':
        return f'DELETE FROM items WHERE id BETWEEN {ROWS + first} AND {ROWS + last}'
    if workload == 'update':
        return f'''
            UPDATE items SET (customer, amount, state, note, at) = (SELECT n.c, n.m, n.s, n.o, n.a) FROM (
                SELECT {ITEM.format(id=f'g * 7919 % {ROWS}')} FROM generate_series({first}::bigint, {last}) AS g)
                AS n (i, c, m, s, o, a) WHERE id = n.i'''
    if workload == 'small':
        return f'''DO $$ BEGIN FOR g IN {first}..{last} LOOP
            INSERT INTO items SELECT {ITEM.format(id=f'{ROWS} + g')}; COMMIT; END LOOP; END $$'''
    return f'''DO $$ DECLARE a bigint; t bigint; d bigint; BEGIN FOR g IN {first}::bigint..{last} LOOP
        a := g * 7919 % {ROWS}; t := g * 31 % 100; d := g * 13 % 9999 - 5000;
        UPDATE accounts SET abalance = abalance + d WHERE aid = a;
        UPDATE tellers SET tbalance = tbalance + d WHERE tid = t;
        UPDATE branches SET bbalance = bbalance + d WHERE bid = t % 10;
        INSERT INTO history VALUES (t, t % 10, a, d, timestamptz '2024-01-01 00:00:00+00' + g * interval '1 s');
        COMMIT; END LOOP; END $$'''


def cpu_of(pid):
    """Seconds that a process has run, from the scheduler's nanoseconds where there are any."""
    try:
        with open(f'/proc/{pid}/schedstat') as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        with open(f'/proc/{pid}/stat') as file:
            parts = file.read().rsplit(')', 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf('SC_CLK_TCK')


def until(url, query):
    """Asks for a row over and over, in one session and a transaction for each time: no old snapshot stays open."""
    with subprocess.Popen(['psql', '--no-psqlrc', '-XqAt', url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as session:
        answer = '0'
        while answer == '0':
            time.sleep(0.002)
            print(f'SELECT count(*) FROM ({query}) AS found;', file=session.stdin, flush=True)
            answer = session.stdout.readline().strip()
        session.stdin.close()
    if answer == '':
        sys.exit(f'psql failed: {query}')


def by_subscription(workload, first):
    """CPU of the apply worker from its start until the target has the mark that was set last, and the time that took.
    (It tells the source how far it is only now and then, so that this cannot be asked for.)"""
    began = time.monotonic()
    psql(NATIVE, 'ALTER SUBSCRIPTION cdc ENABLE')
    until(NATIVE, f"SELECT FROM marks WHERE workload = '{workload}' AND first = {first}")
    wall = time.monotonic() - began
    pid = psql(NATIVE, 'SELECT pid FROM pg_stat_subscription WHERE relid IS NULL')
    cpu = cpu_of(pid)
    psql(NATIVE, 'ALTER SUBSCRIPTION cdc DISABLE')
    until(SOURCE, "SELECT FROM pg_replication_slots WHERE slot_name = 'cdc' AND NOT active")
    return cpu, wall


def by_library(workload, first, count):
    """CPU of all of the library's sessions, the time of the commits, and the host's own CPU."""
    command = [f'{PROGRAMS}/cdc_events', OURS, workload, str(first), str(count), str(ROWS), str(BATCH)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline().strip() != 'ready':
            sys.exit('cdc_events failed')
        pids = "SELECT pid FROM pg_stat_activity WHERE datname = 'cdc_ours' AND pid <> pg_backend_pid()" \
               " AND backend_type = 'client backend'"
        before = {pid: cpu_of(pid) for pid in psql(OURS, pids).split()}
        own = cpu_of(process.pid)
        print('go', file=process.stdin, flush=True)
        words = process.stdout.readline().split()
        if len(words) != 2:
            sys.exit('cdc_events failed')
        cpu = sum(cpu_of(pid) - before.get(pid, 0) for pid in psql(OURS, pids).split())
        own = cpu_of(process.pid) - own
        print('end', file=process.stdin, flush=True)
    return cpu, float(words[1]), own


def by_stream(end):
    """The time of a stream until it has caught up, and its commits."""
    said = subprocess.check_output([f'{PROGRAMS}/cdc_follow', SOURCE, FOLLOW, end], text=True)
    seconds, commits = said.split()
    return float(seconds), int(commits)


def skip_the_rest():
    """Neither is to read in its time what others wrote into the server's log before."""
    end = psql(SOURCE, 'SELECT pg_current_wal_lsn()')
    psql(SOURCE, f"SELECT pg_replication_slot_advance('cdc', '{end}')")
    by_stream(end)


def measure(workload, first, count, turn):
    skip_the_rest()
    psql(SOURCE, sql_of(workload, first, count))
    psql(SOURCE, f"INSERT INTO marks VALUES ('{workload}', {first})"
                 " ON CONFLICT (workload) DO UPDATE SET first = EXCLUDED.first")
    psql(SOURCE, 'CHECKPOINT')
    end = psql(SOURCE, 'SELECT pg_current_wal_lsn()')
    sides = [('native', lambda: by_subscription(workload, first)), ('ours', lambda: by_library(workload, first, count)),
             ('stream', lambda: by_stream(end))]
    measured = {}
    for side, apply in sides[::1 if turn % 2 else -1]:
        measured[side] = apply()
        psql(SOURCE, 'CHECKPOINT')
    digests = {psql(url, DIGEST) for url in (SOURCE, NATIVE, OURS, FOLLOW)}
    if len(digests) != 1:
        sys.exit(f'{workload}: the tables differ: {digests}')
    return measured


make()
chosen = os.environ.get('INCLOAD_BENCH_ONLY', ' '.join(WORKLOADS)).split()
results = {name: [] for name in chosen}
for name in chosen:
    count = int(WORKLOADS[name][0] * SCALE)
    for turn in range(ROUNDS + 1):
        # Rows to be deleted are those that were inserted.
        measured = measure(name, OFFSETS.get(name, 0) + 1 + turn * count, count, turn)
        if turn > 0:  # the first round warms up
            results[name].append((count, measured['native'], measured['ours'], measured['stream']))
        for url in (SOURCE, NATIVE, OURS, FOLLOW):
            psql(url, 'VACUUM ANALYZE')

print(f'{ROWS} rows, {BATCH} events a commit; microseconds of CPU for each change (of tpcb: transaction)\n')
print('workload  apply worker        libincload          host   ratio of CPU')
bars = Bars()
ratios, times = {}, {}
for name in chosen:
    native = [n[0] / c * 1e6 for c, n, _, _ in results[name]]
    ours = [o[0] / c * 1e6 for c, _, o, _ in results[name]]
    host = median([o[2] / c * 1e6 for c, _, o, _ in results[name]])
    ratios[name] = [o / n for n, o in zip(native, ours)]
    print(f'{name:9} {spread(native):19} {spread(ours):19} {host:5.2f}  {spread(ratios[name])}')
print('\nSeconds until the target has everything\n')
print('workload  subscription        stream              times as fast       commits')
for name in chosen:
    native = [n[1] for _, n, _, _ in results[name]]
    stream = [f[0] for _, _, _, f in results[name]]
    times[name] = [n / f for n, f in zip(native, stream)]
    print(f'{name:9} {spread(native):19} {spread(stream):19} {spread(times[name]):19} '
          f'{median([f[1] for _, _, _, f in results[name]]):.0f}')
print()
for name in chosen:
    _, cpu, faster = WORKLOADS[name]
    bars.at_most(f'cdc_{name}_cpu', median(ratios[name]), cpu)
    if faster is not None:
        bars.at_least(f'cdc_{name}_time', median(times[name]), faster)
bars.done()
