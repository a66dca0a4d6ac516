-- SPDX-License-Identifier: Apache-2.0
-- Change tables of the library in this schema ($1) whose source is gone, with all triggers ($2: what their comments
-- begin with). A source that was renamed still has them.
SELECT c.relname::text
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid
     AND d.classoid = 'pg_catalog.pg_class'::regclass
     AND d.objsubid = 0
WHERE n.nspname = coalesce($1::text, current_schema()::text)
  AND c.relkind = 'r'
  AND left(d.description, length($2::text)) = $2::text
  AND to_regclass(substr(d.description, length($2::text) + 1)) IS NULL
  AND NOT EXISTS (SELECT 1
                  FROM pg_catalog.pg_proc AS p
                  JOIN pg_catalog.pg_trigger AS g ON g.tgfoid = p.oid
                  WHERE p.pronamespace = c.relnamespace AND p.proname = c.relname || '_f')
