-- SPDX-License-Identifier: Apache-2.0
-- A server counts its connections from the start again: one that has run for less time than the session did is another.
SELECT p.ID
FROM information_schema.PROCESSLIST AS p, information_schema.GLOBAL_STATUS AS s
WHERE CONCAT_WS('/', p.ID, @@hostname, @@port, @@datadir) = ?
  AND p.ID <> CONNECTION_ID() AND p.USER = SUBSTRING_INDEX(USER(), '@', 1)
  AND s.VARIABLE_NAME = 'UPTIME' AND s.VARIABLE_VALUE >= ?
