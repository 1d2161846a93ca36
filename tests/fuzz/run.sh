#!/usr/bin/env bash
# Fuzzes every reader of input for a while, under the sanitizers of addresses and undefined behaviour.
#   tests/fuzz/run.sh SECONDS [TARGET...]      SECONDS for each target; all of tests/fuzz/*.cpp that are targets
# Builds them by clang into build/fuzz, makes a corpus once (build/fuzz/corpus/TARGET, where what the fuzzers find worth
# keeping is kept for the next time), and tells of each target how many inputs it was given. Ends with 1 if one was
# broken by an input, which is left in build/fuzz/findings/TARGET-*; 0 where there is no clang, with a word.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?run.sh SECONDS [TARGET...]}
shift
if ! echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
  clang++ -x c++ - -fsanitize=fuzzer -o /dev/null 2>/dev/null; then
  echo "fuzzing: skipped, there is no clang with libFuzzer (clang, libclang-rt-dev)"
  exit 0
fi
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzz
work=build/fuzz
if [ ! -e $work/corpus/made ]; then
  mkdir -p $work/corpus
  $work/fuzz/write_corpus $work/corpus
  /usr/bin/python3 tests/fuzz/make_corpus.py $work/corpus $work/bin/cameras
  touch $work/corpus/made
fi
mkdir -p $work/findings
# The words that facts are made of.
grep -oh '"[a-zA-Z][a-zA-Z0-9_. +-]*"' core/facts/*.cpp | sort -u | sed 's/"\(.*\)"/"\\"\1\\""/' >$work/camera_facts.dict
grep -oh '"--[a-z0-9-]*"' core/pipeline/option_table.cpp | sort -u | sed 's/"--/"/' >$work/configuration.dict

export ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/tests/fuzz/leaks.supp:print_suppressions=0
failed=0
if [ $# -eq 0 ]; then
  for program in $work/fuzz/fuzz_*; do set -- "$@" "${program##*/fuzz_}"; done
fi
for target in "$@"; do
  words=()
  if [ -e $work/"$target".dict ]; then words+=(-dict=$work/"$target".dict); fi
  log=$work/findings/$target.log
  if "$work/fuzz/fuzz_$target" "${words[@]}" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2560 -print_final_stats=1 \
    -artifact_prefix=$work/findings/"$target"- $work/corpus/"$target" >"$log" 2>&1; then
    echo "fuzzing $target: $(sed -n 's/.*number_of_executed_units: *//p' "$log") inputs in $seconds s, none of them broke it"
  else
    failed=1
    echo "fuzzing $target: BROKEN, see $log"
    grep -m3 -E '^SUMMARY|^broken|not an Error|an error of kind|runtime error|ERROR:' "$log" || true
  fi
done
exit $failed
