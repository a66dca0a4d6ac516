#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the library to a prefix of its own and uses it from there as others do, outside the tree. Speaks TAP.
#
#     run.sh SOURCE_ROOT WORK_DIRECTORY
#
# The work directory is kept: a second run compiles only what has changed.
set -u
root=$1
work=$2
here=$root/tests/consumers
prefix=$work/prefix
moved=$work/moved
number=0
failed=0

try()
{
    title=$1
    shift
    number=$((number + 1))
    # Not as the condition of an if: -e would not hold there.
    (set -e; "$@") >"$work/log" 2>&1
    if [ $? = 0 ]; then
        echo "ok $number - $title"
    else
        failed=1
        echo "not ok $number - $title"
        sed 's/^/# /' "$work/log" >&2
    fi
}

# Only what is installed there: a library of the system must not help out.
pkg()
{
    PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig pkg-config "$@"
}

run_with_prefix()
{
    LD_LIBRARY_PATH=$prefix/lib "$@"
}

install_it()
{
    if [ ! -e "$work/build/build.ninja" ]; then
        meson setup "$work/build" "$root" --prefix="$prefix" --libdir=lib --buildtype=release -Dtests=disabled
    fi
    rm -rf "$prefix" "$moved"
    meson install -C "$work/build"
    test -e "$prefix/lib/libincload.so.0"
    test -e "$prefix/lib/libincload.a"
    # A tree that was moved, and that holds the archive alone.
    cp -a "$prefix" "$moved"
    rm "$moved"/lib/libincload.so*
}

installs_only_the_public()
{
    (cd "$root/include" && find . -name '*.h' -o -name '*.hpp' | sort) >"$work/headers"
    (cd "$prefix/include" && find . -type f | sort) | diff "$work/headers" -
}

# No libpq.pc, no odbc.pc in sight: a user of the shared library needs no development files but ours.
shared_c()
{
    if pkg --exists libpq; then return 1; fi
    cc -std=c99 -Wall -Wextra -Wpedantic -Werror -o "$work/shared" "$here/c/names.c" $(pkg --cflags --libs incload)
    run_with_prefix "$work/shared"
    ldd "$work/shared" | grep libincload.so.0
}

static_c()
{
    cc -o "$work/static" "$here/c/names.c" $(pkg --define-variable=prefix="$moved" --cflags --static --libs incload)
    "$work/static"
    if ldd "$work/static" | grep libincload; then return 1; fi
}

loading_c()
{
    cc -std=c99 -Wall -Wextra -Werror -o "$work/load" "$here/c/load.c" $(pkg --cflags --libs incload)
    rm -f "$work/shop.db" "$work/lake.db"
    sqlite='odbc:Driver=SQLite3;Database='
    run_with_prefix "$work/load" "$sqlite$work/shop.db" "$sqlite$work/lake.db"
}

cpp()
{
    c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -o "$work/cpp" "$here/cpp/names.cpp" $(pkg --cflags --libs incload)
    run_with_prefix "$work/cpp"
}

# The five patterns by the header for C++.
# cpp_program NAME [PREFIX]: a program that is given two files, or by the prefix two databases.
cpp_program()
{
    c++ -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -o "$work/$1" "$here/cpp/$1.cpp" \
        $(pkg --cflags --libs incload) -pthread
    rm -f "$work/cpp_shop.db" "$work/cpp_lake.db"
    run_with_prefix "$work/$1" "${2-}$work/cpp_shop.db" "${2-}$work/cpp_lake.db"
}

cmake_with()
{
    rm -rf "$work/cmake"
    cmake -G Ninja -S "$here/cmake" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$1"
    cmake --build "$work/cmake"
    "$work/cmake/names"
}

meson_installed()
{
    rm -rf "$work/meson" "$work/meson-source"
    mkdir "$work/meson-source"
    cp "$here/meson/meson.build" "$here/c/names.c" "$work/meson-source"
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig meson setup --wrap-mode=nofallback "$work/meson" "$work/meson-source"
    ninja -C "$work/meson"
    run_with_prefix "$work/meson/names"
}

