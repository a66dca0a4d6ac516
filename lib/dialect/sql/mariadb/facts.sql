-- SPDX-License-Identifier: Apache-2.0
-- What decides how exactly changes of a table can be found (parameters: schema, table; then schema, table and cursor
-- column, twice; schema, table; all NULL for a query). Each view of the catalog is asked by parameters, and none is
-- joined: only so does the server look up the one table rather than open every table it has. One row: server and
-- database, as identity.sql has them; the clock and the server's age in microseconds; the table's storage engine (NULL
-- for a view); the cursor's default, what fills it in, and how it is generated; is it indexed; does a trigger fire
-- before updates; the time zone of sessions that set none; replication threads that run; is it a cluster; distance of
-- automatic numbers; may statements only be logged as text.
SELECT CONCAT_WS('/', v.uid, @@hostname, @@port, @@socket, @@datadir, COALESCE(DATABASE(), '')),
       CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS CHAR),
       CAST(s.uptime * 1000000 AS CHAR),
       t.engine,
       COALESCE(c.fallback, ''),
       COALESCE(c.extra, ''),
       COALESCE(c.expression, ''),
       IF(i.found > 0, '1', '0'),
       IF(g.found > 0, '1', '0'),
       CASE WHEN @@global.time_zone <> 'SYSTEM' THEN @@global.time_zone
            WHEN @@system_time_zone IN ('UTC', 'GMT') THEN '+00:00'
            ELSE 'SYSTEM' END,
       CAST(s.slaves AS CHAR),
       IF(v.cluster = 'ON', '1', '0'),
       CAST(@@auto_increment_increment AS CHAR),
       IF(@@log_bin AND @@binlog_format = 'STATEMENT', '1', '0')
FROM (SELECT MAX(IF(x.VARIABLE_NAME = 'UPTIME', CAST(x.VARIABLE_VALUE AS UNSIGNED), 0)) AS uptime,
             MAX(IF(x.VARIABLE_NAME = 'SLAVES_RUNNING', CAST(x.VARIABLE_VALUE AS UNSIGNED), 0)) AS slaves
      FROM information_schema.GLOBAL_STATUS AS x
      WHERE x.VARIABLE_NAME IN ('UPTIME', 'SLAVES_RUNNING')) AS s
CROSS JOIN (SELECT MAX(IF(y.VARIABLE_NAME = 'WSREP_ON', y.VARIABLE_VALUE, NULL)) AS cluster,
                   MAX(IF(y.VARIABLE_NAME = 'SERVER_UID', y.VARIABLE_VALUE, NULL)) AS uid
            FROM information_schema.GLOBAL_VARIABLES AS y
            WHERE y.VARIABLE_NAME IN ('WSREP_ON', 'SERVER_UID')) AS v
CROSS JOIN (SELECT MAX(n.ENGINE) AS engine
            FROM information_schema.TABLES AS n
            WHERE n.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND n.TABLE_NAME = ?) AS t
CROSS JOIN (SELECT MAX(m.COLUMN_DEFAULT) AS fallback, MAX(m.EXTRA) AS extra, MAX(m.GENERATION_EXPRESSION) AS expression
            FROM information_schema.COLUMNS AS m
            WHERE m.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND m.TABLE_NAME = ? AND m.COLUMN_NAME = ?) AS c
CROSS JOIN (SELECT COUNT(*) AS found
            FROM information_schema.STATISTICS AS x
            WHERE x.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND x.TABLE_NAME = ? AND x.COLUMN_NAME = ?
              AND x.SEQ_IN_INDEX = 1) AS i
CROSS JOIN (SELECT COUNT(*) AS found
            FROM information_schema.TRIGGERS AS x
            WHERE x.EVENT_OBJECT_SCHEMA = COALESCE(?, DATABASE()) AND x.EVENT_OBJECT_TABLE = ?
              AND x.ACTION_TIMING = 'BEFORE' AND x.EVENT_MANIPULATION = 'UPDATE') AS g
