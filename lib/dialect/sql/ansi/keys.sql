-- SPDX-License-Identifier: Apache-2.0
SELECT k.constraint_name,
       CASE WHEN t.constraint_type = 'PRIMARY KEY' THEN '1' ELSE '0' END,
       CAST(k.ordinal_position AS VARCHAR(20)),
       k.column_name
FROM information_schema.table_constraints AS t
JOIN information_schema.key_column_usage AS k
    ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name
    AND k.table_schema = t.table_schema AND k.table_name = t.table_name
WHERE t.table_schema = COALESCE(CAST(? AS VARCHAR(128)), CURRENT_SCHEMA)
  AND t.table_name = CAST(? AS VARCHAR(128))
  AND t.constraint_type IN ('PRIMARY KEY', 'UNIQUE')
ORDER BY 2 DESC, 1, k.ordinal_position
