-- SPDX-License-Identifier: Apache-2.0
SELECT l.schema
FROM (SELECT ? AS s, ? AS t) AS p
JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
WHERE l.schema = coalesce(p.s, l.schema) COLLATE NOCASE
ORDER BY CASE l.schema WHEN 'temp' THEN 0 WHEN 'main' THEN 1 ELSE 2 END
LIMIT 1
