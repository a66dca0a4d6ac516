-- SPDX-License-Identifier: Apache-2.0
-- What of a server's state and settings matters to loads, whatever the table. One row: are sessions' activities
-- tracked; age in seconds of the oldest transaction of another session (NULL: none is to be seen); the time zone of
-- sessions that set none.
SELECT CASE WHEN current_setting('track_activities') = 'on' THEN '1' ELSE '0' END,
       (SELECT floor(extract(epoch FROM max(clock_timestamp() - a.xact_start)))::bigint::text
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.pid <> pg_backend_pid() AND a.datname = current_database() AND a.xact_start IS NOT NULL),
       (SELECT s.reset_val FROM pg_catalog.pg_settings AS s WHERE s.name = 'TimeZone')
