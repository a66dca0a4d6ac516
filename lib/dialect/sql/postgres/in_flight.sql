-- SPDX-License-Identifier: Apache-2.0
-- Who has a transaction open in this database, this session included, so that there is always a row and a clock: clock
-- in microseconds, identity, start (NULL where this role may not see it), is it this session, and words for people.
-- The functions behind pg_locks and pg_stat_activity: the views cost more to plan than to run. Locks, pid and database
-- are there for everybody; a session that was hidden from this list would be taken for nobody.
SELECT (extract(epoch FROM now()) * 1000000)::bigint::text,
       concat_ws(':', l.pid, l.virtualtransaction),
       (extract(epoch FROM a.xact_start) * 1000000)::bigint::text,
       (l.pid = pg_backend_pid())::int::text,
       concat_ws(', ', 'pid ' || l.pid, 'application ' || nullif(a.application_name, ''),
                 'user ' || pg_get_userbyid(a.usesysid), a.state)
FROM pg_lock_status() AS l
JOIN pg_stat_get_activity(NULL) AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid'
  AND l.mode = 'ExclusiveLock'
  AND l.granted
  AND l.virtualtransaction NOT LIKE '%/0'
  AND a.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
