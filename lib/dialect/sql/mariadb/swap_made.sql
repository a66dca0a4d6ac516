-- SPDX-License-Identifier: Apache-2.0
-- One row if there is a table of this name: its comment.
SELECT t.TABLE_COMMENT
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
