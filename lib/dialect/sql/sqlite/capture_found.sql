-- SPDX-License-Identifier: Apache-2.0
-- One row if there is a table of this name: its mark, and how many triggers fill it. The schema is always main.
SELECT coalesce((SELECT replace(substr(x.dflt_value, 2, length(x.dflt_value) - 2), '''''', '''')
                 FROM pragma_table_info(t.name, 'main') AS x
                 WHERE x.name = 'incload_mark'), ''),
       CAST((SELECT count(*)
             FROM main.sqlite_schema AS g
             WHERE g.type = 'trigger'
               AND g.name IN (t.name || '_i', t.name || '_u', t.name || '_d')) AS TEXT)
FROM (SELECT ? AS s, ? AS t) AS p
JOIN main.sqlite_schema AS t ON t.name = p.t COLLATE NOCASE AND t.type IN ('table', 'view')
