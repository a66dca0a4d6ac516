-- SPDX-License-Identifier: Apache-2.0
-- A foreign key refers to a table of its own schema, in any case of letters.
SELECT DISTINCT r.schema, r.name, '0'
FROM (SELECT ? AS s, ? AS t) AS p
JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE AND l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
JOIN pragma_foreign_key_list(l.name, l.schema) AS f
JOIN pragma_table_list AS r ON r.schema = l.schema AND r.name = f."table" COLLATE NOCASE
ORDER BY 1, 2
