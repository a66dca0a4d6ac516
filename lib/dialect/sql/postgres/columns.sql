-- SPDX-License-Identifier: Apache-2.0
-- attgenerated and attidentity through jsonb: missing before PostgreSQL 12 and 10. Last: whether a row must bring a
-- value. A domain may have a default of its own, and a trigger may set any column.
SELECT a.attname::text,
       format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attnotnull THEN '0' ELSE '1' END,
       CASE WHEN coalesce(to_jsonb(a) ->> 'attgenerated', '') <> '' THEN '1' ELSE '0' END,
       a.atttypid::text,
       CASE
           WHEN NOT a.attnotnull OR a.atthasdef OR coalesce(to_jsonb(a) ->> 'attidentity', '') <> '' THEN '0'
           WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_type AS y WHERE y.oid = a.atttypid AND y.typdefault IS NOT NULL)
               THEN '0'
           WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = a.attrelid AND g.tgtype & 7 = 7)
               THEN '0'
           ELSE '1'
       END
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attnum
