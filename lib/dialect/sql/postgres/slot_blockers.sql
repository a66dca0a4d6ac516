-- SPDX-License-Identifier: Apache-2.0
-- Whose end a new logical slot waits for: every transaction that may have written when it began. In words, the oldest
-- first.
SELECT b.who
FROM (SELECT format('pid %s%s%s', a.pid, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
                    coalesce(' since ' || to_char(a.xact_start, 'HH24:MI:SS') || ' UTC', '')) AS who,
             a.xact_start AS since
      FROM pg_catalog.pg_stat_activity AS a
      WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
      UNION ALL
      SELECT format('prepared transaction ''%s'' since %s UTC', p.gid, to_char(p.prepared, 'HH24:MI:SS')), p.prepared
      FROM pg_catalog.pg_prepared_xacts AS p) AS b
ORDER BY b.since
LIMIT 5
