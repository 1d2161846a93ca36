#!/usr/bin/env bash
# Sets up, builds and runs every test: the one command that says whether a checkout is good.
#   tests/run.sh [ctest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release
ctest --test-dir build/release --output-on-failure --no-tests=error -j "$(nproc)" "$@"
