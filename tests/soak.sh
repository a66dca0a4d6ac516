#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long programs for as long as is said: sh tests/soak.sh --minutes N [--seed S] [--log FOLDER] [PROGRAM...]
#
# Each program of tests/fault/run.sh (but the planted bugs, whose length is given) and each fuzzer of
# tests/fuzz/run.sh (or those named, as in fault/wire fuzz/copy) gets an equal slice of the time, and further rounds
# with other seeds while time is left. Everything that ran is a line of FOLDER/log (build-soak/log), which grows
# from soak to soak: when, what, how long, how it ended, its bars. What a program said lies beside it when it
# failed. Ends in `N runs, N failed, N seconds`.
set -eu
cd "$(dirname "$0")/.."

minutes=
seed=$(date +%s)
folder=build-soak
names=
while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=${2:-}; shift 2 ;;
    --seed) seed=${2:-}; shift 2 ;;
    --log) folder=${2:-}; shift 2 ;;
    fault/* | fuzz/*) names="$names $1"; shift ;;
    *) echo "soak: what is '$1'?" >&2; exit 2 ;;
    esac
done
case $minutes:$seed in
*[!0-9:]* | :* | *:) echo 'usage: sh tests/soak.sh --minutes N [--seed S] [--log FOLDER] [PROGRAM...]' >&2; exit 2 ;;
esac
if [ -z "$names" ]; then
    for name in failpoints crash wire lease server swap torture chaos cdc cdc-large simulation; do
        names="$names fault/$name"
    done
    for name in tests/fuzz/corpus/*; do
        names="$names fuzz/${name##*/}"
    done
fi

# The words that give a program about so many seconds: some take them for each kind of database, some count otherwise.
words_for()
{
    case $1 in
    fault/server | fault/chaos | fault/lease) echo "--seconds $((slice / 3 + 1)) --seed $seed" ;;
    fault/cdc) echo "--seeds $((slice / 15 + 1)) --seed $seed" ;;
    fault/cdc-large) ;;
    *) echo "--seconds $slice --seed $seed" ;;
    esac
}

say()
{
    printf '%s\n' "$*" | tee -a "$folder/log"
}

mkdir -p "$folder"
count=$(echo $names | wc -w)
begin=$(date +%s)
end=$((begin + minutes * 60))
slice=$((minutes * 60 / count))
# Fault programs have to learn first what they can harm.
[ "$slice" -ge 60 ] || slice=60
[ "$slice" -le 600 ] || slice=600
runs=0
failed=0
say "soak of $minutes minutes from $(date -u +%Y-%m-%dT%H:%M:%SZ), $(git describe --always --dirty 2>/dev/null ||
    echo 'no commit'), $(uname -m), $(getconf _NPROCESSORS_ONLN) processors, $slice seconds a program"
while [ "$(date +%s)" -lt "$end" ]; do
    for name in $names; do
        [ "$(date +%s)" -lt "$end" ] || break
        words=$(words_for "$name")
        output=$folder/$(echo "$name" | tr / -)-$seed
        start=$(date +%s)
        ending=ok
        # $words is a list of words.
        sh "tests/${name%%/*}/run.sh" "${name#*/}" $words >"$output" 2>&1 </dev/null || ending=FAILED
        runs=$((runs + 1))
        say "$(date -u +%Y-%m-%dT%H:%M:%SZ) $name $words: $ending after $(($(date +%s) - start)) s"
        grep '^BAR ' "$output" | sed 's/^/    /' | tee -a "$folder/log" || true
        if [ "$ending" = ok ]; then
            rm -f "$output"
        else
            failed=$((failed + 1))
            say "    what it said is in $output"
        fi
    done
    seed=$((seed + 1))
done
say "$runs runs, $failed failed, $(($(date +%s) - begin)) seconds"
[ "$failed" = 0 ]
