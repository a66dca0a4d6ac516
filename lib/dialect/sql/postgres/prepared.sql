-- SPDX-License-Identifier: Apache-2.0
-- Prepared transactions survive their sessions; to be asked after in_flight, so that one that is just being prepared is
-- in one of the two.
SELECT 'prepared ' || x.transaction::text, 'prepared transaction ' || x.gid || ', user ' || x.owner
FROM pg_catalog.pg_prepared_xacts AS x
WHERE x.database = current_database()
