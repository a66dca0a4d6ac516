-- SPDX-License-Identifier: Apache-2.0
-- hidden: 1 is a virtual table's, 2 and 3 are generated columns. Last: whether a row must bring a value. An INTEGER
-- PRIMARY KEY numbers itself, so columns of the key are left to SQLite.
SELECT x.name,
       x.type,
       CASE WHEN x."notnull" THEN '0' ELSE '1' END,
       CASE WHEN x.hidden > 1 THEN '1' ELSE '0' END,
       '0',
       CASE WHEN x."notnull" AND x.dflt_value IS NULL AND x.hidden = 0 AND x.pk = 0 THEN '1' ELSE '0' END
FROM (SELECT l.schema AS s, l.name AS t
      FROM (SELECT ? AS s, ? AS t) AS p
      JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
      WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
      ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
      LIMIT 1) AS f
CROSS JOIN pragma_table_xinfo(f.t, f.s) AS x
WHERE x.hidden <> 1
ORDER BY x.cid
