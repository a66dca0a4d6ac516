-- SPDX-License-Identifier: Apache-2.0
-- Change tables of the library in this schema whose source is gone, with all triggers (last parameter: what their
-- comments begin with). A source that was renamed still has them.
SELECT t.TABLE_NAME
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE())
  AND LEFT(t.TABLE_COMMENT, 100) LIKE CONCAT(?, '%')
  AND NOT EXISTS (SELECT 1
                  FROM information_schema.TABLES AS s
                  WHERE RIGHT(t.TABLE_COMMENT,
                              CHAR_LENGTH(CONCAT('`', REPLACE(s.TABLE_SCHEMA, '`', '``'), '`.`',
                                                 REPLACE(s.TABLE_NAME, '`', '``'), '`')))
                        = CONCAT('`', REPLACE(s.TABLE_SCHEMA, '`', '``'), '`.`', REPLACE(s.TABLE_NAME, '`', '``'), '`')
                    AND s.TABLE_SCHEMA = t.TABLE_SCHEMA)
  AND NOT EXISTS (SELECT 1
                  FROM information_schema.TRIGGERS AS g
                  WHERE g.TRIGGER_SCHEMA = t.TABLE_SCHEMA
                    AND g.TRIGGER_NAME IN (CONCAT(t.TABLE_NAME, '_i'), CONCAT(t.TABLE_NAME, '_u'),
                                           CONCAT(t.TABLE_NAME, '_d')))
