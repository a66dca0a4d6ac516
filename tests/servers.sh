# SPDX-License-Identifier: Apache-2.0
# Private, throw-away database servers for tests, benchmarks and examples. Two ways to use it:
#
#     sh tests/servers.sh COMMAND [ARG...]     # start, run COMMAND with the variables below, stop
#     . tests/servers.sh                       # or the functions: servers_prepare, servers_start, servers_stop
#
# Everything lives in one temporary directory and is gone afterwards. The servers listen on a unix socket there and on a
# free port of 127.0.0.1; no one but this user (and nobody, when root) gets in without a password.
#
#     INCLOAD_TEST_DIR                     a directory for the tests' own files
#     INCLOAD_TEST_SQLITE                  odbc: URL of a database file that does not exist yet
#     INCLOAD_TEST_POSTGRES                libpq URL, superuser, unix socket; logical replication is on
#     INCLOAD_TEST_PG_ODBC                 the same database over unixODBC
#     INCLOAD_TEST_MARIADB                 odbc: URL, all privileges, unix socket
#     INCLOAD_TEST_POSTGRES_PASSWORD_URL   an ordinary role with a scram password, over TCP
#     INCLOAD_TEST_PG_ODBC_PASSWORD_URL    the same over unixODBC
#     INCLOAD_TEST_MARIADB_PASSWORD_URL    an ordinary user with a password, over TCP
#     INCLOAD_TEST_POSTGRES_PID, INCLOAD_TEST_MARIADB_PID
#
# Input: INCLOAD_TEST_SERVERS (default "postgres mariadb") says which; INCLOAD_TEST_DURABLE=1 keeps every fsync, as
# benchmarks need; otherwise nothing is flushed, which is several times faster and loses data only if the machine dies.

servers_dir=
servers_prepared=
servers_postgres_pid=
servers_mariadb_pid=
# Debian keeps the server programs out of PATH.
PATH=$PATH:/usr/sbin:/sbin

servers_say()
{
    printf '%s\n' "servers: $*" >&2
}

servers_wanted()
{
    case " ${INCLOAD_TEST_SERVERS-postgres mariadb} " in
    *" $1 "*) return 0 ;;
    esac
    return 1
}

# The directory with the newest PostgreSQL that is installed.
servers_postgres_bin()
{
    versions=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t / -k 5 -n -r)
    for bin in $versions $(pg_config --bindir 2>/dev/null); do
        if [ -x "$bin/initdb" ]; then
            printf '%s\n' "$bin"
            return 0
        fi
    done
    return 1
}

# Words to put before a server's command: it gives up root, which PostgreSQL demands, and dies with this shell, so that
# not even kill -9 of a test run leaves a server behind.
servers_as()
{
    if [ "$(id -u)" = 0 ]; then
        echo setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    elif command -v setpriv >/dev/null; then
        echo setpriv "$@"
    else
        echo env
    fi
}

servers_two_free_ports()
{
    python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))'
}

servers_prepare_postgres()
{
    bin=$(servers_postgres_bin) || { servers_say 'PostgreSQL is not installed'; return 1; }
    # C.UTF-8 sorts by code point: what a test expects does not depend on the machine.
    (cd "$servers_dir" && $(servers_as) "$bin/initdb" --pgdata="$servers_dir/postgres" --username=incload --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions) >"$servers_dir/log/postgres" 2>&1 || return 1
    cat >"$servers_dir/postgres/pg_hba.conf" <<HBA
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
HBA
    {
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = '$servers_dir/socket'"
        echo "password_encryption = 'scram-sha-256'"
        echo "max_connections = 200"
        echo "shared_buffers = 256MB"
        echo "max_wal_size = 4GB"
        echo "wal_level = logical"
        echo "max_wal_senders = 20"
        echo "max_replication_slots = 20"
        echo "max_prepared_transactions = 20"
        echo "timezone = 'UTC'"
        if [ "${INCLOAD_TEST_DURABLE-}" != 1 ]; then
            echo "fsync = off"
            echo "synchronous_commit = off"
            echo "full_page_writes = off"
        fi
    } >>"$servers_dir/postgres/postgresql.conf"
}

