-- SPDX-License-Identifier: Apache-2.0
-- Of a system-versioned table: its columns of row start and row end, and the type of the first (all NULL where they are
-- not its own columns); server and database, as identity.sql has them; is it a cluster; replication threads that run.
SELECT MAX(IF(c.GENERATION_EXPRESSION = 'ROW START', c.COLUMN_NAME, NULL)),
       MAX(IF(c.GENERATION_EXPRESSION = 'ROW END', c.COLUMN_NAME, NULL)),
       MAX(IF(c.GENERATION_EXPRESSION = 'ROW START', c.DATA_TYPE, NULL)),
       CONCAT_WS('/', (SELECT MAX(u.VARIABLE_VALUE) FROM information_schema.GLOBAL_VARIABLES AS u
                       WHERE u.VARIABLE_NAME = 'SERVER_UID'),
                 @@hostname, @@port, @@socket, @@datadir, COALESCE(DATABASE(), '')),
       (SELECT MAX(v.VARIABLE_VALUE) FROM information_schema.GLOBAL_VARIABLES AS v WHERE v.VARIABLE_NAME = 'WSREP_ON'),
       (SELECT MAX(s.VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS AS s
        WHERE s.VARIABLE_NAME = 'SLAVES_RUNNING')
FROM information_schema.COLUMNS AS c
WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ?
