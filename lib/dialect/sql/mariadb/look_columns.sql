-- SPDX-License-Identifier: Apache-2.0
-- What is known of a table's columns (parameters: schema, table). One row a column: name; default; what fills it in at
-- an update; does an index begin with it; NULL (there are no statistics of NULLs).
SELECT c.COLUMN_NAME,
       COALESCE(c.COLUMN_DEFAULT, ''),
       COALESCE(c.EXTRA, ''),
       IF(EXISTS (SELECT 1 FROM information_schema.STATISTICS AS i
                  WHERE i.TABLE_SCHEMA = c.TABLE_SCHEMA AND i.TABLE_NAME = c.TABLE_NAME AND i.SEQ_IN_INDEX = 1
                    AND i.COLUMN_NAME = c.COLUMN_NAME), '1', '0'),
       NULL
FROM information_schema.COLUMNS AS c
WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ?
ORDER BY c.ORDINAL_POSITION
