-- SPDX-License-Identifier: Apache-2.0
-- What decides how exactly changes of a table can be found ($1 schema, $2 table, $3 cursor column; all may be NULL).
-- One row: server, timeline and database; start of the server in microseconds; is it a standby; kind of relation; is it
-- a heap; its storage; does a trigger fire before updates; is the cursor indexed.
SELECT concat_ws('/', s.system_identifier,
                 CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
                      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END,
                 d.oid),
       (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text,
       pg_is_in_recovery()::int::text,
       c.relkind::text,
       (coalesce(m.amname, 'heap') = 'heap')::int::text,
       CASE WHEN c.relkind = 'p'
            THEN (SELECT md5(string_agg(concat_ws(':', p.relid::oid, pg_relation_filenode(p.relid)), ','
                                        ORDER BY p.relid::oid))
                  FROM pg_partition_tree(c.oid) AS p)
            ELSE concat_ws(':', c.oid, pg_relation_filenode(c.oid)) END,
       (EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
                  AND t.tgtype & 2 = 2 AND t.tgtype & 16 = 16))::int::text,
       (EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum))::int::text
FROM pg_control_system() AS s
JOIN pg_catalog.pg_database AS d ON d.datname = current_database()
LEFT JOIN pg_catalog.pg_class AS c
       ON c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = $3::text AND NOT a.attisdropped
