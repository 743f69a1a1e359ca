#!/bin/sh
# Compiles requirements/*.in to hashed pins. What is pinned already keeps its version; --upgrade moves all,
# --upgrade-package NAME one.
# usage: scripts/requirements.sh [pip-compile options]
set -eu
cd "$(dirname "$0")/.."

for purpose in runtime build dev; do
    # No header and no index: the output is the same on every machine.
    pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
        --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --output-file "requirements/$purpose.txt" "requirements/$purpose.in" "$@"
done
