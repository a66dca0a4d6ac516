-- SPDX-License-Identifier: Apache-2.0
-- One row if there is a table of this name ($1 schema, $2 table): its comment, and how many triggers call the function
-- that fills it. Those of partitions have the names of their parent's.
SELECT coalesce(obj_description(c.oid, 'pg_class'), ''),
       (SELECT count(DISTINCT g.tgname)
        FROM pg_catalog.pg_proc AS p
        JOIN pg_catalog.pg_trigger AS g ON g.tgfoid = p.oid
        WHERE p.pronamespace = c.relnamespace
          AND p.proname = $2::text || '_f'
          AND g.tgname IN ($2::text || '_r', $2::text || '_t')
          AND g.tgenabled IN ('O', 'A'))::text
FROM pg_catalog.pg_class AS c
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
