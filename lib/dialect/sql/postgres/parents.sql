-- SPDX-License-Identifier: Apache-2.0
SELECT n.nspname::text,
       p.relname::text,
       CASE WHEN bool_or(c.condeferrable) THEN '1' ELSE '0' END
FROM pg_catalog.pg_constraint AS c
JOIN pg_catalog.pg_class AS p ON p.oid = c.confrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
WHERE c.contype = 'f'
  AND c.conrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
GROUP BY n.nspname, p.relname
ORDER BY 1, 2
