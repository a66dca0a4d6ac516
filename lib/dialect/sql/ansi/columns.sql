-- SPDX-License-Identifier: Apache-2.0
SELECT c.column_name,
       CASE
           WHEN UPPER(c.data_type) IN ('CHARACTER', 'CHARACTER VARYING', 'CHAR', 'VARCHAR', 'BINARY', 'BINARY VARYING',
                                       'VARBINARY') AND c.character_maximum_length IS NOT NULL
               THEN c.data_type || '(' || CAST(c.character_maximum_length AS VARCHAR(20)) || ')'
           WHEN UPPER(c.data_type) IN ('DECIMAL', 'NUMERIC') AND c.numeric_precision IS NOT NULL
               THEN c.data_type || '(' || CAST(c.numeric_precision AS VARCHAR(20)) || ','
                    || CAST(COALESCE(c.numeric_scale, 0) AS VARCHAR(20)) || ')'
           ELSE c.data_type
       END,
       CASE WHEN c.is_nullable = 'NO' THEN '0' ELSE '1' END,
       CASE WHEN c.is_generated = 'ALWAYS' THEN '1' ELSE '0' END,
       '0'
FROM information_schema.columns AS c
WHERE c.table_schema = COALESCE(CAST(? AS VARCHAR(128)), CURRENT_SCHEMA)
  AND c.table_name = CAST(? AS VARCHAR(128))
ORDER BY c.ordinal_position
