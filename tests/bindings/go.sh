#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Go package against the library of this build, looks at its source and runs its tests with the race
# detector. Speaks TAP.
#
#     go.sh SOURCE_ROOT LIBRARY.so WORK_DIRECTORY
#
# What the compiler keeps stays in the work directory: a second run builds only what has changed.
set -u
root=$1
library=$(cd "$(dirname "$2")" && pwd)
package=$root/bindings/go
mkdir -p "$3"
work=$(cd "$3" && pwd)
tests=$work/tests.tap
number=0
status=0

# The library as it stands in this build, where pkg-config finds it.
cat >"$work/incload.pc" <<PC
Name: incload
Description: the library of this build
Version: 0.1.0
Libs: -L$library -lincload -Wl,-rpath,$library
Cflags: -I$root/include
PC
export PKG_CONFIG_PATH="$work" GOCACHE="$work/cache" GOMODCACHE="$work/modules" GOTOOLCHAIN=local GOWORK=off
export GOFLAGS='-buildvcs=false -modcacherw'
# Meson sets these for sanitizers of C; the race detector is of its own kind.
unset ASAN_OPTIONS UBSAN_OPTIONS

formatted()
{
    listed=$(gofmt -l "$package" "$root/tests/bindings/readme")
    echo "$listed"
    [ -z "$listed" ]
}

in_package()
{
    (cd "$1" && shift && "$@")
}

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

# go_tested PACKAGE: the tests of a package, as TAP.
go_tested()
{
    in_package "$1" go test -race -count=1 -timeout 600s -json ./... |
        python3 "$root/tests/bindings/go_tap.py" >"$tests"
    failed=$?
    cat "$tests"
    number=$((number + $(wc -l <"$tests")))
    [ "$failed" = 0 ] && [ -s "$tests" ]
}

# readme_built KIND: the programs of the README of one kind, with what they take from elsewhere.
readme_built()
{
    kind=$1
    made=$work/readme-$1
    rm -rf "$made"
    mkdir -p "$made" &&
        (cd "$root/tests/bindings/readme" && go run extract.go "$package/README.md" "$kind") |
        sed 's,postgresql://app@db/shop,odbc:Driver=SQLite3;Database=shop.db,' >"$made/page.go" &&
        cp "$root/tests/bindings/readme/around.go" "$made" || return 1
    [ "$kind" != arrow ] || cp "$root/tests/bindings/readme/records.go" "$package/arrowbatch/go.sum" "$made" || return 1
    {
        echo 'module example.org/readme'
        if [ "$kind" = arrow ]; then
            sed '/^module /d; /^replace /d' "$package/arrowbatch/go.mod"
            echo 'require libincload.dev/go/incload/arrowbatch v0.1.0'
            echo "replace libincload.dev/go/incload/arrowbatch => $package/arrowbatch"
        else
            sed -n '/^go /p' "$package/go.mod"
            echo 'require libincload.dev/go/incload v0.1.0'
        fi
        echo "replace libincload.dev/go/incload => $package"
    } >"$made/go.mod"
    in_package "$made" go build -o program .
}

# readme_prints KIND [URL]
readme_prints()
{
    in_package "$work/readme-$1" ./program "$@" >"$work/readme-$1/printed" || return 1
    diff "$root/tests/bindings/readme/$1.txt" "$work/readme-$1/printed"
}

readme_tried()
{
    try "the README, $1: its programs are built" readme_built "$1" &&
        try "the README, $1: they print what they should" readme_prints "$@"
}

needs_no_other_module()
{
    listed=$(in_package "$package" go list -m all) || return 1
    echo "$listed"
    [ "$listed" = libincload.dev/go/incload ]
}

# The package for arrow-go is a module of its own, which needs another one and a newer Go.
go_is_older_than()
{
    [ "$(printf '%s\n' "$1" "$go_version" | sort -V | head -n 1)" != "$1" ]
}

if ! command -v go >/dev/null; then
    echo '1..0 # SKIP there is no go'
    exit 0
fi

try 'its source is formatted' formatted || status=1
try 'it needs no other module' needs_no_other_module || status=1
try 'go vet is content' in_package "$package" go vet ./... || status=1
go_tested "$package" || status=1
readme_tried rest || status=1
[ -z "${INCLOAD_TEST_POSTGRES-}" ] || readme_tried follow "$INCLOAD_TEST_POSTGRES" || status=1
go_version=$(go env GOVERSION | sed 's/^go//')
arrow_needs=$(sed -n 's/^go //p' "$package/arrowbatch/go.mod")
if go_is_older_than "$arrow_needs"; then
    echo "# the package for arrow-go is not for this Go: it needs $arrow_needs, and this is $go_version"
elif try 'arrow-go can be had' in_package "$package/arrowbatch" go mod download github.com/apache/arrow-go/v18; then
    try 'go vet is content with the package for arrow-go' in_package "$package/arrowbatch" go vet ./... || status=1
    go_tested "$package/arrowbatch" || status=1
    readme_tried arrow || status=1
else
    status=1
fi
echo "1..$number"
exit "$status"
