-- SPDX-License-Identifier: Apache-2.0
-- What is known of a table's columns (parameters: schema, table). One row a column: name; default; '' (nothing sets it
-- at an update); does a total index begin with it, or is it the rowid; NULL (there are no statistics of NULLs).
WITH f(s, t, wr) AS MATERIALIZED (
    SELECT l.schema, l.name, l.wr
    FROM (SELECT ? AS s, ? AS t) AS p
    JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
    WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
    ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
    LIMIT 1
)
SELECT x.name,
       coalesce(x.dflt_value, ''),
       '',
       CASE WHEN x.pk = 1 OR EXISTS (SELECT 1 FROM pragma_index_list(f.t, f.s) AS i
                                     CROSS JOIN pragma_index_info(i.name, f.s) AS j
                                     WHERE NOT i.partial AND j.seqno = 0 AND j.name = x.name) THEN '1' ELSE '0' END,
       NULL
FROM f CROSS JOIN pragma_table_xinfo(f.t, f.s) AS x
WHERE x.hidden <> 1
ORDER BY x.cid
