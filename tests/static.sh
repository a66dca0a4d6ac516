#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reads the library without running it: sh tests/static.sh [TOOL...] (default: all but paths)
#
#     tidy       clang-tidy, with the checks of .clang-tidy but for those that follow paths
#     cppcheck   cppcheck
#     analyzer   gcc -fanalyzer, over paths through several functions
#     paths      clang's analyzer, the same; takes half an hour of a processor
#
# Installs what is missing; of what they find, tests/static/accepted.txt lists what is none, with the reason. Prints
# `BAR static_TOOL <findings> 0 ok`, or `... short` after them. What is listed and is found no more is a finding too.
#
#     INCLOAD_STATIC_BUILD   the build directories' beginning (default: build-static)
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh

[ $# -gt 0 ] || set -- tidy cppcheck analyzer
for tool in "$@"; do
    case $tool in
    tidy | cppcheck | analyzer | paths) ;;
    *) echo "usage: sh tests/static.sh [tidy] [cppcheck] [analyzer] [paths]" >&2; exit 2 ;;
    esac
done
packages_need library compilers static
exec python3 tests/static/findings.py "${INCLOAD_STATIC_BUILD:-build-static}" "$@"
