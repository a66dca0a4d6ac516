-- SPDX-License-Identifier: Apache-2.0
-- The collation belongs to the type: a staging column must compare as the target column does. Last: whether a row must
-- bring a value. An ENUM begins with its first word, and a trigger may set any column. What is asked of other views of
-- the catalog is asked by parameters, too (schema, table, twice): a server looks up what it is told, and opens every
-- table it has to find what a row of this query names.
SELECT c.column_name,
       CONCAT(c.column_type,
              COALESCE(CONCAT(' CHARACTER SET ', c.character_set_name, ' COLLATE ', c.collation_name), '')),
       IF(c.is_nullable = 'YES', '1', '0'),
       IF(c.is_generated = 'ALWAYS' OR c.extra LIKE '%GENERATED%', '1', '0'),
       '0',
       IF(c.is_nullable = 'NO' AND c.column_default IS NULL AND c.extra NOT LIKE '%auto_increment%'
              AND c.is_generated <> 'ALWAYS' AND c.extra NOT LIKE '%GENERATED%' AND c.data_type <> 'enum'
              AND NOT EXISTS (SELECT 1
                              FROM information_schema.triggers AS g
                              WHERE g.event_object_schema = COALESCE(?, DATABASE())
                                AND g.event_object_table = ?
                                AND g.action_timing = 'BEFORE'
                                AND g.event_manipulation = 'INSERT'),
          '1', '0')
FROM information_schema.columns AS c
WHERE c.table_schema = COALESCE(?, DATABASE())
  AND c.table_name = ?
ORDER BY c.ordinal_position
