-- SPDX-License-Identifier: Apache-2.0
-- One row if there is a table of this name ($1 schema, $2 table): its comment, by which the library's own are told.
SELECT coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_catalog.pg_class AS c
WHERE c.oid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))
