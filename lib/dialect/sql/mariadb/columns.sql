-- SPDX-License-Identifier: Apache-2.0
-- The collation belongs to the type: a staging column must compare as the target column does.
SELECT c.column_name,
       CONCAT(c.column_type,
              COALESCE(CONCAT(' CHARACTER SET ', c.character_set_name, ' COLLATE ', c.collation_name), '')),
       IF(c.is_nullable = 'YES', '1', '0'),
       IF(c.is_generated = 'ALWAYS' OR c.extra LIKE '%GENERATED%', '1', '0'),
       '0'
FROM information_schema.columns AS c
WHERE c.table_schema = COALESCE(?, DATABASE())
  AND c.table_name = ?
ORDER BY c.ordinal_position
