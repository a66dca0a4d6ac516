-- SPDX-License-Identifier: Apache-2.0
-- The tables of a publication ($1), each with what can be told of its changes: schema, table, replica identity (d
-- primary key, i index, f whole rows, n nothing), has it a key by that, are updates or deletes published, and are some
-- of its rows or columns left out. What came with PostgreSQL 15 is asked by name, so that older ones have NULL.
SELECT t.schemaname,
       t.tablename,
       c.relreplident::text,
       CASE c.relreplident WHEN 'f' THEN '1' WHEN 'n' THEN '0'
           ELSE (EXISTS (SELECT FROM pg_catalog.pg_index AS i
                         WHERE i.indrelid = c.oid
                           AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END))::int::text
       END,
       (p.pubupdate OR p.pubdelete)::int::text,
       (to_jsonb(t) ->> 'rowfilter' IS NOT NULL
        OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS r
                   WHERE r.prpubid = p.oid AND r.prrelid = c.oid AND to_jsonb(r) ->> 'prattrs' IS NOT NULL))::int::text
FROM pg_catalog.pg_publication_tables AS t
JOIN pg_catalog.pg_publication AS p ON p.pubname = t.pubname
JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
WHERE t.pubname = $1
ORDER BY t.schemaname, t.tablename
