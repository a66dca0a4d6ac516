# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, and nothing else; to be sourced. When all is there it costs a few milliseconds.
#
#     packages_need GROUP...    groups: library (to build and use it), check (its tests), compilers,
#                                abi (what compares libraries, odd locales), static (what reads the source), reach
#                                (what counts lines), valgrind, fuzz (clang's fuzzer), python, go (their bindings),
#                                reports (programs that show them), docs (what checks the documents), site (what
#                                makes them one), servers, bench (the clients that benchmarks hold it against)

packages_say()
{
    printf '%s\n' "packages: $*" >&2
}

has_command() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
has_library() { pkg-config --exists "$1" 2>/dev/null; }
has_file() { [ -e "$1" ]; }
has_driver() { grep -qsF "[$1]" "${ODBCSYSINI:-/etc}/odbcinst.ini"; }
has_python() { python3 -c "$1" 2>/dev/null; }
has_fuzzer() { ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1; }
has_postgres() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has_command initdb; }

# The group, the Debian package, and how to see that it is there.
packages_table()
{
    cat <<'TABLE'
library gcc has_command gcc
library libc6-dev has_file /usr/include/stdio.h
library meson has_command meson
library ninja-build has_command ninja
library pkgconf has_command pkg-config
library libpq-dev has_library libpq
library unixodbc-dev has_library odbc
library libxxhash-dev has_file /usr/include/xxhash.h
library libjansson-dev has_library jansson
library libsqliteodbc has_driver SQLite3
library sqlite3 has_command sqlite3
check check has_library check
check python3 has_command python3
check libsqlite3-dev has_library sqlite3
check tzdata has_file /usr/share/zoneinfo/Europe/Berlin
compilers g++ has_command g++
compilers clang has_command clang
compilers cmake has_command cmake
abi abigail-tools has_command abidiff
abi locales has_file /usr/share/i18n/locales/tr_TR
static clang-tidy has_command clang-tidy
static cppcheck has_command cppcheck
reach gcovr has_command gcovr
valgrind valgrind has_command valgrind
fuzz clang has_command clang
fuzz libclang-rt-14-dev has_fuzzer
reports graphviz has_command dot
reports chromium has_command chromium
docs hunspell has_command hunspell
docs hunspell-en-us has_file /usr/share/hunspell/en_US.dic
docs mandoc has_command mandoc
site python3-sphinx has_command sphinx-build
site python3-myst-parser has_file /usr/lib/python3/dist-packages/myst_parser
site furo has_file /usr/lib/python3/dist-packages/furo
python python3 has_command python3
python python3-venv has_python import ensurepip, venv
python python3-dev has_python import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")
go golang-go has_command go
servers postgresql has_postgres
servers mariadb-server has_command mariadbd
servers odbc-postgresql has_driver PostgreSQL Unicode
servers odbc-mariadb has_driver MariaDB Unicode
bench libmariadb-dev has_library libmariadb
bench libsqlite3-dev has_library sqlite3
TABLE
    case ${CC:-} in
    clang*) echo 'library clang has_command clang' ;;
    esac
}

packages_as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# Debian starts a server as soon as it is installed, unless a certain file forbids it. Only ours is taken away again.
packages_install()
{
    policy=/usr/sbin/policy-rc.d
    own_policy=
    if [ ! -e "$policy" ]; then
        own_policy=$policy
        printf '#!/bin/sh\nexit 101\n' | packages_as_root tee "$policy" >/dev/null
        packages_as_root chmod 755 "$policy"
    fi
    output=$(mktemp)
    status=0
    {
        packages_as_root apt-get -q update &&
            packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
    } >"$output" 2>&1 </dev/null || status=$?
    [ -z "$own_policy" ] || packages_as_root rm -f "$own_policy"
    [ "$status" = 0 ] || tail -n 30 "$output" >&2
    rm -f "$output"
    return "$status"
}

packages_need()
{
    missing=
    while read -r group package probe argument; do
        case " $* " in
        *" $group "*) "$probe" "$argument" || missing="$missing $package" ;;
        esac
    done <<TABLE
$(packages_table)
TABLE
    [ -n "$missing" ] || return 0
    packages_say "installing$missing"
    if ! has_command apt-get; then
        packages_say "there is no apt-get: install what these Debian packages hold, and run again:$missing"
        return 1
    fi
    # $missing is a list of words.
    packages_install $missing
}
