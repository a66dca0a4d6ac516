-- SPDX-License-Identifier: Apache-2.0
-- A restored copy keeps the broker's GUID, so the server's name and the database's id stand beside it.
SELECT CONCAT(@@SERVERNAME, '/', d.database_id, '/', d.service_broker_guid)
FROM sys.databases AS d
WHERE d.database_id = DB_ID()
