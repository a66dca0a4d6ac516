# SPDX-License-Identifier: Apache-2.0
"""The jobs: what is there before, the command of each tool in turn, and the proof that it did what was asked."""
import concurrent.futures
import shutil
import subprocess
import sys

from measure import Failed, measure
from sides import median, other_database, psql, spread
from tables import EVENTS, FIRST_DAY, LINEITEM, ORDERS, events, lineitem, orders
from tools import ENVIRONMENT

SHARE = 16    # one row of so many changes
DAYS = 118
WRITERS = 16
IDLE_LOADS = 3
NEW_ROWS = 'id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text NOT NULL, at timestamptz NOT NULL'
# Stamped at the statement, committed up to half a second later.
WRITE = r'''
\set rows random(1, 10)
\set pause random(0, 500)
BEGIN;
INSERT INTO written (note, at) SELECT 'row ' || g, clock_timestamp() FROM generate_series(1, :rows) AS g;
\sleep :pause ms
COMMIT;
'''


class Bench:
    def __init__(self, tools, url, work, scale, rounds, seconds, limit):
        self.tools, self.url, self.work, self.limit = tools, url, work, limit
        self.copied, self.kept, self.dated = (int(size * scale) for size in (1000000, 4000000, 1000000))
        self.rounds, self.seconds = rounds, seconds
        self.port = url.rpartition('port=')[2]
        work.mkdir(parents=True)
        psql(url, "CREATE ROLE peer SUPERUSER LOGIN PASSWORD 'peer'")

    def server_version(self):
        return psql(self.url, 'SHOW server_version').split()[0]

    def sizes(self):
        changed = f'{self.kept // SHARE:,} of {self.kept:,} rows changed'
        return {'copy': f'{self.copied:,} rows of 17 columns', 'increment': f'{changed}, 6 columns',
                'noop': f'none of {self.kept:,} rows changed', 'days': f'{self.dated:,} rows in {DAYS} days, 9 columns',
                'lost': f'{WRITERS} writers for {self.seconds} seconds', 'rounds': self.rounds}

    @staticmethod
    def told(row):
        if 'reason' in row:
            return row['reason']
        if 'missing' in row:
            return f'{row["missing"]:,} of {row["rows"]:,} rows missing after {row["loads"]} loads'
        column = {key: [run[key] for run in row['runs']] for key in ('wall', 'cpu', 'rss')}
        return f'{spread(column["wall"]):>24} s  {median(column["cpu"]):8.2f} CPU s  {max(column["rss"]):8.0f} MB'

    # Databases

    def database(self, name, template='template1'):
        psql(self.url, f'DROP DATABASE IF EXISTS {name} WITH (FORCE)')
        psql(self.url, f'CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY')
        return other_database(self.url, name)

    def address(self, name):
        """Over TCP and with a password, which is the way that every tool knows."""
        return f'postgresql://peer:peer@127.0.0.1:{self.port}/{name}'

    def settle(self, *names):
        for name in names:
            psql(other_database(self.url, name), 'VACUUM ANALYZE')
        psql(self.url, 'CHECKPOINT')

    def place(self, job, tool):
        """The names of a tool's database in a job and of its directory, which is empty at first."""
        name = f'{job}_{"".join(letter for letter in tool.name.lower() if letter.isalnum())}'
        directory = self.work / name
        directory.mkdir(exist_ok=True)
        return name, directory

    def digest(self, database, table, source):
        """Rows and sum of the hashes of all values, of the source's columns and as its types."""
        columns = psql(other_database(self.url, source), f"""
            SELECT string_agg(format('%I::%s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0""")
        return psql(other_database(self.url, database),
                    f'SELECT count(*), sum(hashtextextended(ROW({columns})::text, 0)) FROM {table}')

    # Turns

    def run(self, command, tool, directory):
        measured = measure(command, directory / 'said', self.limit, **ENVIRONMENT, **tool.environment)
        print(f'{tool.name}: {measured["wall"]:.2f} s', file=sys.stderr)
        return measured

    def proved(self, measured, database, table, source, expected):
        if self.digest(database, table, source) != expected:
            raise Failed('what it loaded is not what the source has')
        return measured

    def out(self, rows, tool, why, directory=None):
        """Takes a tool out of a job, with its reason."""
        rows[tool.name] = {'reason': str(why)}
        print(f'{tool.name}: {why}', file=sys.stderr)
        if directory is not None and (directory / 'said').exists():
            print((directory / 'said').read_text(errors='replace')[-600:], file=sys.stderr)

    def can(self, job, rows):
        """The tools that have such a mode at all."""
        able = []
        for tool in self.tools:
            if job in tool.NO_MODE:
                rows[tool.name] = {'reason': tool.NO_MODE[job]}
            else:
                rows[tool.name] = {'runs': [], 'remark': tool.REMARK.get(job, '')}
                able.append(tool)
        return able

    def turns(self, able, rows):
        """Each round starts with another tool. Those that failed are passed over."""
        for turn in range(self.rounds):
            print(f'round {turn + 1} of {self.rounds}', file=sys.stderr)
            first = turn % len(able)
            yield turn, (tool for tool in able[first:] + able[:first] if 'runs' in rows[tool.name])


