# SPDX-License-Identifier: Apache-2.0
"""The generated tables of the benchmarks: for each its columns, and the SELECT of its rows."""
import datetime

FIRST_DAY = datetime.date(2024, 1, 1)

# Like TPC-H's lineitem, and when a row was last changed.
LINEITEM = '''
    l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, l_linenumber integer NOT NULL,
    l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL,
    l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL,
    l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL,
    l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL,
    updated_at timestamptz NOT NULL'''


def lineitem(rows):
    return f'''
        SELECT g / 4, g::bigint * 7919 % 200000, g::bigint * 31 % 10000, g % 4, g % 50 + 1,
            g::bigint * 37 % 10000000 / 100.0, g % 11 / 100.0, g % 9 / 100.0,
            substr('ANR', g % 3 + 1, 1), substr('FO', g % 2 + 1, 1),
            date '1992-01-01' + g % 2500, date '1992-01-31' + g % 2500, date '1992-02-15' + g % 2500,
            (ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[g % 4 + 1],
            (ARRAY['AIR', 'TRUCK', 'MAIL', 'SHIP', 'RAIL'])[g % 5 + 1],
            left(md5(g::text) || md5((g + 1)::text), g % 30 + 10),
            timestamptz '2024-01-01' + g * interval '1 second'
        FROM generate_series(1, {rows}) AS g'''


# Rows that change: `turn` makes other values of the same keys.
ORDERS = '''id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2) NOT NULL, state text NOT NULL,
    note text, at timestamptz NOT NULL'''


def orders(keys, turn=0):
    """`keys`: what generate_series() takes."""
    return f'''
        SELECT g, g % 200000, (g + {turn}) % 1000000 / 100.0, 'state ' || (g + {turn}) % 7, md5((g + {turn})::text),
            timestamptz '2024-01-01' + (g + {turn}) * interval '1 second'
        FROM generate_series({keys}) AS g'''


# Many rows a day.
EVENTS = '''
    id bigint NOT NULL, day date NOT NULL, at timestamptz NOT NULL, customer integer NOT NULL, kind text NOT NULL,
    amount numeric(12,2) NOT NULL, items smallint NOT NULL, score double precision, note varchar(60)'''


def events(rows, days):
    return f'''
        SELECT g, date '{FIRST_DAY}' + (g * {days} / {rows})::integer,
            timestamptz '2024-01-01' + g * interval '5 seconds', g * 7919 % 200000,
            (ARRAY['view', 'click', 'order', 'return', 'complaint'])[g % 5 + 1], g * 37 % 1000000 / 100.0, g % 9,
            g / 7.0, left(md5(g::text) || md5((g + 1)::text), (g % 50 + 10)::integer)
        FROM generate_series(0, {rows}::bigint - 1) AS g'''


def last_day(days):
    return FIRST_DAY + datetime.timedelta(days=days - 1)
