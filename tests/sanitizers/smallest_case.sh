#!/usr/bin/env bash
# A brick of 60 simulated pixels from end to end, by both ways of fitting, by programs that stop at the first error of memory or undefined
# behaviour. Builds of runbrick, simulate-survey and one camera alone, by clang, which takes half of gcc's time for it, and
# without optimization, so that it takes minutes and not a quarter of an hour; all tests under gcc's sanitizers: cmake
# --workflow --preset asan.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/smallest-case
cmake --preset asan -B $build -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O0 -g1" -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O0 -g1" -DBRICKLINE_TESTS=OFF >/dev/null
cmake --build $build --target runbrick simulate-survey camera_decam

bin=$build/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Lines of the source by binutils, where LLVM's own program for it is not installed.
export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1:allow_addr2line=1
export UBSAN_OPTIONS=print_stacktrace=1:allow_addr2line=1
read -r -a region < <("$bin/simulate-survey" "$work/survey" --seed 3 --size 60 --bands gr --nexp 1 --quiet)
run() {  # run OUTDIR OPTION...
  local out=$work/$1
  shift
  "$bin/runbrick" --survey-dir "$work/survey" "${region[@]}" --plugin-dir $build/plugins --outdir "$out" \
    --gaia-dir "$work/survey/gaia" --gaia-version 2 --no-wise --threads 2 "$@"
  ls "$out"/tractor/*/tractor-*.fits >/dev/null
}
run out
run joint --fit joint --bulge-disk --max-memory-gb 0.3
