-- SPDX-License-Identifier: Apache-2.0
-- The columns of a table (parameters: schema, table) of which no versions are kept: an update of them alone leaves the
-- row's version as it is.
SELECT c.COLUMN_NAME
FROM information_schema.COLUMNS AS c
WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ? AND c.EXTRA LIKE '%WITHOUT SYSTEM VERSIONING%'
ORDER BY c.ORDINAL_POSITION
