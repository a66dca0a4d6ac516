-- SPDX-License-Identifier: Apache-2.0
-- What triggers on this table ($1 schema, $2 table) would not see, in words.
WITH t AS (
    SELECT c.*
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
)
SELECT 'it is ' || CASE t.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'
                                  WHEN 'f' THEN 'a foreign table' ELSE 'no plain table' END
FROM t WHERE t.relkind NOT IN ('r', 'p')
UNION ALL
SELECT 'it is a temporary table' FROM t WHERE t.relpersistence = 't'
UNION ALL
SELECT 'table ' || i.inhrelid::regclass::text || ' inherits from it, and its rows are no rows of this one'
FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
WHERE t.relkind = 'r'
