-- SPDX-License-Identifier: Apache-2.0
-- The statements of a swap, written by the server that has the catalog ($1 schema, $2 table, $3 token of
-- our names, $4 mark of our own objects): phase ('make', 'build', 'lock', 'publish') and statement, in order. The
-- search_path is empty, so every name in them is whole. Names of objects that share a name space with others (tables,
-- indexes, sequences, statistics) are ours until they are published; names of constraints, triggers and policies
-- belong to their table and are right at once. Of a column's options those are set that are documented: a server may
-- keep further ones there for itself. An identity column goes on where the old one is, or where the load has
-- brought it; until the rows are in it takes the source's numbers as well. A partition is exchanged: a CHECK equal to
-- its bounds, which is there while it is made, saves ATTACH from reading it, and what it has from the table above, its
-- triggers, comes from there again.
WITH t AS (
    SELECT c.*, n.nspname,
           format('%I.%I', n.nspname, c.relname) AS here,
           format('%I.%I', n.nspname, 'incload_' || $3::text) AS stage,
           'incload_' || $3::text AS ours,
           current_setting('server_version_num')::int AS version
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
), indexes AS (
    SELECT t.*, i.indexrelid, x.relname AS name, x.reloptions AS options, x.reltablespace AS space,
           k.oid AS kid, k.contype, k.condeferrable, k.condeferred, i.indisclustered, i.indisreplident,
           t.ours || '_i' || row_number() OVER (ORDER BY i.indexrelid) AS new_name,
           t.ours || '_o' || row_number() OVER (ORDER BY i.indexrelid) AS old_name,
           pg_get_indexdef(i.indexrelid) AS def,
           length(format('CREATE %sINDEX %I ON %s', CASE WHEN i.indisunique THEN 'UNIQUE ' END, x.relname,
                         t.here)) AS head,
           i.indisunique
    FROM t
    JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
    JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = t.oid
                                           AND k.contype IN ('p', 'u', 'x')
    WHERE i.indisvalid
), columns AS (
    SELECT t.*, a.attnum, a.attname, a.attacl, a.attoptions, a.attidentity,
           nullif((to_jsonb(a) ->> 'attstattarget')::int, -1) AS target
    FROM t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
), sequences AS (
    SELECT c.*, s.oid AS seq, s.relname AS seq_name, format('%I.%I', m.nspname, s.relname) AS seq_here,
           format('%I', m.nspname) AS seq_home, d.deptype, q.*,
           c.ours || '_s' || c.attnum AS new_name, c.ours || '_q' || c.attnum AS old_name
    FROM columns AS c
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
         AND d.refobjsubid = c.attnum AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_catalog.pg_namespace AS m ON m.oid = s.relnamespace
    JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid
), statistics AS (
    SELECT t.*, s.oid AS sid, s.stxname, m.nspname AS stx_home, s.stxowner,
           nullif((to_jsonb(s) ->> 'stxstattarget')::int, -1) AS target, pg_get_statisticsobjdef(s.oid) AS def,
           format('%I.%I', m.nspname, s.stxname) AS stx_here,
           t.ours || '_x' || row_number() OVER (ORDER BY s.oid) AS new_name,
           t.ours || '_y' || row_number() OVER (ORDER BY s.oid) AS old_name
    FROM t
    JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid
    JOIN pg_catalog.pg_namespace AS m ON m.oid = s.stxnamespace
), triggers AS (
    SELECT t.*, g.oid AS gid, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid) AS def
    FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    WHERE coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
), parents AS (
    SELECT t.*, format('%I.%I', n.nspname, p.relname) AS parent, pg_get_expr(t.relpartbound, t.oid) AS bound,
           pg_get_partition_constraintdef(t.oid) AS inside, t.ours || '_bound' AS bound_name,
           (SELECT format('%I.%I', m.nspname, d.relname)
            FROM pg_catalog.pg_partitioned_table AS f
            JOIN pg_catalog.pg_class AS d ON d.oid::text = to_jsonb(f) ->> 'partdefid' AND d.oid <> t.oid
            JOIN pg_catalog.pg_namespace AS m ON m.oid = d.relnamespace
            WHERE f.partrelid = p.oid) AS beside
    FROM t
    JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid
    JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
    WHERE t.relispartition
), policies AS (
    SELECT t.*, p.oid AS pid, p.polname, p.polcmd, p.polpermissive,
           (SELECT string_agg(CASE r.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.role)) END, ', '
                              ORDER BY r.n)
            FROM unnest(p.polroles) WITH ORDINALITY AS r (role, n)) AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
    FROM t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
), views AS (
    SELECT DISTINCT t.version, v.oid AS vid, format('%I.%I', n.nspname, v.relname) AS view, v.relowner AS view_owner,
           v.reloptions AS options
    FROM t
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.oid
         AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN' AND r.ev_class <> t.oid
    JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
), plan (phase, step, n, sql) AS (
    SELECT 'make', 1, 0, format('SET LOCAL default_tablespace = %L',
                                coalesce((SELECT s.spcname FROM pg_catalog.pg_tablespace AS s
                                          WHERE s.oid = t.reltablespace), ''))
    FROM t
    UNION ALL
    SELECT 'make', 2, 0, format(
        'CREATE %sTABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING STORAGE%s%s)%s%s',
        CASE WHEN relpersistence = 'u' THEN 'UNLOGGED ' END, stage, here,
        CASE WHEN version >= 120000 THEN ' INCLUDING GENERATED' END,
        CASE WHEN version >= 140000 THEN ' INCLUDING COMPRESSION' END,
        (SELECT format(' USING %I', m.amname) FROM pg_catalog.pg_am AS m WHERE m.oid = t.relam AND version >= 120000),
        (SELECT ' WITH (' || string_agg(o.option, ', ' ORDER BY o.of_toast, o.n) || ')'
         FROM (SELECT format('%s%I=%L', CASE WHEN w.of_toast THEN 'toast.' END, split_part(w.word, '=', 1),
                             substr(w.word, strpos(w.word, '=') + 1)) AS option, w.of_toast, w.n
               FROM (SELECT false, u.word, u.n FROM unnest(t.reloptions) WITH ORDINALITY AS u (word, n)
                     UNION ALL
                     SELECT true, u.word, u.n
                     FROM pg_catalog.pg_class AS toast
                     CROSS JOIN LATERAL unnest(toast.reloptions) WITH ORDINALITY AS u (word, n)
                     WHERE toast.oid = t.reltoastrelid) AS w (of_toast, word, n)) AS o))
    FROM t
    UNION ALL
    SELECT 'make', 3, 0, format('COMMENT ON TABLE %s IS %L', stage, $4::text) FROM t
    UNION ALL
    SELECT 'make', 4, k.oid::bigint, format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.stage, k.conname,
                                            pg_get_constraintdef(k.oid))
    FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'c'
    UNION ALL
    SELECT 'make', 4, 0, format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s)', stage, bound_name, inside)
    FROM parents WHERE inside IS NOT NULL
    UNION ALL
    SELECT 'make', 5, attnum, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', stage, attname, target)
    FROM columns WHERE target IS NOT NULL
    UNION ALL
    SELECT 'make', 6, attnum, format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', stage, attname,
                                     (SELECT string_agg(o.word, ', ') FROM unnest(attoptions) AS o (word)
                                      WHERE o.word LIKE 'n\_distinct%'))
    FROM columns WHERE attoptions::text LIKE '%n\_distinct%'
    UNION ALL
    SELECT 'make', 7, attnum,
           format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME %s.%I '
                  'START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s)', stage, attname, seq_home,
                  new_name, seqstart, seqincrement, seqmin, seqmax, seqcache, CASE WHEN seqcycle THEN ' CYCLE' END)
    FROM sequences WHERE deptype = 'i'
    UNION ALL
    SELECT 'make', 8, attnum,
           format('SELECT setval(%L, s.last_value, s.is_called) FROM %s AS s', seq_home || '.' || quote_ident(new_name),
                  seq_here)
    FROM sequences WHERE deptype = 'i'
    UNION ALL
    SELECT 'build', 1, indexrelid::bigint * 2,
           format('SET LOCAL default_tablespace = %L',
                  coalesce((SELECT s.spcname FROM pg_catalog.pg_tablespace AS s WHERE s.oid = space), ''))
    FROM indexes
    UNION ALL
    SELECT 'build', 1, indexrelid::bigint * 2 + 1,
           CASE WHEN contype = 'x'
                THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', stage, new_name, pg_get_constraintdef(kid))
                ELSE format('CREATE %sINDEX %I ON %s%s', CASE WHEN indisunique THEN 'UNIQUE ' END, new_name, stage,
                            substr(def, head + 1)) END
    FROM indexes
    UNION ALL
    SELECT 'build', 2, indexrelid::bigint,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I%s%s', stage, new_name,
                  CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, new_name,
                  CASE WHEN condeferrable THEN ' DEFERRABLE' END,
                  CASE WHEN condeferred THEN ' INITIALLY DEFERRED' END)
    FROM indexes WHERE contype IN ('p', 'u')
    UNION ALL
    SELECT 'build', 3, indexrelid::bigint,
           format('ALTER INDEX %I.%I SET (%s)', nspname, new_name, array_to_string(options, ', '))
    FROM indexes WHERE contype = 'x' AND options IS NOT NULL
    UNION ALL
    SELECT 'build', 3, i.indexrelid::bigint,
           format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', i.nspname, i.new_name, a.attnum,
                  to_jsonb(a) ->> 'attstattarget')
    FROM indexes AS i JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indexrelid
    WHERE (to_jsonb(a) ->> 'attstattarget')::int > 0
    UNION ALL
    SELECT 'build', 4, indexrelid::bigint, format('ALTER TABLE %s CLUSTER ON %I', stage, new_name)
    FROM indexes WHERE indisclustered
    UNION ALL
    SELECT 'build', 5, indexrelid::bigint, format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', stage, new_name)
    FROM indexes WHERE indisreplident
    UNION ALL
    SELECT 'build', 5, 0, format('ALTER TABLE %s REPLICA IDENTITY %s', stage,
                                 CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
    FROM t WHERE relreplident IN ('f', 'n')
    UNION ALL
    SELECT 'build', 6, sid::bigint,
           format('CREATE STATISTICS %I.%I%s FROM %s', stx_home, new_name,
                  substr(def, length('CREATE STATISTICS ' || stx_here) + 1,
                         length(def) - length('CREATE STATISTICS ' || stx_here) - length(' FROM ' || here)), stage)
    FROM statistics
    UNION ALL
    SELECT 'build', 7, sid::bigint, format('ALTER STATISTICS %I.%I SET STATISTICS %s', stx_home, new_name, target)
    FROM statistics WHERE target IS NOT NULL
    UNION ALL
    SELECT 'build', 8, attnum, format('ALTER TABLE %s ALTER COLUMN %I SET GENERATED ALWAYS', stage, attname)
    FROM sequences WHERE deptype = 'i' AND attidentity = 'a'
    UNION ALL
    SELECT 'build', 9, 0, format('ANALYZE %s', stage) FROM t
    UNION ALL
    SELECT 'build', 10, k.oid::bigint,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.stage, k.conname,
                  CASE WHEN k.confrelid = t.oid
                       THEN replace(pg_get_constraintdef(k.oid), ' REFERENCES ' || t.here || '(',
                                    ' REFERENCES ' || t.stage || '(')
                       ELSE pg_get_constraintdef(k.oid) END)
    FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'
    WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS u
                      WHERE u.oid::text = to_jsonb(k) ->> 'conparentid' AND u.conrelid = t.oid)
    UNION ALL
    SELECT 'build', 11, gid::bigint * 2,
           overlay(def PLACING ' ON ' || stage || ' ' FROM strpos(def, ' ON ' || here || ' ')
                   FOR length(' ON ' || here || ' '))
    FROM triggers
    UNION ALL
    SELECT 'build', 11, gid::bigint * 2 + 1,
           format('ALTER TABLE %s %s TRIGGER %I', stage,
                  CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
                  tgname)
    FROM triggers WHERE tgenabled <> 'O'
    UNION ALL
    SELECT 'build', 12, pid::bigint,
           format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, stage,
                  CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                              WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  roles, ' USING (' || qual || ')', ' WITH CHECK (' || with_check || ')')
    FROM policies
    UNION ALL
    SELECT 'build', 13, 0, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', stage) FROM t WHERE relrowsecurity
    UNION ALL
    SELECT 'build', 14, 0, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', stage) FROM t WHERE relforcerowsecurity
    UNION ALL
    SELECT 'build', 15, c.attnum, format('COMMENT ON COLUMN %s.%I IS %L', c.stage, c.attname, d.description)
    FROM columns AS c JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = c.attnum
    UNION ALL
    SELECT 'build', 15, i.indexrelid::bigint,
           format('COMMENT ON INDEX %I.%I IS %L', i.nspname, i.new_name, d.description)
    FROM indexes AS i JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = i.indexrelid
    UNION ALL
    SELECT 'build', 15, k.oid::bigint,
           format('COMMENT ON CONSTRAINT %I ON %s IS %L', coalesce(i.new_name, k.conname), t.stage, d.description)
    FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
    LEFT JOIN indexes AS i ON i.kid = k.oid
    JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = k.oid
    UNION ALL
    SELECT 'build', 15, g.gid::bigint, format('COMMENT ON TRIGGER %I ON %s IS %L', g.tgname, g.stage, d.description)
    FROM triggers AS g JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_trigger'::regclass AND d.objoid = g.gid
    UNION ALL
    SELECT 'build', 15, p.pid::bigint, format('COMMENT ON POLICY %I ON %s IS %L', p.polname, p.stage, d.description)
    FROM policies AS p JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_policy'::regclass AND d.objoid = p.pid
    UNION ALL
    SELECT 'build', 15, s.sid::bigint,
           format('COMMENT ON STATISTICS %I.%I IS %L', s.stx_home, s.new_name, d.description)
    FROM statistics AS s JOIN pg_catalog.pg_description AS d
      ON d.classoid = 'pg_catalog.pg_statistic_ext'::regclass AND d.objoid = s.sid
    UNION ALL
    SELECT 'build', 16, sid::bigint,
           format('ALTER STATISTICS %I.%I OWNER TO %s', stx_home, new_name, stxowner::regrole)
    FROM statistics WHERE pg_get_userbyid(stxowner) <> current_user
    UNION ALL
    SELECT 'build', 17, 0, format('ALTER TABLE %s OWNER TO %s', stage, relowner::regrole)
    FROM t WHERE pg_get_userbyid(relowner) <> current_user
    UNION ALL
    SELECT 'lock', 1, vid::bigint, format('ALTER VIEW %s OWNER TO %s', view, view_owner::regrole) FROM views
    UNION ALL
    SELECT 'lock', 2, 0, format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', parent) FROM parents
    UNION ALL
    SELECT 'lock', 3, 0, format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', beside)
    FROM parents WHERE beside IS NOT NULL
    UNION ALL
    SELECT 'lock', 4, 0, format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', here) FROM t
    UNION ALL
    SELECT 'publish', 0, 0, format('ALTER TABLE %s DETACH PARTITION %s', parent, here) FROM parents
    UNION ALL
    SELECT 'publish', 1, 0, format('ALTER TABLE %s RENAME TO %I', here, ours || '_old') FROM t
    UNION ALL
    SELECT 'publish', 2, 0, format('COMMENT ON TABLE %I.%I IS %L', nspname, ours || '_old', $4::text) FROM t
    UNION ALL
    SELECT 'publish', 3, indexrelid::bigint, format('ALTER INDEX %I.%I RENAME TO %I', nspname, name, old_name)
    FROM indexes
    UNION ALL
    SELECT 'publish', 3, sid::bigint, format('ALTER STATISTICS %s RENAME TO %I', stx_here, old_name) FROM statistics
    UNION ALL
    SELECT 'publish', 3, attnum,
           format('PERFORM setval(%L, s.last_value, s.is_called) FROM (SELECT last_value, is_called FROM %s UNION ALL '
                  'SELECT last_value, is_called FROM %s ORDER BY last_value %s, is_called DESC LIMIT 1) AS s',
                  seq_home || '.' || quote_ident(new_name), seq_here, seq_home || '.' || quote_ident(new_name),
                  CASE WHEN seqincrement > 0 THEN 'DESC' ELSE 'ASC' END)
    FROM sequences WHERE deptype = 'i'
    UNION ALL
    SELECT 'publish', 4, attnum, format('ALTER SEQUENCE %s RENAME TO %I', seq_here, old_name)
    FROM sequences WHERE deptype = 'i'
    UNION ALL
    SELECT 'publish', 5, 0, format('ALTER TABLE %s RENAME TO %I', stage, relname) FROM t
    UNION ALL
    SELECT 'publish', 6, indexrelid::bigint, format('ALTER INDEX %I.%I RENAME TO %I', nspname, new_name, name)
    FROM indexes
    UNION ALL
    SELECT 'publish', 6, sid::bigint, format('ALTER STATISTICS %I.%I RENAME TO %I', stx_home, new_name, stxname)
    FROM statistics
    UNION ALL
    SELECT 'publish', 6, attnum, format('ALTER SEQUENCE %s.%I RENAME TO %I', seq_home, new_name, seq_name)
    FROM sequences WHERE deptype = 'i'
    UNION ALL
    SELECT 'publish', 7, attnum, format('ALTER SEQUENCE %s OWNED BY %s.%I', seq_here, here, attname)
    FROM sequences WHERE deptype = 'a'
    UNION ALL
    SELECT 'publish', 8, 0, format('COMMENT ON TABLE %s IS %L', here, obj_description(oid, 'pg_class')) FROM t
    UNION ALL
    SELECT 'publish', 9, vid::bigint,
           format('CREATE OR REPLACE VIEW %s%s AS %s', view,
                  (SELECT ' WITH (' || string_agg(format('%I=%L', split_part(o.word, '=', 1),
                                                         substr(o.word, strpos(o.word, '=') + 1)), ', ') || ')'
                   FROM unnest(options) AS o (word)),
                  rtrim(pg_get_viewdef(vid), ';'))
    FROM views
    UNION ALL
    SELECT 'publish', 10, 0, format('ALTER TABLE %s ATTACH PARTITION %s %s', parent, here, bound) FROM parents
    UNION ALL
    SELECT 'publish', 11, 0, format('ALTER TABLE %s DROP CONSTRAINT %I', here, bound_name)
    FROM parents WHERE inside IS NOT NULL
)
SELECT phase, sql
FROM plan
ORDER BY array_position(ARRAY['make', 'build', 'lock', 'publish'], phase), step, n
