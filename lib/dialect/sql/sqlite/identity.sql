-- SPDX-License-Identifier: Apache-2.0
-- A database without a file belongs to one connection alone: it equals nothing.
SELECT CASE WHEN d.file IS NULL OR d.file = '' THEN 'memory/' || hex(randomblob(16)) ELSE 'file/' || d.file END
FROM pragma_database_list AS d
WHERE d.name = 'main'
