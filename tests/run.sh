#!/usr/bin/env bash
# Sets up, builds and runs every test: the one command that says whether a checkout is good.
#   tests/run.sh [ctest arguments]
# In this order: the formatting of what is under version control; everything built, and every test of it; the smallest
# case once more with programs that look for errors of memory and undefined behaviour; a brick again and again, whose
# bytes must stay. It tells what was skipped and why, and ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
passed=0 failed=0
step() { # step NAME COMMAND...: counts as a test of its own
  local name=$1
  shift
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$name: FAILED"
  fi
}

step "formatting" tests/check_format.sh

echo "== building"
cmake --preset release >/dev/null
cmake --build --preset release

echo "== testing"
report=build/release/Testing/junit.xml
rm -f "$report"
ctest --test-dir build/release --output-on-failure --no-tests=error -j $(($(nproc) + 2)) --output-junit Testing/junit.xml "$@" ||
  echo "ctest ended with $?"

step "the smallest case with sanitizers" tests/sanitizers/smallest_case.sh
step "fifty runs on eight threads give the same bytes" tests/soak.sh

exec python3 tests/summarize.py "$report" "$passed" "$failed"
