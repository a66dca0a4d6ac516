# SPDX-License-Identifier: Apache-2.0
"""Loads over unixODBC beside the databases' own clients: a table of PostgreSQL into MariaDB and into SQLite.

Every side reads the table by libpq's COPY and writes it in one transaction with the same durability, into an empty
table of its own. The bars are held against the client's bulk insert: libmariadb's arrays of parameters for MariaDB, one
prepared INSERT by SQLite's API. Beside them, without a bar, stand MariaDB's LOAD DATA LOCAL INFILE fed from memory,
which is no insert (a server must be told to allow it) and often faster than any, and what the ODBC drivers cost by
themselves. Sides take turns in each round, ratios are taken within a round, their median counts. Memory is the
library's own at ROWS and at a tenth of that.

    INCLOAD_BENCH_ROWS (default 1000000), INCLOAD_BENCH_ROUNDS (default 7), INCLOAD_BENCH_TARGETS (default "mariadb
    sqlite")
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, psql, run, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 1000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
TARGETS = os.environ.get('INCLOAD_BENCH_TARGETS', 'mariadb sqlite').split()
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']
GROWTH_MB = 4  # what memory may differ by between the sizes

SOURCE = '''
    CREATE UNLOGGED TABLE {name} (id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2) NOT NULL,
        state varchar(20) NOT NULL, note varchar(60), at timestamp NOT NULL, score double precision,
        items smallint NOT NULL);
    INSERT INTO {name} SELECT g, g * 7919 % 200000, g * 37 % 10000000 / 100.0, 'state ' || g % 7,
        CASE WHEN g % 5 > 0 THEN left(md5(g::text), (g % 30 + 3)::integer) END,
        timestamp '2024-01-01' + g * interval '1.000007 seconds', CASE WHEN g % 11 > 0 THEN g / 8.0::float8 END, g % 50
        FROM generate_series(1::bigint, {rows}) AS g;
    VACUUM ANALYZE {name}'''
MARIADB_TABLE = '''DROP TABLE IF EXISTS {0}; CREATE TABLE {0} (id bigint PRIMARY KEY, customer int NOT NULL,
    amount decimal(12,2) NOT NULL, state varchar(20) NOT NULL, note varchar(60), at datetime(6) NOT NULL, score double,
    items smallint NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;'''
SQLITE_TABLE = '''DROP TABLE IF EXISTS {0}; CREATE TABLE {0} (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL,
    amount DECIMAL TEXT NOT NULL, state TEXT NOT NULL, note TEXT, at TIMESTAMP TEXT NOT NULL, score REAL,
    items INTEGER NOT NULL); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);'''
SQLITE_OPTIONS = 'StepAPI=1;BigInt=1;JournalMode=WAL;SyncPragma=FULL;FKSupport=1;Timeout=1000'

source = os.environ['INCLOAD_TEST_POSTGRES']
work = os.environ['INCLOAD_TEST_DIR']


def load(table, url, target):
    return [[f'{PROGRAMS}/load_once', source, table, url, target, 'append', 'road=batches']]


class MariaDB:
    """Sides by name, each the command that loads `table` into `target`."""

    def __init__(self):
        self.url = os.environ['INCLOAD_TEST_MARIADB']
        words = dict(word.split('=', 1) for word in self.url[len('odbc:'):].split(';'))
        self.where = [words['Socket'], words['UID'], words['PWD'].strip('{}'), words['Database']]
        self.sides = {
            'bulk insert': lambda table, target: [[f'{PROGRAMS}/bare_mariadb', 'bulk', source, table, *self.where,
                                                   target]],
            'LOAD DATA': lambda table, target: [[f'{PROGRAMS}/bare_mariadb', 'infile', source, table, *self.where,
                                                 target]],
            'bare ODBC': lambda table, target: [[f'{PROGRAMS}/bare_odbc', 'array', source, table,
                                                 self.url[len('odbc:'):], target]],
            'libincload': lambda table, target: load(table, self.url, target),
        }
        self.native = 'bulk insert'
        self.limit = 0.95
        self.ask('SET GLOBAL local_infile = 1')

    def ask(self, sql):
        socket, user, password, database = self.where
        return subprocess.run(['mariadb', '--no-defaults', f'--socket={socket}', f'--user={user}',
                               f'--password={password}', '-N', database], input=sql, text=True, check=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def empty(self, target):
        self.ask(MARIADB_TABLE.format(target))

    def digest(self, target):
        return self.ask(f'''SELECT count(*), sum(crc32(concat_ws('|', id, customer, amount, state,
            coalesce(note, 'NULL'), at, coalesce(score, 'NULL'), items))) FROM {target}''')


class SQLite:
    """A file for each side: what one leaves behind is no other's work."""

    def __init__(self):
        self.sides = {
            "SQLite's API": lambda table, target: [[f'{PROGRAMS}/bare_sqlite', source, table, self.file(target),
                                                    target]],
            'bare ODBC': lambda table, target: [[f'{PROGRAMS}/bare_odbc', 'values', source, table,
                                                 f'Driver=SQLite3;Database={self.file(target)};{SQLITE_OPTIONS}',
                                                 target]],
            'libincload': lambda table, target: load(table, f'odbc:Driver=SQLite3;Database={self.file(target)}',
                                                     target),
        }
        self.native = "SQLite's API"
        self.limit = 0.85

    def file(self, target):
        return f'{work}/{target}.db'

    def ask(self, target, sql):
        return subprocess.run(['sqlite3', '-bail', self.file(target)], input=sql, text=True, check=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def empty(self, target):
        self.ask(target, 'PRAGMA journal_mode = WAL;' + SQLITE_TABLE.format(target))

    def digest(self, target):
        types = '||'.join(f'typeof({c})' for c in 'id customer amount state note at score items'.split())
        return self.ask(target, f'''SELECT count(*), sum(id), sum(customer), sum(amount * 100), sum(length(state)),
            sum(unicode(note)), sum(unicode(substr(note, -1))), sum(length(note)), sum(at LIKE '2024-%:%'),
            min(rtrim(rtrim(at, '0'), '.')), max(rtrim(rtrim(at, '0'), '.')),
            sum(unixepoch(at)), sum(score), sum(items), count(note), count(score), count(DISTINCT {types})
            FROM {target}''')


def target_of(side):
    return 'by_' + ''.join(c if c.isalnum() else '_' for c in side.lower())


def peak(database, table):
    """MB that a load takes at most, by its own word: what wait4() says holds this process's size before exec(), too."""
    target = target_of('libincload')
    database.empty(target)
    command, = database.sides['libincload'](table, target)
    said = subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE).stdout
    return int(re.search(r'(\d+) KiB', said).group(1)) / 1024