servers_prepare_mariadb()
{
    command -v mariadb-install-db >/dev/null || { servers_say 'MariaDB is not installed'; return 1; }
    (cd "$servers_dir" && $(servers_as) mariadb-install-db --no-defaults --datadir="$servers_dir/mariadb" \
        --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
        --innodb-flush-method=nosync) >"$servers_dir/log/mariadb" 2>&1
}

# Makes the directory and starts to fill it, in the background: the caller may build meanwhile.
servers_prepare()
{
    # A socket's path must stay under 108 bytes, so a long TMPDIR is no place for it.
    parent=${TMPDIR:-/tmp}
    [ ${#parent} -le 60 ] || parent=/tmp
    servers_dir=$(mktemp -d "$parent/incload-test.XXXXXX") || return 1
    mkdir "$servers_dir/log" "$servers_dir/socket" "$servers_dir/work" "$servers_dir/tmp"
    if [ "$(id -u)" = 0 ]; then
        chown nobody:nogroup "$servers_dir" "$servers_dir/log" "$servers_dir/socket" "$servers_dir/tmp"
    fi
    (
        status=0
        if servers_wanted postgres; then servers_prepare_postgres || status=1; fi
        if servers_wanted mariadb; then servers_prepare_mariadb || status=1; fi
        exit "$status"
    ) &
    servers_prepared=$!
}

# servers_poll NAME PID COMMAND...: until COMMAND succeeds; at once an error when the server has died.
servers_poll()
{
    name=$1
    pid=$2
    shift 2
    tries=600
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$pid" 2>/dev/null; then
            servers_say "$name did not start; its log ends:"
            tail -n 20 "$servers_dir/log/$name" >&2
            return 1
        fi
        sleep 0.1
    done
}

servers_start_postgres()
{
    port=$1
    bin=$(servers_postgres_bin) || return 1
    as=$(servers_as --pdeathsig=INT)
    $as "$bin/postgres" -D "$servers_dir/postgres" -p "$port" >>"$servers_dir/log/postgres" 2>&1 </dev/null &
    servers_postgres_pid=$!
    socket=$servers_dir/socket
    servers_poll postgres "$servers_postgres_pid" "$bin/pg_isready" -q -h "$socket" -p "$port" -d postgres || return 1
    "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U incload -d postgres >&2 <<'SQL' || return 1
CREATE DATABASE incload;
CREATE ROLE incload_password LOGIN REPLICATION PASSWORD 'correct horse';
ALTER ROLE incload PASSWORD 'battery staple';
\c incload
GRANT CREATE ON DATABASE incload TO incload_password;
GRANT ALL ON SCHEMA public TO incload_password;
SQL
    INCLOAD_TEST_POSTGRES="postgresql://incload@/incload?host=$socket&port=$port"
    INCLOAD_TEST_POSTGRES_PASSWORD_URL="postgresql://incload_password:correct%20horse@127.0.0.1:$port/incload"
    odbc="odbc:Driver=PostgreSQL Unicode;Port=$port;Database=incload"
    INCLOAD_TEST_PG_ODBC="$odbc;Servername=$socket;UID=incload"
    INCLOAD_TEST_PG_ODBC_PASSWORD_URL="$odbc;Servername=127.0.0.1;UID=incload_password;PWD={correct horse}"
    INCLOAD_TEST_POSTGRES_PID=$servers_postgres_pid
    export INCLOAD_TEST_POSTGRES INCLOAD_TEST_POSTGRES_PASSWORD_URL INCLOAD_TEST_PG_ODBC
    export INCLOAD_TEST_PG_ODBC_PASSWORD_URL INCLOAD_TEST_POSTGRES_PID
}

servers_start_mariadb()
{
    port=$1
    socket=$servers_dir/socket/mariadb
    if [ "${INCLOAD_TEST_DURABLE-}" = 1 ]; then
        speed='--innodb-flush-log-at-trx-commit=1'
    else
        # The last for the log of DDL, which RENAME TABLE alone flushes eight times.
        speed='--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=0 --debug-no-sync'
    fi
    as=$(servers_as --pdeathsig=TERM)
    # $speed is a list of words.
    $as mariadbd --no-defaults --datadir="$servers_dir/mariadb" --tmpdir="$servers_dir/tmp" --socket="$socket" \
        --pid-file="$servers_dir/tmp/mariadb.pid" --bind-address=127.0.0.1 --port="$port" --skip-name-resolve \
        --character-set-server=utf8mb4 --collation-server=utf8mb4_bin --max-connections=200 \
        --innodb-buffer-pool-size=256M $speed >>"$servers_dir/log/mariadb" 2>&1 </dev/null &
    servers_mariadb_pid=$!
    servers_poll mariadb "$servers_mariadb_pid" mariadb-admin --no-defaults --socket="$socket" --user=root ping ||
        return 1
    mariadb --no-defaults --socket="$socket" --user=root >&2 <<'SQL' || return 1
CREATE DATABASE incload;
CREATE USER incload@localhost IDENTIFIED BY 'battery staple';
GRANT ALL ON *.* TO incload@localhost WITH GRANT OPTION;
CREATE USER incload_password@127.0.0.1 IDENTIFIED BY 'correct horse';
GRANT ALL ON incload.* TO incload_password@127.0.0.1;
SQL
    odbc='odbc:Driver=MariaDB Unicode;Database=incload'
    INCLOAD_TEST_MARIADB="$odbc;Socket=$socket;UID=incload;PWD={battery staple}"
    INCLOAD_TEST_MARIADB_PASSWORD_URL="$odbc;Server=127.0.0.1;Port=$port;UID=incload_password;PWD={correct horse}"
    INCLOAD_TEST_MARIADB_PID=$servers_mariadb_pid
    export INCLOAD_TEST_MARIADB INCLOAD_TEST_MARIADB_PASSWORD_URL INCLOAD_TEST_MARIADB_PID
}

# Returns when every server answers and the variables are exported.
servers_start()
{
    [ -n "$servers_dir" ] || servers_prepare || return 1
    if ! wait "$servers_prepared"; then
        servers_say 'could not prepare; the logs end:'
        tail -n 20 "$servers_dir"/log/* >&2
        return 1
    fi
    INCLOAD_TEST_DIR=$servers_dir/work
    INCLOAD_TEST_SQLITE="odbc:Driver=SQLite3;Database=$INCLOAD_TEST_DIR/test.db"
    export INCLOAD_TEST_DIR INCLOAD_TEST_SQLITE
    ports=$(servers_two_free_ports) || return 1
    if servers_wanted postgres; then servers_start_postgres "${ports% *}" || return 1; fi
    if servers_wanted mariadb; then servers_start_mariadb "${ports#* }" || return 1; fi
}

# servers_end PID SIGNAL: asks, waits ten seconds, insists. Each command stands under the caller's set -e.
servers_end()
{
    [ -n "$1" ] || return 0
    kill -s "$2" "$1" 2>/dev/null || return 0
    tries=100
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ]; then
            kill -s KILL "$1" 2>/dev/null || :
            break
        fi
        sleep 0.1
    done
    wait "$1" 2>/dev/null || :
}

# Safe at any time, also twice; for the caller's EXIT trap.
servers_stop()
{
    [ -n "$servers_dir" ] || return 0
    [ -z "$servers_prepared" ] || wait "$servers_prepared" 2>/dev/null || :
    # QUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint, and no session can hold it up.
    servers_end "$servers_postgres_pid" QUIT
    servers_end "$servers_mariadb_pid" TERM
    rm -rf "$servers_dir"
    servers_dir=
    servers_prepared=
    servers_postgres_pid=
    servers_mariadb_pid=
}

case $0 in
*/servers.sh | servers.sh)
    [ $# -gt 0 ] || { echo 'usage: sh tests/servers.sh COMMAND [ARG...]' >&2; exit 2; }
    trap servers_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    servers_start || exit 1
    "$@"
    ;;
esac
