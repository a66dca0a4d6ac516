-- SPDX-License-Identifier: Apache-2.0
-- Who may hold a lock on the table, in words: the server shows open transactions, and not which tables they have read.
SELECT CONCAT('connection ', x.trx_mysql_thread_id, ' (a transaction open since ', x.trx_started, ' UTC)')
FROM (SELECT ? AS s, ? AS t) AS p
JOIN information_schema.INNODB_TRX AS x ON x.trx_mysql_thread_id <> CONNECTION_ID()
ORDER BY x.trx_started
LIMIT 5
