-- SPDX-License-Identifier: Apache-2.0
-- column_default is the text of an expression. A CHECK of the column itself would be lost: no row is as good as NULL.
SELECT CONCAT(IF(c.is_nullable = 'YES', ' NULL', ' NOT NULL'),
              COALESCE(CONCAT(' DEFAULT ', c.column_default), ''),
              IF(c.extra LIKE '%auto_increment%', ' AUTO_INCREMENT', ''),
              IF(c.extra LIKE '%on update%', ' ON UPDATE current_timestamp()', ''),
              IF(c.extra LIKE '%INVISIBLE%', ' INVISIBLE', ''),
              IF(c.column_comment <> '', CONCAT(' COMMENT ', QUOTE(c.column_comment)), ''))
FROM information_schema.columns AS c
WHERE c.table_schema = COALESCE(?, DATABASE())
  AND c.table_name = ?
  AND c.column_name = ?
  AND NOT EXISTS (SELECT 1
                  FROM information_schema.check_constraints AS k
                  WHERE k.constraint_schema = c.table_schema
                    AND k.table_name = c.table_name
                    AND k.level = 'Column'
                    AND k.constraint_name = c.column_name)
