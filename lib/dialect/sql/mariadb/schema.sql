-- SPDX-License-Identifier: Apache-2.0
SELECT t.table_schema
FROM information_schema.tables AS t
WHERE t.table_schema = COALESCE(?, DATABASE())
  AND t.table_name = ?
