-- SPDX-License-Identifier: Apache-2.0
-- Open transactions: id (0: it has written nothing yet), thread (0: prepared, and its client is gone), this
-- session's own statement, seconds that it is open, words for people. To be run in a transaction of its own, with
-- TOKEN replaced by something new: INNODB_TRX is a cache, and only a row that shows the token proves that it was
-- filled for this statement.
SELECT 'TOKEN',
       CAST(t.trx_id AS CHAR),
       CAST(t.trx_mysql_thread_id AS CHAR),
       IF(t.trx_mysql_thread_id = CONNECTION_ID(), t.trx_query, NULL),
       CAST(GREATEST(0, TIMESTAMPDIFF(SECOND, CONVERT_TZ(t.trx_started, 'SYSTEM', '+00:00'), UTC_TIMESTAMP())) AS CHAR),
       IF(t.trx_mysql_thread_id = 0, 'prepared transaction, its client is gone',
          CONCAT_WS(', ', CONCAT('thread ', t.trx_mysql_thread_id), CONCAT('user ', p.USER, '@', p.HOST), p.COMMAND))
FROM information_schema.INNODB_TRX AS t
LEFT JOIN information_schema.PROCESSLIST AS p ON p.ID = t.trx_mysql_thread_id
