-- SPDX-License-Identifier: Apache-2.0
-- The partitions of a table ($1 schema, $2 table): how it is partitioned (NULL: not at all), the one column by which it
-- is (NULL: several, or an expression), its type; then schema, name, kind and bounds of each partition. The bounds are
-- those of a range of one column, as the session writes values; MINVALUE, MAXVALUE and DEFAULT are none.
WITH parts AS (
    SELECT p.partstrat, p.partnatts, p.partattrs[0] AS attnum, t.oid AS parent, n.nspname, c.relname, c.relkind,
           regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((.*)\) TO \((.*)\)$') AS bounds
    FROM pg_catalog.pg_class AS t
    LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = t.oid
    LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid AND p.partrelid IS NOT NULL
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE t.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
)
SELECT p.partstrat::text, a.attname::text, format_type(a.atttypid, a.atttypmod), p.nspname::text, p.relname::text,
       p.relkind::text,
       CASE WHEN p.bounds[1] LIKE '''%''' THEN replace(substr(p.bounds[1], 2, length(p.bounds[1]) - 2), '''''', '''')
            WHEN p.bounds[1] ~ '^[0-9.]+$' THEN p.bounds[1] END,
       CASE WHEN p.bounds[2] LIKE '''%''' THEN replace(substr(p.bounds[2], 2, length(p.bounds[2]) - 2), '''''', '''')
            WHEN p.bounds[2] ~ '^[0-9.]+$' THEN p.bounds[2] END
FROM parts AS p
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.parent AND a.attnum = p.attnum AND p.partnatts = 1
                                      AND p.attnum > 0
ORDER BY p.nspname, p.relname
