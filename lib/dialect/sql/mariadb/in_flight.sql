-- SPDX-License-Identifier: Apache-2.0
-- Statements that run now, this one included, so that there is always a row and a clock: clock in microseconds
-- (the start of this statement, so before the list was made), identity, start, is it this session, is it a
-- replica's thread. Without the privilege PROCESS the server shows one's own threads only, and says nothing of
-- that.
SELECT CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS CHAR),
       CONCAT('q', p.QUERY_ID, '@', p.ID),
       CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - CEIL(p.TIME_MS * 1000) AS CHAR),
       IF(p.ID = CONNECTION_ID(), '1', '0'),
       IF(p.COMMAND LIKE 'Slave%', '1', '0')
FROM information_schema.PROCESSLIST AS p
WHERE p.COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump')
