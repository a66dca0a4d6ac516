-- SPDX-License-Identifier: Apache-2.0
-- The statements of a swap: phase (make, rebuild, publish) and statement (NULL: none), in order. LIKE takes columns,
-- indexes, checks, partitions, options and the comment over; not where AUTO_INCREMENT stands. Every further statement
-- on a table would be a commit of its own: the ledger and the name mark the staging table as ours.
SELECT CASE n.n WHEN 2 THEN 'rebuild' WHEN 3 THEN 'publish' ELSE 'make' END,
       CASE n.n
           WHEN 0 THEN CONCAT('CREATE TABLE ', p.home, p.stage, ' LIKE ', p.home, p.name)
           WHEN 1 THEN CONCAT('ALTER TABLE ', p.home, p.stage, ' AUTO_INCREMENT = ', p.next)
           WHEN 2 THEN CONCAT('ALTER TABLE ', p.home, p.stage,
                              ' FORCE /* where a snapshot may be older than its rows */')
           ELSE CONCAT('RENAME TABLE ', p.home, p.name, ' TO ', p.home, p.old, ', ', p.home, p.stage, ' TO ', p.home,
                       p.name) END
FROM (
    SELECT CONCAT('`', REPLACE(t.TABLE_SCHEMA, '`', '``'), '`.') AS home,
           CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`') AS name,
           CONCAT('`incload_', q.token, '`') AS stage, CONCAT('`incload_', q.token, '_old`') AS old,
           t.AUTO_INCREMENT AS next
    FROM (SELECT ? AS s, ? AS t, ? AS token, ? AS mark) AS q
    JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = COALESCE(q.s, DATABASE()) AND t.TABLE_NAME = q.t
) AS p
CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS n
ORDER BY n.n
