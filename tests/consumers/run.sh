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
    (cd "$root/include" && find . -name '*.h' | sort) >"$work/headers"
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
try 'CMake, shared' cmake_with "$prefix"
try 'CMake, static, from a prefix that was moved' cmake_with "$moved"
try 'meson, installed' meson_installed
try 'meson, as a subproject' meson_subproject
try 'Python, by ctypes' python_ctypes
try 'a shared build asks for nothing when linked' shared_alone_says_nothing_of_libpq
echo "1..$number"
exit "$failed"
