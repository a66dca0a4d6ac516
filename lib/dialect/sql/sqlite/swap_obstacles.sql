-- SPDX-License-Identifier: Apache-2.0
-- What no swap can be made of, in words.
SELECT CASE WHEN lower(coalesce(p.s, 'main')) <> 'main' THEN 'it is not in the main database'
            WHEN m.type = 'view' THEN 'it is a view'
            ELSE 'it is a virtual table' END
FROM (SELECT ? AS s, ? AS t) AS p
LEFT JOIN sqlite_master AS m ON m.name = p.t COLLATE NOCASE AND m.type IN ('table', 'view')
WHERE lower(coalesce(p.s, 'main')) <> 'main' OR m.type = 'view' OR m.sql LIKE 'CREATE VIRTUAL%'
