-- SPDX-License-Identifier: Apache-2.0
-- What can be known of a table without reading it ($1 schema, $2 table). One row: kind of relation; rows by the density
-- of the last ANALYZE and today's size, as the planner counts them (NULL: never analysed); bytes; is it a heap kept by
-- the server's log; wal_level; is the server a standby; can an UPDATE be told by its old key; may this user replicate;
-- does a trigger fire before updates.
SELECT c.relkind::text,
       CASE WHEN s.unknown = 0 THEN s.estimate END::text,
       s.bytes::text,
       (c.relkind IN ('r', 'p') AND c.relpersistence = 'p')::int::text,
       current_setting('wal_level'),
       pg_is_in_recovery()::int::text,
       (CASE c.relreplident WHEN 'n' THEN false
             WHEN 'd' THEN EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                                   WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate)
             ELSE true END)::int::text,
       (SELECT r.rolsuper OR r.rolreplication FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)::int::text,
       (EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
                  AND t.tgtype & 2 = 2 AND t.tgtype & 16 = 16))::int::text
FROM pg_catalog.pg_class AS c
CROSS JOIN LATERAL (
    SELECT sum(CASE WHEN l.relpages > 0 AND l.reltuples > 0
                    THEN l.reltuples / l.relpages
                         * (pg_relation_size(l.oid) / current_setting('block_size')::int)
                    ELSE 0 END)::bigint AS estimate,
           count(*) FILTER (WHERE l.reltuples < 0 OR (l.relpages = 0 AND pg_relation_size(l.oid) > 0)) AS unknown,
           sum(pg_total_relation_size(l.oid))::bigint AS bytes
    FROM pg_catalog.pg_class AS l
    WHERE l.relkind IN ('r', 'm')
      AND (l.oid = c.oid OR l.oid IN (SELECT p.relid::oid FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf))) AS s
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
