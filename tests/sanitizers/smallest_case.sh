#!/usr/bin/env bash
# A brick of 60 simulated pixels from end to end, by programs that stop at the first error of memory or undefined
# behaviour. Builds of runbrick, simulate-survey and one camera alone, so that it takes minutes and not a quarter of an
# hour; all tests under the sanitizers: cmake --workflow --preset asan.
set -euo pipefail
cd "$(dirname "$0")/../.."
cmake --preset asan >/dev/null
cmake --build --preset asan --target runbrick simulate-survey camera_decam

bin=build/asan/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
read -r -a region < <("$bin/simulate-survey" "$work/survey" --seed 3 --size 60 --bands gr --nexp 1 --quiet)
"$bin/runbrick" --survey-dir "$work/survey" "${region[@]}" --plugin-dir build/asan/plugins --outdir "$work/out" \
  --gaia-dir "$work/survey/gaia" --gaia-version 2 --no-wise --threads 2
ls "$work"/out/tractor/*/tractor-*.fits >/dev/null
