-- SPDX-License-Identifier: Apache-2.0
-- Who may have a snapshot from before now that outlives its statement, in words that stay the same for as long as the
-- transaction is open; whether it is of those whose snapshots cannot be seen from here; this session's own statement,
-- which proves the answer fresh (see transactions.sql for TOKEN). READ COMMITTED makes a snapshot for each statement;
-- so does a SELECT outside of a transaction, which has opened all its tables. What is prepared and has lost its client
-- (thread 0) has none. The level shown is the transaction's own, whatever the session has set since.
SELECT 'TOKEN',
       IF(t.trx_mysql_thread_id = CONNECTION_ID(), NULL,
          CONCAT('connection ', t.trx_mysql_thread_id, ' (a transaction open since ', t.trx_started, ')')),
       '0',
       IF(t.trx_mysql_thread_id = CONNECTION_ID(), t.trx_query, NULL)
FROM information_schema.INNODB_TRX AS t
WHERE t.trx_mysql_thread_id = CONNECTION_ID()
   OR (t.trx_mysql_thread_id <> 0 AND t.trx_autocommit_non_locking = 0
       AND t.trx_isolation_level NOT IN ('READ COMMITTED', 'READ UNCOMMITTED'))
UNION ALL
SELECT NULL, CONCAT('readers of a replica (connection ', p.ID, ')'), '1', NULL
FROM information_schema.PROCESSLIST AS p
WHERE p.COMMAND LIKE 'Binlog Dump%'
UNION ALL
SELECT NULL, 'readers of other nodes of the cluster', '1', NULL
FROM information_schema.GLOBAL_VARIABLES AS v
WHERE v.VARIABLE_NAME = 'WSREP_ON' AND v.VARIABLE_VALUE = 'ON'
