-- SPDX-License-Identifier: Apache-2.0
-- attgenerated through jsonb: the column is missing before PostgreSQL 12.
SELECT a.attname::text,
       format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attnotnull THEN '0' ELSE '1' END,
       CASE WHEN coalesce(to_jsonb(a) ->> 'attgenerated', '') <> '' THEN '1' ELSE '0' END,
       a.atttypid::text
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attnum
