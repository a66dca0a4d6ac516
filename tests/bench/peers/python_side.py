# SPDX-License-Identifier: Apache-2.0
"""One job by a package of Python that reads or writes rows and leaves the load to its user:

    python_side.py SIDE copy SOURCE TARGET TABLE
    python_side.py SIDE increment SOURCE TARGET TABLE KEY CURSOR
    python_side.py SIDE days SOURCE TARGET TABLE CURSOR FIRST DAYS

SIDE is pandas, adbc, connectorx (which only reads; ADBC writes for it) or incload, the library's own package."""
import datetime
import sys

STAGED = 'staged'  # a temporary table


class Pandas:
    """read_sql and to_sql, a piece at a time."""

    def __init__(self, source, target):
        def connect(url):
            return sqlalchemy.create_engine(url.replace('postgresql:', 'postgresql+psycopg2:')).connect()

        self.source, self.target = connect(source).execution_options(stream_results=True), connect(target)

    def query(self, sql):
        return self.target.execute(sqlalchemy.text(sql)).scalar()

    def execute(self, sql):
        self.target.execute(sqlalchemy.text(sql))

    def move(self, sql, table):
        for frame in pandas.read_sql(sqlalchemy.text(sql), self.source, chunksize=50000):
            frame.to_sql(table, self.target, if_exists='append', index=False, chunksize=10000)

    def commit(self):
        self.target.commit()


class Adbc:
    """Arrow from one driver to the other, a batch at a time. numeric comes as text, and is made a decimal again."""

    def __init__(self, source, target):
        self.url = source
        self.source, self.target = (adbc_driver_postgresql.dbapi.connect(url) for url in (source, target))

    def query(self, sql):
        with self.target.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    def execute(self, sql):
        with self.target.cursor() as cursor:
            cursor.execute(sql)

    def types(self, schema, table):
        """The schema of the rows as the table wants them."""
        with self.target.cursor() as cursor:
            cursor.execute(f'''SELECT attname, (atttypmod - 4) >> 16, (atttypmod - 4) & 65535 FROM pg_attribute
                               WHERE attrelid = '{table}'::regclass AND atttypid = 'numeric'::regtype''')
            exact = {name: pyarrow.decimal128(precision, scale) for name, precision, scale in cursor.fetchall()}
        return pyarrow.schema([pyarrow.field(field.name, exact.get(field.name, field.type)) for field in schema])

    def write(self, batches, schema, table):
        wanted = self.types(schema, table)

        def fitting():
            for batch in batches:
                columns = (column.storage if isinstance(column.type, pyarrow.BaseExtensionType) else column
                           for column in batch.columns)
                yield pyarrow.record_batch([column.cast(kind) for column, kind in zip(columns, wanted.types)],
                                           schema=wanted)

        with self.target.cursor() as cursor:
            cursor.adbc_ingest(table, pyarrow.RecordBatchReader.from_batches(wanted, fitting()), mode='append',
                               temporary=table == STAGED)

    def move(self, sql, table):
        with self.source.cursor() as cursor:
            cursor.execute(sql)
            batches = cursor.fetch_record_batch()
            self.write(batches, batches.schema, table)

    def commit(self):
        self.target.commit()


class ConnectorX(Adbc):
    """The whole result as one table of Arrow."""

    def move(self, sql, table):
        rows = connectorx.read_sql(self.url, sql, return_type='arrow')
        self.write(rows.to_batches(), rows.schema, table)


def copy(side, table):
    side.move(f'SELECT * FROM {table}', table)
    side.commit()


def increment(side, table, key, cursor):
    """What is newer than the newest row of the target, merged by way of a temporary table."""
    newest = side.query(f"SELECT coalesce(max({cursor}), '-infinity')::text FROM {table}")
    names = side.query(f"""SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
                           WHERE attrelid = '{table}'::regclass AND attnum > 0""").split()
    updates = ', '.join(f'{name} = EXCLUDED.{name}' for name in names if name != key)
    side.execute(f'CREATE TEMPORARY TABLE {STAGED} (LIKE {table}) ON COMMIT DROP')
    side.move(f"SELECT * FROM {table} WHERE {cursor} > '{newest}'", STAGED)
    side.execute(f'INSERT INTO {table} SELECT * FROM {STAGED} ON CONFLICT ({key}) DO UPDATE SET {updates}')
    side.commit()


def days(side, table, cursor, first, count):
    day = datetime.date.fromisoformat(first)
    for _ in range(int(count)):
        side.execute(f"DELETE FROM {table} WHERE {cursor} = '{day}'")
        side.move(f"SELECT * FROM {table} WHERE {cursor} = '{day}'", table)
        side.commit()
        day += datetime.timedelta(days=1)


class Incload:
    """The same jobs as one call each."""

    def __init__(self, source, target):
        self.source, self.target = incload.Database(source), incload.Database(target)

    def copy(self, table):
        incload.load(self.source, table, self.target, table, incload.append())

    def increment(self, table, key, cursor):
        incload.load(self.source, table, self.target, table, incload.timestamp(cursor=cursor, key=key))

    def days(self, table, cursor, first, count):
        through = datetime.date.fromisoformat(first) + datetime.timedelta(days=int(count) - 1)
        incload.backfill_load(self.source, table, self.target, table, column=cursor, start=first, through=through,
                              parallel=2, select='all').run()


name, job, source, target, *rest = sys.argv[1:]
if name == 'incload':
    import incload
    getattr(Incload(source, target), job)(*rest)
    sys.exit()
if name == 'pandas':
    import pandas
    import sqlalchemy
    side = Pandas(source, target)
else:
    import adbc_driver_postgresql.dbapi
    import pyarrow
    if name == 'connectorx':
        import connectorx
    side = (ConnectorX if name == 'connectorx' else Adbc)(source, target)
{'copy': copy, 'increment': increment, 'days': days}[job](side, *rest)
