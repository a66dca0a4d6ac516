-- SPDX-License-Identifier: Apache-2.0
-- Deferrable constraints stay out: ON CONFLICT refuses them. indnkeyatts through jsonb: missing before PostgreSQL 11.
SELECT c.relname::text,
       CASE WHEN i.indisprimary THEN '1' ELSE '0' END,
       k.ordinal::text,
       a.attname::text
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, ordinal)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND i.indisunique
  AND i.indisvalid
  AND i.indimmediate
  AND i.indpred IS NULL
  AND i.indexprs IS NULL
  AND k.ordinal <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)
ORDER BY i.indisprimary DESC, c.relname, k.ordinal
