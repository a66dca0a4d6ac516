#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program under valgrind, but for those that are scripts: sh tests/under.sh COMMAND [ARG...]
set -eu
case ${1##*/} in
python* | sh | bash) exec "$@" ;;
esac
exec valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --child-silent-after-fork=no --num-callers=30 \
    --suppressions="$(dirname "$0")/valgrind.supp" "$@"