meson_subproject()
{
    mkdir -p "$work/subproject-source/subprojects"
    cp -u "$here/meson/meson.build" "$here/c/names.c" "$work/subproject-source"
    ln -sfn "$root" "$work/subproject-source/subprojects/incload"
    if [ ! -e "$work/subproject/build.ninja" ]; then
        meson setup --wrap-mode=forcefallback -Ddefault_library=shared -Doptimization=0 \
            "$work/subproject" "$work/subproject-source"
    fi
    ninja -C "$work/subproject" names
    "$work/subproject/names"
}

python_ctypes()
{
    python3 "$here/python/names.py" "$prefix/lib/libincload.so.0"
}

python_ctypes_loads()
{
    rm -f "$work/ctypes_shop.db" "$work/ctypes_lake.db"
    python3 "$here/python/load.py" "$prefix/lib/libincload.so.0" "$work/ctypes_shop.db" "$work/ctypes_lake.db"
}

# As a stranger would: in an environment with nothing in it, with the library found by pkg-config. The wheel has one
# extension module and no library.
python_sdist()
{
    rm -rf "$work/python" "$work/dist"
    python3 -m venv "$work/python"
    "$work/python/bin/pip" install -q --disable-pip-version-check build
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    "$work/python/bin/python" -m build --sdist -o "$work/dist" "$root/bindings/python"
    "$work/python/bin/pip" wheel -q --no-deps -w "$work/dist" "$work"/dist/*.tar.gz
    "$work/python/bin/python" -m zipfile -l "$work"/dist/*.whl | grep -c '\.so' | grep -qx 1
    "$work/python/bin/pip" install -q --disable-pip-version-check "$work"/dist/*.whl
    cd "$work"
    run_with_prefix "$work/python/bin/python" -c 'import incload; print(incload.version())' | grep -x 0.1.0
}

# A module of its own, outside the tree, that requires the package and finds the library by pkg-config.
go_module()
{
    rm -rf "$work/go"
    mkdir -p "$work/go"
    cp "$here/go/patterns.go" "$work/go"
    cat >"$work/go/go.mod" <<MOD
module example.org/patterns

go 1.19

require libincload.dev/go/incload v0.1.0

replace libincload.dev/go/incload => $root/bindings/go
MOD
    cd "$work/go"
    export GOCACHE="$work/go-cache" GOMODCACHE="$work/go-modules" GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false
    export PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"
    go build -o patterns .
    rm -f "$work/go_shop.db" "$work/go_lake.db"
    run_with_prefix ./patterns "$work/go_shop.db" "$work/go_lake.db" | grep -x 0.1.0
}

shared_alone_says_nothing_of_libpq()
{
    rm -rf "$work/shared-build"
    meson setup "$work/shared-build" "$root" -Ddefault_library=shared -Dtests=disabled
    said=$(PKG_CONFIG_LIBDIR=$work/shared-build/meson-private pkg-config --static --libs incload)
    echo "$said"
    case $said in
    *-lpq* | *-lodbc*) return 1 ;;
    esac
}

mkdir -p "$work"
try 'it installs to a prefix' install_it
try 'the installed headers are the public ones' installs_only_the_public
try 'C, shared, by pkg-config, without files of libpq and unixODBC' shared_c
try 'C, static, by pkg-config, from a prefix that was moved' static_c
try 'C, a load from SQLite to SQLite' loading_c
try 'C++11' cpp
try 'C++17, the five patterns by incload.hpp' cpp_program patterns 'odbc:Driver=SQLite3;Database='
try 'C++17, what else its headers have' cpp_program wrapped
try 'CMake, shared' cmake_with "$prefix"
try 'CMake, static, from a prefix that was moved' cmake_with "$moved"
try 'meson, installed' meson_installed
try 'meson, as a subproject' meson_subproject
try 'Python, by ctypes' python_ctypes
try 'Python, by ctypes: loads, and a function that fails' python_ctypes_loads
try 'Python, the package from its sdist in an environment of its own' python_sdist
try 'Go, the five patterns, from a module outside the tree' go_module
try 'a shared build asks for nothing when linked' shared_alone_says_nothing_of_libpq
echo "1..$number"
exit "$failed"
