# SPDX-License-Identifier: Apache-2.0
"""One job by dlt, as its documents advise for speed: rows as Arrow, parquet files, loaded through ADBC.

    dlt_side.py STATE copy SOURCE TARGET TABLE
    dlt_side.py STATE increment SOURCE TARGET TABLE KEY CURSOR
    dlt_side.py STATE days SOURCE TARGET TABLE CURSOR FIRST DAYS

STATE is the directory in which dlt keeps its pipelines."""
import datetime
import sys

import dlt
from dlt.sources.sql_database import sql_table


def rows(source, table, **hints):
    return sql_table(source, table, backend='pyarrow', reflection_level='full_with_precision', **hints)


def copy(run, source, table):
    run(rows(source, table), write_disposition='replace')


def increment(run, source, table, key, cursor):
    run(rows(source, table, incremental=dlt.sources.incremental(cursor)), primary_key=key,
        write_disposition={'disposition': 'merge', 'strategy': 'upsert'})


def days(run, source, table, cursor, first, count):
    day = datetime.date.fromisoformat(first)
    for _ in range(int(count)):
        following = day + datetime.timedelta(days=1)
        bounds = dlt.sources.incremental(cursor, initial_value=day, end_value=following)
        run(rows(source, table, incremental=bounds).apply_hints(merge_key=cursor),
            write_disposition={'disposition': 'merge', 'strategy': 'delete-insert'})
        day = following


state, job, source, target, table, *rest = sys.argv[1:]
pipeline = dlt.pipeline(table, pipelines_dir=state, destination=dlt.destinations.postgres(target),
                        dataset_name='public')


def run(resource, **hints):
    pipeline.run(resource, table_name=table, loader_file_format='parquet', **hints).raise_on_failed_jobs()


{'copy': copy, 'increment': increment, 'days': days}[job](run, source, table, *rest)
