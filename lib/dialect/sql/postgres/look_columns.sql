-- SPDX-License-Identifier: Apache-2.0
-- What is known of a table's columns ($1 schema, $2 table). One row a column: name; default; '' (nothing sets it at an
-- update); does a valid, total index begin with it; NULLs of a hundred rows by the statistics.
SELECT a.attname::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       '',
       (EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = a.attrelid AND i.indisvalid AND i.indpred IS NULL
                  AND i.indkey[0] = a.attnum))::int::text,
       (SELECT ceil(max(s.null_frac) * 100)::int::text
        FROM pg_catalog.pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
ORDER BY a.attnum
