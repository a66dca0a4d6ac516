#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From nothing to incremental loads, with no server: sh doc/quickstart.sh
#
# Installs what is missing, builds the library, makes a SQLite file with a week of earthquakes, and lets
# doc/examples/quickstart.c keep a copy of it in a second file. Needs no terminal; leaves everything in
# build-quickstart/ (or $INCLOAD_QUICKSTART_BUILD).
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh

build=${INCLOAD_QUICKSTART_BUILD:-build-quickstart}

step()
{
    printf '\n== %s\n' "$*"
}

quietly()
{
    if ! "$@" >"$output" 2>&1; then
        cat "$output" >&2
        exit 1
    fi
}

output=$(mktemp)
trap 'rm -f "$output"' EXIT

step "Building the library in $build"
packages_need library
if [ ! -e "$build/build.ninja" ]; then
    quietly meson setup "$build" --buildtype=release -Dtests=disabled -Dexamples=enabled
fi
quietly ninja -C "$build"

step 'A source with the earthquakes as they were known at noon of 5 February 2018'
data=$(cd "$build" && pwd)/quickstart-data
rm -rf "$data"
mkdir "$data"
sqlite3 "$data/source.db" <<'SQL'
.mode csv
.import doc/examples/earthquakes.csv raw
CREATE TABLE known AS
    SELECT id, time, updated, CAST(nullif(mag, '') AS REAL) AS mag, nullif(mag_type, '') AS mag_type, place, type,
           status, net, CAST(nullif(nst, '') AS INTEGER) AS nst, CAST(nullif(dmin, '') AS REAL) AS dmin,
           CAST(nullif(rms, '') AS REAL) AS rms, CAST(nullif(gap, '') AS REAL) AS gap,
           CAST(tsunami AS INTEGER) AS tsunami, CAST(sig AS INTEGER) AS sig, CAST(longitude AS REAL) AS longitude,
           CAST(latitude AS REAL) AS latitude, CAST(depth AS REAL) AS depth
    FROM raw;
CREATE TABLE earthquakes (
    id TEXT PRIMARY KEY, time TEXT NOT NULL, updated TEXT NOT NULL, mag REAL, mag_type TEXT, place TEXT, type TEXT,
    status TEXT, net TEXT, nst INTEGER, dmin REAL, rms REAL, gap REAL, tsunami INTEGER, sig INTEGER, longitude REAL,
    latitude REAL, depth REAL);
CREATE INDEX earthquakes_updated ON earthquakes (updated);
INSERT INTO earthquakes SELECT * FROM known WHERE updated < '2018-02-05T12:00:00';
DROP TABLE raw;
.headers on
.mode column
SELECT count(*) AS events, max(updated) AS newest FROM earthquakes;
SQL

source_url="odbc:Driver=SQLite3;Database=$data/source.db"
target_url="odbc:Driver=SQLite3;Database=$data/target.db"

step 'The first load takes everything'
"$build/doc/quickstart" "$source_url" "$target_url"

step 'The source goes on: further events come in, and some are revised'
sqlite3 "$data/source.db" <<'SQL'
INSERT INTO earthquakes SELECT * FROM known WHERE updated >= '2018-02-05T12:00:00';
UPDATE earthquakes SET status = 'reviewed', updated = '2018-02-07T02:00:00.000Z'
    WHERE status = 'automatic' AND mag >= 3;
.headers on
.mode column
SELECT count(*) AS events, max(updated) AS newest FROM earthquakes;
SQL

step 'The second load takes only what is new or changed'
"$build/doc/quickstart" "$source_url" "$target_url"

step 'A third load finds nothing to do'
"$build/doc/quickstart" "$source_url" "$target_url"

step 'The strongest, as they are in the target now'
sqlite3 -header -column "$data/target.db" \
    'SELECT id, mag, status, updated, place FROM earthquakes ORDER BY mag DESC, id LIMIT 5'
