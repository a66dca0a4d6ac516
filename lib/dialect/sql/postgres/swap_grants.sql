-- SPDX-License-Identifier: Apache-2.0
-- The statements that give a staging table and its identity sequences exactly the target's privileges ($1 schema,
-- $2 table, $3 token), after it has its owner: whatever default privileges have put there goes first.
WITH pairs AS (
    SELECT c.oid AS old, s.oid AS new, 'TABLE'::text AS kind, format('%I.%I', n.nspname, s.relname) AS name,
           c.relacl AS want, s.relacl AS have, acldefault('r', s.relowner) AS plain, 0 AS at
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS s ON s.relnamespace = n.oid AND s.relname = 'incload_' || $3::text
    WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
), all_pairs AS (
    SELECT * FROM pairs
    UNION ALL
    SELECT q.oid, r.oid, 'SEQUENCE', format('%I.%I', m.nspname, r.relname), q.relacl, r.relacl,
           acldefault('s', r.relowner), d.refobjsubid
    FROM pairs AS p
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = p.old
         AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_catalog.pg_class AS q ON q.oid = d.objid AND q.relkind = 'S'
    JOIN pg_catalog.pg_namespace AS m ON m.oid = q.relnamespace
    JOIN pg_catalog.pg_class AS r ON r.relnamespace = m.oid AND r.relkind = 'S'
         AND r.relname = 'incload_' || $3::text || '_s' || d.refobjsubid
), told (at, step, n, sql) AS (
    SELECT p.at, 1, a.n, format('REVOKE ALL ON %s %s FROM %s', p.kind, p.name,
                                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM all_pairs AS p
    CROSS JOIN LATERAL (SELECT e.grantee, min(e.n) AS n
                        FROM aclexplode(coalesce(p.have, p.plain)) WITH ORDINALITY
                             AS e (grantor, grantee, privilege_type, is_grantable, n)
                        GROUP BY e.grantee) AS a
    WHERE p.have IS NOT NULL OR p.want IS NOT NULL
    UNION ALL
    SELECT p.at, 2, e.n, format('GRANT %s ON %s %s TO %s%s', e.privilege_type, p.kind, p.name,
                                CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                                CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' END)
    FROM all_pairs AS p
    CROSS JOIN LATERAL aclexplode(coalesce(p.want, p.plain)) WITH ORDINALITY
               AS e (grantor, grantee, privilege_type, is_grantable, n)
    WHERE p.have IS NOT NULL OR p.want IS NOT NULL
    UNION ALL
    SELECT p.at, 3, a.attnum * 1000 + e.n,
           format('GRANT %s (%I) ON %s TO %s%s', e.privilege_type, a.attname, p.name,
                  CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                  CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' END)
    FROM pairs AS p
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.old AND a.attacl IS NOT NULL AND NOT a.attisdropped
    CROSS JOIN LATERAL aclexplode(a.attacl) WITH ORDINALITY AS e (grantor, grantee, privilege_type, is_grantable, n)
)
SELECT sql FROM told ORDER BY at, step, n
