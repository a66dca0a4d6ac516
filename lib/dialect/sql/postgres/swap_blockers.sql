-- SPDX-License-Identifier: Apache-2.0
-- Who holds a lock on a table ($1 schema, $2 table): one row each, in words.
SELECT format('pid %s%s%s', l.pid, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
              coalesce(' since ' || to_char(a.xact_start, 'HH24:MI:SS') || ' UTC', ''))
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.relation = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND l.granted AND l.pid <> pg_backend_pid()
GROUP BY l.pid, a.application_name, a.xact_start
ORDER BY a.xact_start
LIMIT 5
