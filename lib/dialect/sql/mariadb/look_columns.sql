-- SPDX-License-Identifier: Apache-2.0
-- What is known of a table's columns (parameters: schema, table, twice). One row a column: name; default; what fills
-- it in at an update; does an index begin with it; NULL (there are no statistics of NULLs).
SELECT c.COLUMN_NAME,
       COALESCE(c.COLUMN_DEFAULT, ''),
       COALESCE(c.EXTRA, ''),
       IF(c.COLUMN_NAME IN (SELECT i.COLUMN_NAME FROM information_schema.STATISTICS AS i
                            WHERE i.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND i.TABLE_NAME = ?
                              AND i.SEQ_IN_INDEX = 1), '1', '0'),
       NULL
FROM information_schema.COLUMNS AS c
WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ?
ORDER BY c.ORDINAL_POSITION
