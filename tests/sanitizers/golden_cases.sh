#!/usr/bin/env bash
# Real bricks by programs that stop at what a sanitizer finds:
#   tests/sanitizers/golden_cases.sh asan|tsan [CASE...]       (default: testcase6 mzlsbass2 sim300)
# CASE: a folder of ../shared/data/golden (or $BRICKLINE_TEST_DATA/golden). Builds runbrick and the cameras into
# build/asan or build/tsan. The sanitizer of threads must see what oneTBB does, or it takes every hand-over between
# tasks for a race: Debian's source of oneTBB is built with it too, into build/tsan/onetbb (apt-get source, which wants a
# deb-src line among apt's sources). Exit 0 if all runs ended well and nothing was found.
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=${1-}
[ "$kind" = asan ] || [ "$kind" = tsan ] || { echo "usage: golden_cases.sh asan|tsan [CASE...]" >&2; exit 2; }
shift
[ $# -gt 0 ] || set -- testcase6 mzlsbass2 sim300
data=$(realpath -m "${BRICKLINE_TEST_DATA:-../shared/data}")
build=build/$kind

cmake --preset "$kind" -DBRICKLINE_TESTS=OFF >/dev/null
cmake --build "$build" --target runbrick camera_noirlab-cp camera_decam camera_mosaic camera_90prime
if [ "$kind" = tsan ]; then
  source=$PWD/$build/onetbb
  if [ ! -e "$source/built" ]; then
    mkdir -p "$source"
    (cd "$source" && apt-get source -qq onetbb >/dev/null)
    cmake -S "$source"/onetbb-* -B "$source/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTBB_TEST=OFF \
      -DTBB_STRICT=OFF -DTBB_SANITIZE=thread -DTBBMALLOC_BUILD=OFF -DCMAKE_CXX_FLAGS=-Wno-tsan >/dev/null
    cmake --build "$source/build" --target tbb
    touch "$source/built"
  fi
  LD_LIBRARY_PATH=$(dirname "$(find "$source/build" -name libtbb.so.12 | head -1)")
  export LD_LIBRARY_PATH
fi
export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=second_deadlock_stack=1:history_size=4:exitcode=66

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for name in "$@"; do
  if [ ! -f "$data/golden/$name/case.json" ]; then
    echo "$name: skipped, there are no data in $data/golden"
    continue
  fi
  mapfile -d '' -t words < <(python3 - "$data" "$name" "$build/bin/runbrick" <<'EOF'
import json, os, sys
data, name, program = sys.argv[1:]
case = json.load(open(f"{data}/golden/{name}/case.json"))
survey = f"{data}/surveys/{case['survey']}"
fill = lambda text: text.replace("{survey}", survey).replace("{data}", data)
words = [f"{k}={fill(v)}" for k, v in case.get("env", {}).items()]
words += [program, "--survey-dir", survey, *map(fill, case["args"])]
if os.path.isdir(f"{data}/golden/{name}/calib"):
    words += ["--calib-dir", f"{data}/golden/{name}/calib"]
sys.stdout.write("".join(word + "\0" for word in words))
EOF
  )
  status=0
  env "${words[@]}" --plugin-dir "$build/plugins" --outdir "$work/$name" --threads 4 >"$work/$name.log" 2>&1 || status=$?
  found=$(grep -cE 'WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error:' "$work/$name.log" || true)
  echo "$name: exit $status, $found findings of $kind"
  if [ "$status" -ne 0 ] || [ "$found" -ne 0 ]; then
    failed=1
    grep -m1 -A20 -E 'Sanitizer|runtime error:' "$work/$name.log" || tail -3 "$work/$name.log"
  fi
done
exit $failed
