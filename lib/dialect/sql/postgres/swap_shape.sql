-- SPDX-License-Identifier: Apache-2.0
-- One row: the table's oid, and a digest that changes with every DDL on the table or on what depends on it ($1 schema,
-- $2 table). It is made of the transactions that wrote the catalog's rows, so it costs index scans only: it is asked
-- again under the lock. VACUUM and ANALYZE write their figures in place and do not change it.
SELECT c.oid::text,
       md5(concat_ws(';', c.oid, c.xmin,
           (SELECT string_agg(concat_ws(',', a.attnum, a.xmin), ' ' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
           (SELECT string_agg(concat_ws(',', i.indexrelid, i.xmin), ' ' ORDER BY i.indexrelid)
            FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid),
           (SELECT string_agg(concat_ws(',', k.oid, k.xmin), ' ' ORDER BY k.oid)
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid),
           (SELECT string_agg(concat_ws(',', g.oid, g.xmin), ' ' ORDER BY g.oid)
            FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid),
           (SELECT string_agg(concat_ws(',', p.oid, p.xmin), ' ' ORDER BY p.oid)
            FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid),
           (SELECT string_agg(concat_ws(',', d.objsubid, d.xmin), ' ' ORDER BY d.objsubid)
            FROM pg_catalog.pg_description AS d
            WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid),
           (SELECT string_agg(concat_ws(',', d.classid, d.objid, d.objsubid, d.refobjsubid, r.xmin), ' '
                              ORDER BY d.classid, d.objid, d.objsubid, d.refobjsubid)
            FROM pg_catalog.pg_depend AS d
            LEFT JOIN pg_catalog.pg_rewrite AS r
                   ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
            WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid),
           (SELECT string_agg(concat_ws(',', d.objid, i.inhparent), ' ' ORDER BY d.objid, i.inhparent)
            FROM pg_catalog.pg_inherits AS i
            LEFT JOIN pg_catalog.pg_depend AS d
                   ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.inhparent
                      AND d.classid = 'pg_catalog.pg_publication_rel'::regclass
            WHERE i.inhrelid = c.oid),
           (SELECT string_agg(concat_ws(',', p.oid, p.xmin), ' ' ORDER BY p.oid) FROM pg_catalog.pg_publication AS p)))
FROM pg_catalog.pg_class AS c
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
