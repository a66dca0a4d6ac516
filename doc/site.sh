#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the documentation as a static site, from Markdown and the headers: sh doc/site.sh [OUTPUT]
#
# Installs what is missing, writes to build/site (or OUTPUT), and needs no build of the library. A warning is an error:
# a link, a section or a function's name that leads nowhere ends it. The pages are read by any server of files, or
# straight from disk: OUTPUT/index.html.
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh

output=${1:-build/site}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages_need check site

# The site has the shape of the tree, so that links in the documents are right in both.
mkdir -p "$work/doc" "$work/bindings/python" "$work/bindings/go" "$output"
cp doc/site/index.md README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE "$work"
cp doc/*.md doc/*.sh doc/*.svg "$work/doc"
cp bindings/python/README.md "$work/bindings/python"
cp bindings/go/README.md "$work/bindings/go"
cp -R doc/examples doc/guide "$work/doc"
cp -R include "$work"
python3 doc/reference/pages.py include "$work/doc/reference"

sphinx-build -q -W --keep-going -j auto -E -d "$work/doctrees" -c doc/site -b html "$work" "$output"
printf '%s\n' "$output/index.html"
