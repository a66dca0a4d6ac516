-- SPDX-License-Identifier: Apache-2.0
-- Who has a transaction open in this database, this session included, so that there is always a row and a clock: clock
-- in microseconds, identity, start (NULL where this role may not see it), is it this session, and words for people.
-- pg_locks and pid and datname of pg_stat_activity are there for everybody; a session that was hidden from this list
-- would be taken for nobody.
SELECT (extract(epoch FROM now()) * 1000000)::bigint::text,
       concat_ws(':', l.pid, l.virtualtransaction),
       (extract(epoch FROM a.xact_start) * 1000000)::bigint::text,
       (l.pid = pg_backend_pid())::int::text,
       concat_ws(', ', 'pid ' || l.pid, 'application ' || nullif(a.application_name, ''), 'user ' || a.usename, a.state)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid'
  AND l.mode = 'ExclusiveLock'
  AND l.granted
  AND l.virtualtransaction NOT LIKE '%/0'
  AND a.datname = current_database()
