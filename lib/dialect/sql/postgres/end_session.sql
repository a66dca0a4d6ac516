-- SPDX-License-Identifier: Apache-2.0
-- A backend's start tells it from a later one with the same process id. One that is idle has nothing open to be ended.
SELECT CASE WHEN pg_terminate_backend(a.pid) THEN '1' ELSE '0' END
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid || '/' || EXTRACT(EPOCH FROM a.backend_start) = $1
  AND a.usename = current_user AND a.state <> 'idle' AND a.pid <> pg_backend_pid() AND $2::bigint >= 0
