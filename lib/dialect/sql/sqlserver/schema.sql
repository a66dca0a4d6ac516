-- SPDX-License-Identifier: Apache-2.0
SELECT SCHEMA_NAME(o.schema_id)
FROM (SELECT CAST(? AS sysname) AS s, CAST(? AS sysname) AS t) AS p
JOIN sys.objects AS o
    ON o.object_id = OBJECT_ID(QUOTENAME(COALESCE(p.s, SCHEMA_NAME())) + N'.' + QUOTENAME(p.t))
