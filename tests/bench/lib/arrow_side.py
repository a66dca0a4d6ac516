# SPDX-License-Identifier: Apache-2.0
"""One reading of a query into a pyarrow table, as a process: arrow_side.py SIDE URL QUERY

Prints the seconds from connecting to the whole table, its rows, the sum of its first column, and the process's largest
resident size in MB before the table is looked at."""
import io
import resource
import sys
import time

import pyarrow
import pyarrow.compute
import pyarrow.csv


def with_incload(url, query):
    with incload.Database(url) as database:
        return pyarrow.RecordBatchReader.from_stream(database.query(query)).read_all()


def with_adbc(url, query):
    with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


def with_connectorx(url, query):
    return connectorx.read_sql(url, query, return_type='arrow')


class Rest(io.RawIOBase):
    """What COPY sends, as a file."""

    def __init__(self, copy):
        self.copy, self.held = copy, b''

    def readable(self):
        return True

    def readinto(self, space):
        while not self.held:
            block = self.copy.read()
            if not block:
                return 0
            self.held = bytes(block)
        count = min(len(space), len(self.held))
        space[:count], self.held = self.held[:count], self.held[count:]
        return count


def with_psycopg(url, query):
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(f'COPY ({query}) TO STDOUT (FORMAT csv, HEADER)') as copy:
            with pyarrow.csv.open_csv(io.BufferedReader(Rest(copy), 1 << 20)) as reader:
                return reader.read_all()


side, url, query = sys.argv[1:]
# Not in the time: what a program imports once.
if side == 'incload':
    import incload
elif side == 'adbc':
    import adbc_driver_postgresql.dbapi
elif side == 'connectorx':
    import connectorx
else:
    import psycopg
began = time.monotonic()
table = globals()[f'with_{side}'](url, query)
seconds = time.monotonic() - began
size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(seconds, table.num_rows, pyarrow.compute.sum(table.column(0)).as_py(), size)
