# SPDX-License-Identifier: Apache-2.0
"""A whole table swapped in, beside the best hand-written SQL: COPY FREEZE into a new table, its indexes, ANALYZE, and
the renames, all in one transaction. On MariaDB, inside one database: CREATE TABLE ... LIKE, INSERT ... SELECT, ANALYZE
TABLE and RENAME TABLE; beside it, without a bar, the same by a hand that names each index, to drop it and add it last.

A table with a key and two indexes is read in one database and replaces its older self in another, by both sides in turn
in each round. Ratios are taken within a round; their median counts. On MariaDB it is a third of the rows.

    INCLOAD_BENCH_ROWS (default 3000000), INCLOAD_BENCH_ROUNDS (default 7)
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median, other_database, psql, run, spread

ROWS = int(os.environ.get('INCLOAD_BENCH_ROWS', 3000000))
ROUNDS = int(os.environ.get('INCLOAD_BENCH_ROUNDS', 7))
PROGRAMS = os.environ['INCLOAD_BENCH_PROGRAMS']
COLUMNS = '''id bigint NOT NULL, customer integer NOT NULL, amount numeric(12,2) NOT NULL, state text NOT NULL,
    note text, at timestamptz NOT NULL'''
DIGEST = 'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t'

source = os.environ['INCLOAD_TEST_POSTGRES']
target = other_database(source, 'bench_swap')
psql(source, f'''
    CREATE UNLOGGED TABLE rebuilt ({COLUMNS}) WITH (autovacuum_enabled = off);
    INSERT INTO rebuilt SELECT g, g % 200000, g % 1000000 / 100.0, 'state ' || g % 7, md5(g::text),
        timestamptz '2024-01-01' + g * interval '1 second' FROM generate_series(1, {ROWS}) AS g;
    VACUUM ANALYZE rebuilt''')
psql(source, 'CREATE DATABASE bench_swap')
expected = psql(source, DIGEST.format('rebuilt'))


def by_hand(table):
    new, old = f'{table}_new', f'{table}_old'
    steps = ['BEGIN', f'CREATE UNLOGGED TABLE {new} (LIKE {table} INCLUDING DEFAULTS) WITH (autovacuum_enabled = off)',
             f'COPY {new} FROM STDIN (FORMAT binary, FREEZE)',
             f'ALTER TABLE {new} ADD CONSTRAINT {new}_key PRIMARY KEY (id)',
             f'CREATE INDEX {new}_customer ON {new} (customer)', f'CREATE INDEX {new}_at ON {new} (at)',
             f'ANALYZE {new}', f'ALTER TABLE {table} RENAME TO {old}', f'ALTER TABLE {new} RENAME TO {table}',
             f'DROP TABLE {old}']
    steps += [f'ALTER INDEX {new}_{name} RENAME TO {table}_{name}' for name in ('key', 'customer', 'at')]
    command = ['psql', '--no-psqlrc', '-Xq', '-v', 'ON_ERROR_STOP=1', target]
    for step in steps + ['COMMIT']:
        command += ['-c', step]
    return [['psql', '--no-psqlrc', '-Xq', source, '-c', 'COPY rebuilt TO STDOUT (FORMAT binary)'], command]


def by_library(table):
    return [[f'{PROGRAMS}/load_once', source, 'rebuilt', target, table, 'swap', 'road=relay']]


SIDES = {'by hand': by_hand, 'libincload': by_library}


def copy_of(side):
    return 'swapped_' + side.replace(' ', '_')


# Unlogged: what is compared is the work of the statements, not the speed of the disk.
for side in SIDES:
    name = copy_of(side)
    psql(target, f'''
        CREATE UNLOGGED TABLE {name} ({COLUMNS}) WITH (autovacuum_enabled = off);
        ALTER TABLE {name} ADD CONSTRAINT {name}_key PRIMARY KEY (id);
        CREATE INDEX {name}_customer ON {name} (customer); CREATE INDEX {name}_at ON {name} (at)''')

results = {side: [] for side in SIDES}
for turn in range(ROUNDS + 1):
    for side in list(SIDES)[::1 if turn % 2 else -1]:
        name = copy_of(side)
        before = psql(target, f"SELECT '{name}'::regclass::oid")
        psql(target, 'CHECKPOINT')
        measured = run(*SIDES[side](name))
        if psql(target, DIGEST.format(name)) != expected:
            sys.exit(f'{side} did not bring the table: the digests differ')
        if psql(target, f"""SELECT '{name}'::regclass::oid <> {before}, count(*), bool_or(indisprimary),
                            bool_and(indexrelid::regclass::text LIKE '{name}%')
                            FROM pg_index WHERE indrelid = '{name}'::regclass""") != 't|3|t|t':
            sys.exit(f'{side} did not make a new table with the indexes of the old one')
        if turn > 0:  # the first round warms up
            results[side].append(measured.wall)


# ---- MariaDB ----

MARIADB = os.environ['INCLOAD_TEST_MARIADB']
MARIADB_ROWS = ROWS // 3
MARIADB_DIGEST = 'SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS(",", id, customer, amount, state, note, at))) FROM {}'
MARIADB_INDEXES = """SELECT GROUP_CONCAT(INDEX_NAME ORDER BY INDEX_NAME) FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{}'"""


