-- SPDX-License-Identifier: Apache-2.0
-- server_uid is made of the machine's network address and the port; two servers on one socket path need the rest. It
-- came with 10.11.9: asked for by name, it is nothing on an older server, where the others must do.
SELECT CONCAT_WS('/', (SELECT MAX(v.VARIABLE_VALUE) FROM information_schema.GLOBAL_VARIABLES AS v
                       WHERE v.VARIABLE_NAME = 'SERVER_UID'),
                 @@hostname, @@port, @@socket, @@datadir, COALESCE(DATABASE(), ''))
