-- SPDX-License-Identifier: Apache-2.0
-- A standby and a copied data directory share the system identifier; their postmasters started at different instants.
SELECT concat_ws('/', s.system_identifier, pg_postmaster_start_time(), pg_is_in_recovery(), d.oid)
FROM pg_control_system() AS s, pg_catalog.pg_database AS d
WHERE d.datname = current_database()
