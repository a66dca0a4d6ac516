#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A standby of the tests' PostgreSQL: sh standby.sh start|stop. Its socket is $INCLOAD_TEST_DIR/standby/.s.PGSQL.<port>.
set -eu
here=$INCLOAD_TEST_DIR/standby
PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t / -k 5 -n -r | head -n 1)
host=${INCLOAD_TEST_POSTGRES#*host=}
host=${host%%&*}
port=${INCLOAD_TEST_POSTGRES#*port=}
port=${port%%&*}

# Words before a server's command: it gives up root, which PostgreSQL demands.
as=
[ "$(id -u)" != 0 ] || as='setpriv --reuid=nobody --regid=nogroup --clear-groups'

case $1 in
start)
    rm -rf "$here"
    mkdir -p "$here"
    chmod 711 "$INCLOAD_TEST_DIR"
    [ "$(id -u)" != 0 ] || chown nobody:nogroup "$here"
    cd "$here"
    $as pg_basebackup -D "$here/data" -h "$host" -p "$port" -U incload -X stream -c fast -R
    $as postgres -D "$here/data" -p "$port" -c unix_socket_directories="$here" -c listen_addresses= \
        -c hot_standby=on -c wal_receiver_status_interval=1 >"$here/log" 2>&1 </dev/null &
    echo $! >"$here.pid"
    tries=300
    until pg_isready -q -h "$here" -p "$port" -d postgres; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$(cat "$here.pid")"; then
            tail -n 20 "$here/log" >&2
            exit 1
        fi
        sleep 0.1
    done
    ;;
stop)
    pid=$(cat "$here.pid")
    kill -INT "$pid"
    tries=300
    while [ "$tries" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
        tries=$((tries - 1))
        sleep 0.1
    done
    rm -rf "$here" "$here.pid"
    ;;
esac
