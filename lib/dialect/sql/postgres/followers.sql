-- SPDX-License-Identifier: Apache-2.0
SELECT c.conrelid::regclass::text
FROM pg_catalog.pg_constraint AS c
WHERE c.contype = 'f'
  AND c.confdeltype IN ('c', 'n', 'd')
  AND c.confrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
ORDER BY 1
LIMIT 1
