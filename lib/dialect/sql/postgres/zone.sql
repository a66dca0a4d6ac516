-- SPDX-License-Identifier: Apache-2.0
-- The time zone of sessions that set none.
SELECT z.reset_val
FROM pg_catalog.pg_settings AS z
WHERE z.name = 'TimeZone'
