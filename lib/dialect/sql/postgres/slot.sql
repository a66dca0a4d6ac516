-- SPDX-License-Identifier: Apache-2.0
-- A replication slot ($1): plugin, its database, is that this one, who reads it, how far it is confirmed, what state
-- its log is in, why it lost it, bytes that the server keeps for it, the most that it may keep (-1: no limit), the end
-- of the server's log. Columns that came with later versions are asked by name, so that older ones have NULL.
SELECT s.plugin,
       s.database,
       (s.database = current_database())::int::text,
       s.active_pid::text,
       s.confirmed_flush_lsn::text,
       to_jsonb(s) ->> 'wal_status',
       to_jsonb(s) ->> 'invalidation_reason',
       greatest(pg_wal_lsn_diff(w.lsn, s.restart_lsn), 0)::bigint::text,
       coalesce((SELECT g.setting::bigint * CASE WHEN g.setting = '-1' THEN 1 ELSE 1048576 END
                 FROM pg_catalog.pg_settings AS g
                 WHERE g.name = 'max_slot_wal_keep_size'), -1)::text,
       w.lsn::text
FROM pg_catalog.pg_replication_slots AS s
CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END)
           AS w (lsn)
WHERE s.slot_name = $1
