-- SPDX-License-Identifier: Apache-2.0
-- The primary key from the table itself: a rowid key has no index. In an index cid is -2 for an expression.
-- CROSS JOIN fixes the order: a pragma that is read before its arguments are known answers with nothing.
WITH f(s, t) AS MATERIALIZED (
    SELECT l.schema, l.name
    FROM (SELECT ? AS s, ? AS t) AS p
    JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
    WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
    ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
    LIMIT 1
), k(name, is_primary, ordinal, column_name) AS (
    SELECT 'primary key', '1', x.pk, x.name
    FROM f CROSS JOIN pragma_table_xinfo(f.t, f.s) AS x
    WHERE x.pk > 0
    UNION ALL
    SELECT i.name, '0', c.seqno + 1, c.name
    FROM f CROSS JOIN pragma_index_list(f.t, f.s) AS i CROSS JOIN pragma_index_xinfo(i.name, f.s) AS c
    WHERE i."unique" AND NOT i.partial AND i.origin <> 'pk' AND c.key
      AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name, f.s) AS e WHERE e.key AND e.cid < 0)
)
SELECT k.name, k.is_primary, CAST(k.ordinal AS TEXT), k.column_name
FROM k
ORDER BY k.is_primary DESC, k.name, k.ordinal
