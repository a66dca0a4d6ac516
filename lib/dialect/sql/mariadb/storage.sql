-- SPDX-License-Identifier: Apache-2.0
-- One text that changes when a table is made anew (parameters: schema, table): the ids of the table and its partitions,
-- and the time it was made where its name has letters that the dictionary writes in another way.
SELECT COALESCE((SELECT GROUP_CONCAT(s.TABLE_ID ORDER BY s.TABLE_ID SEPARATOR ',')
                 FROM information_schema.INNODB_SYS_TABLES AS s
                 WHERE s.NAME = CONCAT(t.TABLE_SCHEMA, '/', t.TABLE_NAME)
                    OR LEFT(s.NAME, CHAR_LENGTH(t.TABLE_SCHEMA) + CHAR_LENGTH(t.TABLE_NAME) + 4)
                       = CONCAT(t.TABLE_SCHEMA, '/', t.TABLE_NAME, '#P#')),
                CAST(t.CREATE_TIME AS CHAR), '')
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
