#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Python package in an environment of its own, checks its types and runs its tests. Speaks TAP.
#
#     python.sh SOURCE_ROOT LIBRARY.so WORK_DIRECTORY
#
# The work directory is kept: a second run installs only what has changed.
set -u
root=$1
library=$(cd "$(dirname "$2")" && pwd)
work=$3
package=$root/bindings/python
environment=$work/environment
. "$root/tests/bindings/package.sh"

environment_made()
{
    python3 -m venv "$environment" &&
        "$environment/bin/pip" install -q --disable-pip-version-check meson meson-python ninja cffi typing_extensions \
            pytest pyarrow mypy ruff tqdm &&
        touch "$environment/made"
}

# What else speaks Arrow. A package that cannot be had here is told, and its tests are skipped.
neighbours_installed()
{
    for name in pandas polars duckdb; do
        "$environment/bin/python" -c "import $name" 2>/dev/null ||
            "$environment/bin/pip" install -q --disable-pip-version-check "$name" >"$work/log" 2>&1 ||
            echo "# $name could not be installed here: its tests are skipped"
    done
}

package_installed()
{
    PATH=$environment/bin:$PATH PKG_CONFIG_PATH=$work LDFLAGS=-Wl,-rpath,$library \
        "$environment/bin/pip" install -q --disable-pip-version-check --no-build-isolation --no-deps \
        --force-reinstall "$1"
}

types_checked()
{
    (cd "$work" && "$environment/bin/mypy" --config-file "$package/pyproject.toml" "$package/incload")
}

tidy()
{
    (cd "$package" && "$environment/bin/ruff" check --no-cache . && "$environment/bin/ruff" format --no-cache --check .)
}

mkdir -p "$work"
[ -e "$environment/made" ] || try 'an environment with what the package needs' environment_made || exit 1
neighbours_installed
library_named
package_copied
try 'the package is built and installed' package_installed "$work/package" || exit 1
status=0
try 'its types are right' types_checked || status=1
try 'its source is tidy' tidy || status=1
# Those of the engines need what is not installed here: engines.sh.
tested "$environment/bin/python" --ignore="$work/package/tests/engines" "$work/package/tests" || status=1
echo "1..$number"
exit "$status"
