-- SPDX-License-Identifier: Apache-2.0
-- Sessions whose snapshot may be older than the loading of a staging table ($1 schema, $2 its name): to them its rows
-- would be missing, where those are not frozen. One row each, in words.
SELECT format('pid %s%s%s', a.pid, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
              coalesce(' since ' || to_char(a.xact_start, 'HH24:MI:SS') || ' UTC', ''))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_stat_activity AS a ON age(a.backend_xmin) >= age(c.xmin)
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND a.backend_type = 'client backend'
  AND a.xact_start < to_timestamp($3::text::float8)
ORDER BY a.xact_start
LIMIT 5
