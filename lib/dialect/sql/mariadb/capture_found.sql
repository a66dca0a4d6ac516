-- SPDX-License-Identifier: Apache-2.0
-- One row if there is a table of this name: its comment, and how many triggers fill it.
SELECT t.TABLE_COMMENT,
       CAST((SELECT COUNT(*)
             FROM information_schema.TRIGGERS AS g
             WHERE g.TRIGGER_SCHEMA = t.TABLE_SCHEMA
               AND g.TRIGGER_NAME IN (CONCAT(t.TABLE_NAME, '_i'), CONCAT(t.TABLE_NAME, '_u'),
                                      CONCAT(t.TABLE_NAME, '_d'))) AS CHAR)
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
