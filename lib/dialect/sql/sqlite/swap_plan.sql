-- SPDX-License-Identifier: Apache-2.0
-- The statements of a swap: phase ('make', 'publish') and statement, in order. The first is the table's own text, under
-- its own name still. Indexes and triggers are made again by theirs; views and the triggers of other tables name the
-- table and need nothing.
WITH p AS (
    SELECT m.name AS t, m.sql, 'incload_' || q.token AS stage
    FROM (SELECT ? AS s, ? AS t, ? AS token, ? AS mark) AS q
    JOIN sqlite_master AS m ON m.type = 'table' AND m.name = q.t COLLATE NOCASE
), plan (step, n, phase, sql) AS (
    SELECT 1, 0, 'make', sql FROM p
    UNION ALL
    SELECT 2, 0, 'publish', printf('INSERT INTO sqlite_sequence (name, seq) SELECT %Q, 0 WHERE NOT EXISTS '
                                   || '(SELECT 1 FROM sqlite_sequence WHERE name = %Q)', stage, stage)
    FROM p WHERE sql LIKE '%AUTOINCREMENT%' AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')
    UNION ALL
    SELECT 3, 0, 'publish', printf('UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT o.seq FROM '
                                   || 'sqlite_sequence AS o WHERE o.name = %Q), 0)) WHERE name = %Q', t, stage)
    FROM p WHERE sql LIKE '%AUTOINCREMENT%' AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')
    UNION ALL
    SELECT 4, 0, 'publish', printf('DROP TABLE main."%w"', t) FROM p
    UNION ALL
    SELECT 5, 0, 'publish', printf('ALTER TABLE main."%w" RENAME TO "%w"', stage, t) FROM p
    UNION ALL
    SELECT CASE m.type WHEN 'index' THEN 6 ELSE 7 END, m.rowid, 'publish', m.sql
    FROM p JOIN sqlite_master AS m ON m.tbl_name = p.t COLLATE NOCASE
    WHERE m.type IN ('index', 'trigger') AND m.sql IS NOT NULL
    UNION ALL
    SELECT 8, 0, 'publish', printf('ANALYZE main."%w"', t)
    FROM p WHERE EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1')
)
SELECT phase, sql FROM plan ORDER BY step, n
