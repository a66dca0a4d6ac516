-- SPDX-License-Identifier: Apache-2.0
-- Prepared transactions survive their sessions; to be asked after in_flight, so that one that is just being prepared is
-- in one of the two.
SELECT 'prepared ' || x.transaction::text, 'prepared transaction ' || x.gid || ', user ' || pg_get_userbyid(x.ownerid)
FROM pg_prepared_xact() AS x
WHERE x.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
