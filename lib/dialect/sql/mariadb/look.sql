-- SPDX-License-Identifier: Apache-2.0
-- What can be known of a table without reading it (parameters: schema, table, twice). One row: base table or view;
-- rows as InnoDB estimates them; bytes; is it a table whose changes reach the log; is the binary log on; its format;
-- are whole rows in it; may this user read it; does a trigger fire before updates.
SELECT t.TABLE_TYPE,
       CAST(t.TABLE_ROWS AS CHAR),
       CAST(t.DATA_LENGTH + t.INDEX_LENGTH AS CHAR),
       IF(t.ENGINE IS NOT NULL AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED'), '1', '0'),
       IF(@@log_bin, '1', '0'),
       CAST(@@binlog_format AS CHAR),
       IF(@@binlog_row_image = 'FULL', '1', '0'),
       IF(EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES AS p
                  WHERE p.PRIVILEGE_TYPE IN ('REPLICATION SLAVE', 'SUPER')
                    AND p.GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')), '1', '0'),
       IF(EXISTS (SELECT 1 FROM information_schema.TRIGGERS AS g
                  WHERE g.EVENT_OBJECT_SCHEMA = COALESCE(?, DATABASE()) AND g.EVENT_OBJECT_TABLE = ?
                    AND g.ACTION_TIMING = 'BEFORE' AND g.EVENT_MANIPULATION = 'UPDATE'), '1', '0')
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
