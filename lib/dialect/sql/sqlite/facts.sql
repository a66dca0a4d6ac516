-- SPDX-License-Identifier: Apache-2.0
-- What decides how exactly changes of a table can be found (parameters: schema, table, cursor column). One row:
-- the file; the kind of relation; is the cursor the rowid; are rowids used once only; its default; is it indexed;
-- has the table triggers.
WITH p(s, t, c) AS (
    SELECT ?, ?, ?
), f(s, t, kind, without_rowid) AS MATERIALIZED (
    SELECT l.schema, l.name, l.type, l.wr
    FROM p JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
    WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
    ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
    LIMIT 1
), k(n) AS MATERIALIZED (
    SELECT count(*) FROM f CROSS JOIN pragma_table_xinfo(f.t, f.s) AS x WHERE x.pk > 0
)
SELECT coalesce((SELECT d.file FROM pragma_database_list AS d WHERE d.name = f.s), ''),
       f.kind,
       CASE WHEN x.pk = 1 AND k.n = 1 AND f.without_rowid = 0 AND x.type = 'INTEGER' COLLATE NOCASE
            THEN '1' ELSE '0' END,
       CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_master AS m
                         WHERE m.type = 'table' AND m.name = f.t COLLATE NOCASE AND m.sql LIKE '%AUTOINCREMENT%')
            THEN '1' ELSE '0' END,
       coalesce(x.dflt_value, ''),
       CASE WHEN EXISTS (SELECT 1 FROM pragma_index_list(f.t, f.s) AS i
                         CROSS JOIN pragma_index_info(i.name, f.s) AS j
                         WHERE j.seqno = 0 AND j.name = x.name) THEN '1' ELSE '0' END,
       CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_master AS m
                         WHERE m.type = 'trigger' AND m.tbl_name = f.t COLLATE NOCASE) THEN '1' ELSE '0' END
FROM p CROSS JOIN f CROSS JOIN k CROSS JOIN pragma_table_xinfo(f.t, f.s) AS x
WHERE x.name = p.c COLLATE NOCASE
