-- SPDX-License-Identifier: Apache-2.0
-- What a swap by RENAME TABLE would lose or break: one row each, in words. Privileges and views go by name and stay.
SELECT o.what
FROM (
    SELECT CONCAT('it is a ', LOWER(t.TABLE_TYPE)) AS what, t.TABLE_SCHEMA AS s, t.TABLE_NAME AS t
    FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE <> 'BASE TABLE'
    UNION ALL
    SELECT CONCAT('trigger ', g.TRIGGER_NAME), g.EVENT_OBJECT_SCHEMA, g.EVENT_OBJECT_TABLE
    FROM information_schema.TRIGGERS AS g
    UNION ALL
    SELECT CONCAT('foreign key ', k.CONSTRAINT_NAME, ' of table ', k.TABLE_NAME), k.CONSTRAINT_SCHEMA, k.TABLE_NAME
    FROM information_schema.REFERENTIAL_CONSTRAINTS AS k
    UNION ALL
    SELECT CONCAT('foreign key ', k.CONSTRAINT_NAME, ' of table ', k.TABLE_NAME), k.UNIQUE_CONSTRAINT_SCHEMA,
           k.REFERENCED_TABLE_NAME
    FROM information_schema.REFERENTIAL_CONSTRAINTS AS k WHERE k.REFERENCED_TABLE_NAME <> k.TABLE_NAME
) AS o
WHERE o.s = COALESCE(?, DATABASE()) AND o.t = ?
ORDER BY o.what
