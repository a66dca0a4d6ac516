-- SPDX-License-Identifier: Apache-2.0
-- Views and materialized views, by their rules. refobjsubid is the column's number.
SELECT DISTINCT v.oid::regclass::text
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_depend AS d
    ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
WHERE a.attrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
  AND a.attname = $3::text
  AND v.oid <> a.attrelid
ORDER BY 1
