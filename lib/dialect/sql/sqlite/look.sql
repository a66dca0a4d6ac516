-- SPDX-License-Identifier: Apache-2.0
-- What can be known of a table without reading it (parameters: schema, table). One row: table or view; NULL: only
-- sqlite_stat1 counts rows, where there is one; NULL: bytes are not known by table; '0' five times, in place of what
-- tells whether changes are logged; does a trigger fire at updates.
SELECT l.type, NULL, NULL, '0', '0', '0', '0', '0',
       CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_master AS m
                         WHERE m.type = 'trigger' AND m.tbl_name = l.name COLLATE NOCASE
                           AND m.sql LIKE '%UPDATE%') THEN '1' ELSE '0' END
FROM (SELECT ? AS s, ? AS t) AS p
JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
LIMIT 1