def measure(name, database, bars):
    results = {side: [] for side in database.sides}
    for turn in range(ROUNDS + 1):
        digests = {}
        names = list(database.sides)
        names = names[turn % len(names):] + names[:turn % len(names)]
        for side in names[::1 if turn % 2 else -1]:
            target = target_of(side)
            database.empty(target)
            measured = run(*database.sides[side]('items', target))
            digests[side] = database.digest(target)
            if turn > 0:  # the first round warms up
                results[side].append(measured)
        if len(set(digests.values())) != 1:
            sys.exit(f'the targets differ: {digests}')

    print(f'odbc, {name}: {ROWS:,} rows of 8 columns, {ROUNDS} rounds; median [least-most]')
    print(f'{"":14} {"seconds":>22} {"rows/s":>10} {"client CPU s":>22}')
    for side, runs in results.items():
        print(f'{side:14} {spread([r.wall for r in runs]):>22} {ROWS / median([r.wall for r in runs]):>10,.0f} '
              f'{spread([r.cpu for r in runs]):>22}')

    ratios = {side: [one.wall / ours.wall for one, ours in zip(runs, results['libincload'])]
              for side, runs in results.items()}
    for side in database.sides:
        if side not in (database.native, 'libincload'):
            print(f'rows per second of {side}, without a bar: {spread(ratios[side])}')
    bars.at_least(f'odbc.{name}.rows_per_second_of_native', median(ratios[database.native]), database.limit)

    few, many = (peak(database, table) for table in ('items_tenth', 'items'))
    print(f"the library's process at its largest: {few:.1f} MB with {ROWS // 10:,} rows, {many:.1f} MB with {ROWS:,}")
    bars.at_most(f'odbc.{name}.growth_of_memory_mb', many - few, GROWTH_MB)


psql(source, SOURCE.format(name='items', rows=ROWS))
psql(source, SOURCE.format(name='items_tenth', rows=ROWS // 10))
bars = Bars()
for name, database in {'mariadb': MariaDB, 'sqlite': SQLite}.items():
    if name in TARGETS:
        measure(name, database(), bars)
bars.done()
