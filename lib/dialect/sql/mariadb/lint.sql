-- SPDX-License-Identifier: Apache-2.0
-- What of a server's state and settings matters to loads, whatever the table. One row: '1' (activities are always
-- tracked); age in seconds of the oldest transaction of another session (NULL: none is to be seen); the time zone of
-- sessions that set none.
SELECT '1',
       (SELECT CAST(MAX(TIMESTAMPDIFF(SECOND, x.trx_started, SYSDATE())) AS CHAR)
        FROM information_schema.INNODB_TRX AS x
        WHERE x.trx_mysql_thread_id <> CONNECTION_ID()),
       CASE WHEN @@global.time_zone <> 'SYSTEM' THEN @@global.time_zone ELSE @@system_time_zone END