def whole(bench, job, table, shape, more, fill, command):
    """Jobs that begin with an empty table: `command(tool, source, target, work)`."""
    source, rows = f'{job}_source', {}
    psql(bench.database(source), f'CREATE TABLE {table} ({shape}); INSERT INTO {table} {fill}; {more}')
    bench.settle(source)
    expected = bench.digest(source, table, source)
    able = bench.can(job, rows)
    for turn, tools in bench.turns(able, rows):
        for tool in tools:
            target, directory = bench.place(job, tool)
            shutil.rmtree(directory)
            work = directory / f'turn_{turn}'
            work.mkdir(parents=True)
            psql(bench.database(target), '' if tool.own_tables else f'CREATE TABLE {table} ({shape}); {more}')
            bench.settle(target)
            try:
                measured = bench.run(command(tool, bench.address(source), bench.address(target), work), tool, work)
                rows[tool.name]['runs'].append(bench.proved(measured, target, table, source, expected))
            except Failed as why:
                bench.out(rows, tool, why, work)
            psql(bench.url, f'DROP DATABASE {target} WITH (FORCE)')
    psql(bench.url, f'DROP DATABASE {source} WITH (FORCE)')
    return {job: rows}


def copy(bench):
    return whole(bench, 'copy', 'lineitem', LINEITEM, '', lineitem(bench.copied),
                 lambda tool, source, target, work: tool.copy(source, target, 'lineitem', work))


def days(bench):
    return whole(bench, 'days', 'events', EVENTS, 'CREATE INDEX ON events (day)', events(bench.dated, DAYS),
                 lambda tool, source, target, work: tool.days(source, target, 'events', 'day', str(FIRST_DAY), DAYS,
                                                              work))


def increment(bench):
    """Rounds of a change, a load of it, and loads of nothing."""
    source, template = 'increment_source', 'increment_template'
    fill = f'''CREATE TABLE orders ({ORDERS}); INSERT INTO orders {orders(f"1, {bench.kept}")};
               CREATE INDEX ON orders (at)'''
    rows, idle = {}, {}
    psql(bench.database(source), fill)
    psql(bench.database(template), fill)
    bench.settle(source, template)
    able = bench.can('increment', rows)
    bench.can('noop', idle)

    def load(tool, expected):
        target, directory = bench.place('increment', tool)
        command = tool.increment(bench.address(source), bench.address(target), 'orders', 'id', 'at', directory)
        return bench.proved(bench.run(command, tool, directory), target, 'orders', source, expected)

    expected = bench.digest(source, 'orders', source)
    for tool in able:
        target, directory = bench.place('increment', tool)
        try:
            if not tool.own_first_load:
                bench.database(target, template)  # with its index: they ask the target for its greatest value
                continue
            psql(bench.database(target), '' if tool.own_tables else f'CREATE TABLE orders ({ORDERS})')
            load(tool, expected)
        except Failed as why:
            bench.out(rows, tool, f'first load: {why}', directory)
    for turn, tools in bench.turns(able, rows):
        psql(other_database(bench.url, source),
             f'UPDATE orders SET amount = amount + 1, at = clock_timestamp() WHERE id % {SHARE} = {turn % SHARE}')
        bench.settle(source)
        expected = bench.digest(source, 'orders', source)
        for tool in tools:
            target, directory = bench.place('increment', tool)
            bench.settle(target)
            try:
                rows[tool.name]['runs'].append(load(tool, expected))
                bench.settle(target)
                for _ in range(IDLE_LOADS):
                    idle[tool.name]['runs'].append(load(tool, expected))
            except Failed as why:
                bench.out(rows, tool, why, directory)
    for tool in able:
        if not idle[tool.name].get('runs', True):
            idle[tool.name] = rows[tool.name]
        psql(bench.url, f'DROP DATABASE IF EXISTS {bench.place("increment", tool)[0]} WITH (FORCE)')
    psql(bench.url, f'DROP DATABASE {source} WITH (FORCE)')
    psql(bench.url, f'DROP DATABASE {template} WITH (FORCE)')
    return {'increment': rows, 'noop': idle}


def lost(bench):
    """One tool after the other, each with writers of its own: loads without a pause, and one when all have ended."""
    rows = {}
    script = bench.work / 'write.sql'
    script.write_text(WRITE)
    for tool in bench.can('lost', rows):
        source, (target, directory) = 'lost_source', bench.place('lost', tool)
        psql(bench.database(source), f'CREATE TABLE written ({NEW_ROWS}); CREATE INDEX ON written (at)')
        shape = NEW_ROWS.replace('GENERATED ALWAYS AS IDENTITY ', '')
        psql(bench.database(target),
             '' if tool.own_tables else f'CREATE TABLE written ({shape}); CREATE INDEX ON written (at)')

        def load():
            command = tool.increment(bench.address(source), bench.address(target), 'written', 'id', 'at', directory)
            bench.run(command, tool, directory)

        writing = ['pgbench', '-n', '-c', WRITERS, '-j', 2, '-T', bench.seconds, '-f', script, bench.address(source)]
        loads = 0
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            writers = thread.submit(subprocess.run, [str(word) for word in writing], check=True,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while not writers.done():
                    load()
                    loads += 1
                load()
                counts = [int(psql(other_database(bench.url, name), 'SELECT count(*) FROM written'))
                          for name in (source, target)]
                rows[tool.name] = {'rows': counts[0], 'missing': counts[0] - counts[1], 'loads': loads + 1}
            except Failed as why:
                bench.out(rows, tool, why, directory)
            writers.result()
        for name in (source, target):
            psql(bench.url, f'DROP DATABASE {name} WITH (FORCE)')
    return {'lost': rows}


JOBS = {'copy': copy, 'increment': increment, 'days': days, 'lost': lost}
