-- SPDX-License-Identifier: Apache-2.0
-- Change tables of the library whose source is gone, with all triggers (last parameter: what their marks begin with). A
-- source that was renamed still has them.
SELECT t.name
FROM (SELECT ? AS s, ? AS mark) AS p
JOIN main.sqlite_schema AS t ON t.type = 'table'
JOIN pragma_table_info(t.name, 'main') AS x ON x.name = 'incload_mark'
WHERE substr(x.dflt_value, 2, length(p.mark)) = p.mark
  AND NOT EXISTS (SELECT 1
                  FROM main.sqlite_schema AS o
                  WHERE o.type = 'table'
                    AND x.dflt_value = quote(p.mark || '`main`.`' || replace(o.name, '`', '``') || '`'))
  AND NOT EXISTS (SELECT 1
                  FROM main.sqlite_schema AS g
                  WHERE g.type = 'trigger'
                    AND g.name IN (t.name || '_i', t.name || '_u', t.name || '_d'))