def mariadb_client():
    words = dict(re.findall('(Socket|UID|PWD|Database)={?([^;}]*)}?', MARIADB))
    return ['mariadb', '--no-defaults', '-N', '-B', f"--socket={words['Socket']}", f"--user={words['UID']}",
            f"--password={words['PWD']}", words['Database']]


def mariadb(sql):
    return subprocess.run(mariadb_client() + ['-e', sql], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()


def mariadb_by_hand(table, before='', after=''):
    return [mariadb_client() + ['-e', f"""
        CREATE TABLE {table}_new LIKE {table}; {before}
        SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
        INSERT INTO {table}_new SELECT * FROM rebuilt; {after}
        ANALYZE TABLE {table}_new;
        RENAME TABLE {table} TO {table}_old, {table}_new TO {table};
        DROP TABLE {table}_old"""]]


def mariadb_indexes_last(table):
    return mariadb_by_hand(table, f'ALTER TABLE {table}_new DROP KEY by_customer, DROP KEY by_at;',
                           f'ALTER TABLE {table}_new ADD KEY by_customer (customer), ADD KEY by_at (at);')


def mariadb_by_library(table):
    return [[f'{PROGRAMS}/load_once', MARIADB, 'rebuilt', MARIADB, table, 'swap', 'road=same-database']]


MARIADB_SIDES = {'by hand': mariadb_by_hand, 'indexes last': mariadb_indexes_last, 'libincload': mariadb_by_library}
SHAPE = """(id bigint NOT NULL PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2) NOT NULL,
    state varchar(20) NOT NULL, note varchar(40), at datetime(6) NOT NULL) ENGINE=InnoDB"""
mariadb(f"""
    CREATE TABLE rebuilt {SHAPE};
    INSERT INTO rebuilt SELECT seq, seq % 200000, seq % 1000000 / 100.0, CONCAT('state ', seq % 7), MD5(seq),
        TIMESTAMPADD(SECOND, seq, '2024-01-01') FROM seq_1_to_{MARIADB_ROWS}""")
expected = mariadb(MARIADB_DIGEST.format('rebuilt'))
for side in MARIADB_SIDES:
    mariadb(f'CREATE TABLE {copy_of(side)} LIKE rebuilt; CREATE INDEX by_customer ON {copy_of(side)} (customer); '
            f'CREATE INDEX by_at ON {copy_of(side)} (at)')
mariadb_results = {side: [] for side in MARIADB_SIDES}
for turn in range(ROUNDS + 1):
    for side in list(MARIADB_SIDES)[::1 if turn % 2 else -1]:
        measured = run(*MARIADB_SIDES[side](copy_of(side)))
        if mariadb(MARIADB_DIGEST.format(copy_of(side))) != expected:
            sys.exit(f'MariaDB: {side} did not bring the table: the digests differ')
        if mariadb(MARIADB_INDEXES.format(copy_of(side))) != 'by_at,by_customer,PRIMARY':
            sys.exit(f'MariaDB: {side} did not make a table with the indexes of the old one')
        if turn > 0:
            mariadb_results[side].append(measured.wall)

bars = Bars()
for title, rows, walls in (('PostgreSQL', ROWS, results), ('MariaDB', MARIADB_ROWS, mariadb_results)):
    print(f'swap on {title}: {rows:,} rows with a key and two indexes, {ROUNDS} rounds; median [least-most]')
    for side, wall in walls.items():
        print(f'{side:12} {spread(wall):>22} s')
ratios = {side: [o / h for o, h in zip(mariadb_results['libincload'], walls)]
          for side, walls in mariadb_results.items()}
print(f"of the time of MariaDB's indexes last, without a bar: {spread(ratios['indexes last'])}")
bars.at_most('swap', median([o / h for o, h in zip(results['libincload'], results['by hand'])]), 1.05)
bars.at_most('swap.mariadb', median(ratios['by hand']), 1.05)
bars.done()
