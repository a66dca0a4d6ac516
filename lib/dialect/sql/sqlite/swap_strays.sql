-- SPDX-License-Identifier: Apache-2.0
-- Rows that point to nothing, of the table and of those that refer to it: where foreign keys are enforced that must not
-- be.
SELECT DISTINCT c."table" || ' (' || c.parent || ')'
FROM (SELECT ? AS s, ? AS t) AS p
JOIN sqlite_master AS m ON m.type = 'table'
JOIN pragma_foreign_key_check(m.name) AS c
WHERE c."table" = p.t COLLATE NOCASE OR c.parent = p.t COLLATE NOCASE
ORDER BY 1
