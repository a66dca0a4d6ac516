-- SPDX-License-Identifier: Apache-2.0
-- The transaction ids that sessions hold, to be asked before in_flight: whoever is listed there has shown its id here.
SELECT concat_ws(':', l.pid, l.virtualtransaction), l.transactionid::text
FROM pg_lock_status() AS l
WHERE l.locktype = 'transactionid'
  AND l.mode = 'ExclusiveLock'
  AND l.granted
  AND l.pid IS NOT NULL
