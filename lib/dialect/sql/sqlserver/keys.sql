-- SPDX-License-Identifier: Apache-2.0
SELECT i.name,
       CASE WHEN i.is_primary_key = 1 THEN '1' ELSE '0' END,
       CONVERT(varchar(10), x.key_ordinal),
       c.name
FROM (SELECT CAST(? AS sysname) AS s, CAST(? AS sysname) AS t) AS p
JOIN sys.indexes AS i
    ON i.object_id = OBJECT_ID(QUOTENAME(COALESCE(p.s, SCHEMA_NAME())) + N'.' + QUOTENAME(p.t))
JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.key_ordinal > 0
JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0
ORDER BY i.is_primary_key DESC, i.name, x.key_ordinal
