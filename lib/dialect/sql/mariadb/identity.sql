-- SPDX-License-Identifier: Apache-2.0
-- server_uid is made of the machine's network address and the port; two servers on one socket path need the rest.
SELECT CONCAT_WS('/', @@server_uid, @@hostname, @@port, @@socket, @@datadir, COALESCE(DATABASE(), ''))
