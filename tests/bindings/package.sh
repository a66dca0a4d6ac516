# SPDX-License-Identifier: Apache-2.0
# How the Python package is built and its tests are told as TAP; to be sourced with $root, $library and $work set.

# The library as it stands in this build, where pkg-config finds it.
library_named()
{
    cat >"$work/incload.pc" <<PC
Name: incload
Description: the library of this build
Version: 0.1.0
Libs: -L$library -lincload
Cflags: -I$root/include
PC
}

# Built from a copy: the tree stays as it is.
package_copied()
{
    rm -rf "$work/package"
    cp -R "$root/bindings/python" "$work/package"
}

number=0
try()
{
    title=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/log" 2>&1; then
        echo "ok - $title"
    else
        echo "not ok - $title"
        sed 's/^/# /' "$work/log" >&2
        return 1
    fi
}

# tested PYTHON TESTS...: what pytest lists at its end, as TAP.
tested()
{
    python=$1
    shift
    passed=0
    "$python" -m pytest -rA -p no:cacheprovider --import-mode=append --rootdir="$work/package" "$@" >"$work/log" 2>&1 ||
        passed=1
    sed -nE -e 's,^(PASSED|FAILED|ERROR) [^ ]*/tests/,\1 ,' -e 's/^PASSED /ok - /p' \
        -e 's/^(FAILED|ERROR) /not ok - /p' -e 's/^SKIPPED \[[0-9]+\] (.*)/ok - # SKIP \1/p' \
        "$work/log" >"$work/tests.tap"
    cat "$work/tests.tap"
    number=$((number + $(wc -l <"$work/tests.tap")))
    [ "$passed" = 0 ] || sed 's/^/# /' "$work/log" >&2
    return "$passed"
}
