-- SPDX-License-Identifier: Apache-2.0
SELECT l.schema || '.' || l.name
FROM (SELECT ? AS s, ? AS t) AS p
JOIN pragma_table_list AS l ON l.schema = coalesce(p.s, l.schema) COLLATE NOCASE AND l.type = 'table'
JOIN pragma_foreign_key_list(l.name, l.schema) AS f ON f."table" = p.t COLLATE NOCASE
WHERE f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
ORDER BY 1
LIMIT 1
