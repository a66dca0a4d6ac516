-- SPDX-License-Identifier: Apache-2.0
-- What a swap of this table would lose or break and cannot carry over ($1 schema, $2 table, $3 'rename' or
-- 'partition'): one row each, in words. The session's search_path is empty, so names are whole. Columns that older
-- servers lack go through jsonb. Of a partition that is exchanged the tables above it count as well; and a default
-- partition beside it is searched for rows of the new one under the lock, so it must be small (8 MB).
WITH RECURSIVE t AS (
    SELECT c.*, to_jsonb(c) AS doc
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
), above (id) AS (
    SELECT i.inhparent
    FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid
    WHERE $3::text = 'partition'
    UNION
    SELECT i.inhparent FROM above AS b JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = b.id
), told (n, what) AS (
    SELECT 1, 'it is ' || CASE t.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'
                                         WHEN 'f' THEN 'a foreign table' WHEN 'p' THEN 'a partitioned table'
                                         ELSE 'no plain table' END
    FROM t WHERE t.relkind <> 'r'
    UNION ALL
    SELECT 1, 'it is a temporary table' FROM t WHERE t.relpersistence = 't'
    UNION ALL
    SELECT 1, 'it is a typed table of type ' || t.reloftype::regtype::text FROM t WHERE t.reloftype <> 0
    UNION ALL
    SELECT 2, CASE WHEN i.inhrelid = t.oid THEN 'it is a child or partition of table ' || i.inhparent::regclass::text
                   ELSE 'table ' || i.inhrelid::regclass::text || ' inherits from it' END
    FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid OR i.inhparent = t.oid
    WHERE t.relkind = 'r' AND NOT ($3::text = 'partition' AND i.inhrelid = t.oid)
    UNION ALL
    SELECT 2, 'default partition ' || d.oid::regclass::text
              || ', which has more than 8 MB to be searched under the lock'
    FROM t JOIN above AS b ON true
    JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = b.id
    JOIN pg_catalog.pg_class AS d ON to_jsonb(p) ->> 'partdefid' = d.oid::text
    WHERE d.oid <> t.oid AND (d.relkind <> 'r' OR pg_relation_size(d.oid) > 8388608)
      AND NOT EXISTS (SELECT 1 FROM above AS other WHERE other.id = d.oid)
    UNION ALL
    SELECT 3, 'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass::text
    FROM above AS b JOIN pg_catalog.pg_constraint AS k ON k.confrelid = b.id
    WHERE k.contype = 'f' AND coalesce(to_jsonb(k) ->> 'conparentid', '0') = '0'
    UNION ALL
    SELECT 3, 'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass::text
    FROM t JOIN pg_catalog.pg_constraint AS k ON k.confrelid = t.oid
    WHERE k.contype = 'f' AND k.conrelid <> t.oid
      AND NOT EXISTS (SELECT 1 FROM above AS b JOIN pg_catalog.pg_constraint AS u ON u.confrelid = b.id
                      WHERE to_jsonb(k) ->> 'conparentid' = u.oid::text)
    UNION ALL
    SELECT DISTINCT 4, 'publication ' || quote_ident(p.pubname::text)
    FROM (SELECT oid AS id FROM t UNION SELECT id FROM above) AS s
    JOIN pg_catalog.pg_class AS t ON t.oid = s.id
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
    JOIN pg_catalog.pg_publication_tables AS p ON p.schemaname = n.nspname AND p.tablename = t.relname
    UNION ALL
    SELECT 5, 'rule ' || quote_ident(r.rulename) || ' on it'
    FROM t JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = t.oid
    WHERE t.relkind = 'r'
    UNION ALL
    SELECT 6, CASE WHEN v.relkind = 'v' AND r.rulename = '_RETURN'
                   THEN 'view ' || v.oid::regclass::text || ', whose owner this user is not'
                   WHEN r.rulename = '_RETURN' THEN 'materialized view ' || v.oid::regclass::text
                   ELSE 'rule ' || quote_ident(r.rulename) || ' on ' || v.oid::regclass::text END
    FROM t JOIN pg_catalog.pg_rewrite AS r ON r.ev_class <> t.oid
    JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
    WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.oid)
      AND NOT (v.relkind = 'v' AND r.rulename = '_RETURN' AND pg_has_role(v.relowner, 'USAGE'))
    UNION ALL
    SELECT DISTINCT 7, pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM t JOIN pg_catalog.pg_depend AS d
      ON (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.oid
          AND d.classid = 'pg_catalog.pg_proc'::regclass)
      OR (d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'n'
          AND d.refobjid IN (t.reltype, (SELECT y.typarray FROM pg_catalog.pg_type AS y WHERE y.oid = t.reltype)))
    UNION ALL
    SELECT 8, 'extension ' || quote_ident(e.extname) || ', to which it belongs'
    FROM t JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid
    JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
    UNION ALL
    SELECT DISTINCT 9, 'privileges on it that ' || a.grantor::regrole::text || ', not its owner, has granted'
    FROM t CROSS JOIN LATERAL aclexplode(t.relacl) AS a
    WHERE a.grantor <> t.relowner
    UNION ALL
    SELECT 9, 'a replica of a subscription'
    FROM t WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_subscription_rel AS s WHERE s.srrelid = t.oid)
    UNION ALL
    SELECT 9, 'security label of ' || s.provider
    FROM t JOIN pg_catalog.pg_seclabel AS s ON s.classoid = 'pg_catalog.pg_class'::regclass AND s.objoid = t.oid
)
SELECT what FROM told ORDER BY n, what
