-- SPDX-License-Identifier: Apache-2.0
-- Another text once a row of the catalog that tells of the table's columns, keys or triggers was written anew; a
-- foreign key that refers to it stands among its triggers. Rows, statistics and VACUUM change nothing.
SELECT concat_ws('/', c.oid, c.xmin,
       (SELECT string_agg(concat_ws(' ', a.attnum, a.xmin), ',' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
       'keys',
       (SELECT string_agg(concat_ws(' ', i.indexrelid, i.xmin), ',' ORDER BY i.indexrelid)
        FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid),
       'triggers',
       (SELECT string_agg(concat_ws(' ', g.oid, g.xmin), ',' ORDER BY g.oid)
        FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid))
FROM pg_catalog.pg_class AS c
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
