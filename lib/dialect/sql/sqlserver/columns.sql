-- SPDX-License-Identifier: Apache-2.0
-- max_length counts bytes, two for a character of nchar and nvarchar; -1 is "max".
SELECT c.name,
       b.name + CASE
           WHEN b.name IN (N'nvarchar', N'varchar', N'varbinary') AND c.max_length = -1 THEN N'(max)'
           WHEN b.name IN (N'nvarchar', N'nchar') THEN N'(' + CONVERT(nvarchar(10), c.max_length / 2) + N')'
           WHEN b.name IN (N'varchar', N'char', N'varbinary', N'binary')
               THEN N'(' + CONVERT(nvarchar(10), c.max_length) + N')'
           WHEN b.name IN (N'decimal', N'numeric')
               THEN N'(' + CONVERT(nvarchar(10), c.precision) + N',' + CONVERT(nvarchar(10), c.scale) + N')'
           WHEN b.name IN (N'time', N'datetime2', N'datetimeoffset')
               THEN N'(' + CONVERT(nvarchar(10), c.scale) + N')'
           ELSE N'' END
       + CASE WHEN c.collation_name IS NULL THEN N'' ELSE N' COLLATE ' + c.collation_name END,
       CASE WHEN c.is_nullable = 1 THEN '1' ELSE '0' END,
       CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 OR b.name = N'timestamp' THEN '1' ELSE '0' END,
       '0'
FROM (SELECT CAST(? AS sysname) AS s, CAST(? AS sysname) AS t) AS p
JOIN sys.columns AS c
    ON c.object_id = OBJECT_ID(QUOTENAME(COALESCE(p.s, SCHEMA_NAME())) + N'.' + QUOTENAME(p.t))
JOIN sys.types AS u ON u.user_type_id = c.user_type_id
JOIN sys.types AS b ON b.user_type_id = CASE WHEN u.is_assembly_type = 1 THEN u.user_type_id ELSE u.system_type_id END
ORDER BY c.column_id
