-- SPDX-License-Identifier: Apache-2.0
-- What triggers on this table would not see, in words.
SELECT CASE WHEN l.schema <> 'main' THEN 'it is in schema ' || l.schema || ': connect to that file alone'
            ELSE 'it is a ' || l.type || ' table' END
FROM (SELECT ? AS s, ? AS t) AS p
JOIN pragma_table_list AS l ON l.name = p.t COLLATE NOCASE
WHERE l.schema = coalesce(p.s, 'main') COLLATE NOCASE AND (l.type <> 'table' OR l.schema <> 'main')
