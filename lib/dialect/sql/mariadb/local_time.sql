-- SPDX-License-Identifier: Apache-2.0
-- A moment (UTC) as sessions of a time zone write it, and whether that zone has summer time this year. NULL: the server
-- does not know the zone. Parameters: moment, zone, zone, zone.
SELECT CAST(CONVERT_TZ(CAST(? AS DATETIME(6)), '+00:00', ?) AS CHAR),
       IF(TIMESTAMPDIFF(MINUTE, MAKEDATE(YEAR(UTC_DATE()), 1), CONVERT_TZ(MAKEDATE(YEAR(UTC_DATE()), 1), '+00:00', ?))
          = TIMESTAMPDIFF(MINUTE, MAKEDATE(YEAR(UTC_DATE()), 182),
                          CONVERT_TZ(MAKEDATE(YEAR(UTC_DATE()), 182), '+00:00', ?)), '0', '1')
