-- SPDX-License-Identifier: Apache-2.0
-- One row: the table's name, and a digest that changes with every DDL on the table.
SELECT t.TABLE_NAME,
       MD5(CONCAT_WS(';', t.CREATE_TIME, t.ENGINE, t.TABLE_COLLATION, t.CREATE_OPTIONS, t.TABLE_COMMENT,
           (SELECT GROUP_CONCAT(MD5(CONCAT_WS(',', c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, c.EXTRA,
                                             c.COLUMN_DEFAULT))
                                ORDER BY c.ORDINAL_POSITION)
            FROM information_schema.COLUMNS AS c
            WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ?)))
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
