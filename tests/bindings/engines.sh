#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the Python package with engines that people have: each in an environment of its own. Speaks TAP.
#
#     engines.sh SOURCE_ROOT LIBRARY.so WORK_DIRECTORY [ENGINE...]     engines: dask airflow dagster ray
#
# Installs several hundred megabytes when it runs first; the work directory is kept.
set -u
root=$1
library=$(cd "$(dirname "$2")" && pwd)
work=$3
shift 3
[ $# -gt 0 ] || set -- dask airflow dagster ray
. "$root/tests/bindings/package.sh"

# environment_made NAME PACKAGE...
environment_made()
{
    environment=$work/$1
    shift
    python3 -m venv "$environment" &&
        "$environment/bin/pip" install -q --disable-pip-version-check "$@" && touch "$environment/made"
}

engine_packages()
{
    case $1 in
    dask) echo distributed ;;
    airflow) echo 'apache-airflow-core>=3.0' ;;
    *) echo "$1" ;;
    esac
}

wheel_built()
{
    rm -rf "$work/wheel"
    PATH=$work/builder/bin:$PATH PKG_CONFIG_PATH=$work LDFLAGS=-Wl,-rpath,$library \
        "$work/builder/bin/pip" wheel -q --disable-pip-version-check --no-build-isolation --no-deps \
        -w "$work/wheel" "$work/package"
}

wheel_installed()
{
    "$work/$1/bin/pip" install -q --disable-pip-version-check --no-deps --force-reinstall "$work"/wheel/*.whl
}

engine_tested()
{
    engine=$1
    [ -e "$work/$engine/made" ] ||
        try "an environment with $engine" environment_made "$engine" cffi typing_extensions pytest pyarrow \
            "$(engine_packages "$engine")" || return 1
    try "the package beside $engine" wheel_installed "$engine" || return 1
    tested "$work/$engine/bin/python" "$work/package/tests/engines/test_$engine.py"
}

mkdir -p "$work"
library_named
package_copied
[ -e "$work/builder/made" ] ||
    try 'an environment that builds the package' environment_made builder meson meson-python ninja cffi || exit 1
try 'the wheel is built' wheel_built || exit 1
status=0
for engine; do
    engine_tested "$engine" || status=1
done
echo "1..$number"
exit "$status"
