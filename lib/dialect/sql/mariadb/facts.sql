-- SPDX-License-Identifier: Apache-2.0
-- What decides how exactly changes of a table can be found (parameters: schema, table, cursor column, all of them
-- twice; NULL for a query). One row: server and database; the clock and the server's age in microseconds; the
-- table's storage engine (NULL for a view); the cursor's default, what fills it in, and how it is generated; is it
-- indexed; does a trigger fire before updates; the time zone of sessions that set none; replication threads that
-- run; is it a cluster; distance of automatic numbers; may statements only be logged as text.
SELECT CONCAT_WS('/', @@server_uid, @@hostname, @@port, @@socket, @@datadir, COALESCE(DATABASE(), '')),
       CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS CHAR),
       CAST(s.uptime * 1000000 AS CHAR),
       t.ENGINE,
       COALESCE(c.COLUMN_DEFAULT, ''),
       COALESCE(c.EXTRA, ''),
       COALESCE(c.GENERATION_EXPRESSION, ''),
       IF(EXISTS (SELECT 1 FROM information_schema.STATISTICS AS i
                  WHERE i.TABLE_SCHEMA = t.TABLE_SCHEMA AND i.TABLE_NAME = t.TABLE_NAME AND i.SEQ_IN_INDEX = 1
                    AND i.COLUMN_NAME = c.COLUMN_NAME), '1', '0'),
       IF(EXISTS (SELECT 1 FROM information_schema.TRIGGERS AS g
                  WHERE g.EVENT_OBJECT_SCHEMA = t.TABLE_SCHEMA AND g.EVENT_OBJECT_TABLE = t.TABLE_NAME
                    AND g.ACTION_TIMING = 'BEFORE' AND g.EVENT_MANIPULATION = 'UPDATE'), '1', '0'),
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
CROSS JOIN (SELECT MAX(y.VARIABLE_VALUE) AS cluster
            FROM information_schema.GLOBAL_VARIABLES AS y
            WHERE y.VARIABLE_NAME = 'WSREP_ON') AS v
LEFT JOIN (SELECT n.TABLE_SCHEMA, n.TABLE_NAME, n.ENGINE
           FROM information_schema.TABLES AS n
           WHERE n.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND n.TABLE_NAME = ?) AS t ON 1 = 1
LEFT JOIN (SELECT m.COLUMN_NAME, m.COLUMN_DEFAULT, m.EXTRA, m.GENERATION_EXPRESSION
           FROM information_schema.COLUMNS AS m
           WHERE m.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND m.TABLE_NAME = ? AND m.COLUMN_NAME = ?) AS c ON 1 = 1
