-- SPDX-License-Identifier: Apache-2.0
-- How many numbers a session takes at once from the sequence of a column ($1 schema, $2 table, $3 column).
SELECT e.seqcache::text
FROM pg_catalog.pg_sequence AS e
WHERE e.seqrelid = pg_get_serial_sequence(
          to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2::text))::text, $3::text)::regclass
