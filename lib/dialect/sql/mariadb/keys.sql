-- SPDX-License-Identifier: Apache-2.0
-- The server puts the end of versions, a column of row end, behind each unique key of a system-versioned table: of the
-- rows that stand the rest is unique. Parameters as in columns.sql.
SELECT s.index_name,
       IF(s.index_name = 'PRIMARY', '1', '0'),
       CAST(s.seq_in_index AS CHAR),
       s.column_name
FROM (SELECT x.index_name, x.seq_in_index, x.column_name,
             COUNT(x.sub_part) OVER (PARTITION BY x.index_name) AS prefixes
      FROM information_schema.statistics AS x
      WHERE x.table_schema = COALESCE(?, DATABASE())
        AND x.table_name = ?
        AND x.non_unique = 0) AS s
WHERE s.prefixes = 0
  AND s.column_name NOT IN (SELECT c.column_name
                            FROM information_schema.columns AS c
                            WHERE c.table_schema = COALESCE(?, DATABASE())
                              AND c.table_name = ?
                              AND c.generation_expression = 'ROW END')
ORDER BY s.index_name <> 'PRIMARY', s.index_name, s.seq_in_index
