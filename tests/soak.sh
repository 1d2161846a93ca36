#!/usr/bin/env bash
# Runs bricks again and again with eight threads, two runs beside one another so that each disturbs the other, and compares
# every product's bytes with those of a first run on one thread: what goes wrong once in a thousand runs shows here and
# hardly anywhere else.
#
#   tests/soak.sh [--build DIR] [--threads N] [CASE=RUNS]...
#
# A CASE is a folder of ../shared/data/golden (or of $BRICKLINE_TEST_DATA/golden), or `simulated`: a survey that
# simulate-survey makes on the spot, which stands in where there are no data; `simulated-joint`: the same, by joint fits with
# composites. Without cases: mzlsbass2=50 simulated-joint=5.
# The long one: tests/soak.sh mzlsbass2=2000 testcase6=500 sim300=500 simulated-joint=500.
# Exit 0 if all products agree, 1 if not (the differing ones are listed and kept), 2 on usage.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release threads=8 cases=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    *=*) cases+=("$1"); shift ;;
    *) echo "usage: tests/soak.sh [--build DIR] [--threads N] [CASE=RUNS]..." >&2; exit 2 ;;
  esac
done
[ ${#cases[@]} -gt 0 ] || cases=(mzlsbass2=50 simulated-joint=5)
build=$(realpath "$build")
data=$(realpath -m "${BRICKLINE_TEST_DATA:-../shared/data}")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/brickline-soak.XXXXXX")

started=() kept=
cleanup() {
  for pid in ${started[@]+"${started[@]}"}; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
  [ -n "$kept" ] || rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Prints NUL-separated: the environment as K=V words, "--", runbrick's arguments.
words_of() {
  python3 - "$1" "$data" "$scratch" <<'EOF'
import json, os, sys
name, data, scratch = sys.argv[1:]
if name.startswith("simulated"):
    survey = f"{scratch}/survey"
    case = json.load(open(f"{survey}/sim.json"))
    words = ["--", "--survey-dir", survey, "--brick", case["brick"], "--zoom", *map(str, case["zoom"]), "--no-wise",
             "--no-gaia", "--no-tycho", "--no-large-galaxies", "--no-star-clusters"]
    if name == "simulated-joint":
        words += ["--fit", "joint", "--bulge-disk"]
else:
    case = json.load(open(f"{data}/golden/{name}/case.json"))
    survey = f"{data}/surveys/{case['survey']}"
    fill = lambda text: text.replace("{survey}", survey).replace("{data}", data)
    words = [f"{k}={fill(v)}" for k, v in case.get("env", {}).items()]
    words += ["--", "--survey-dir", survey, *map(fill, case["args"])]
    if os.path.isdir(f"{data}/golden/{name}/calib"):
        words += ["--calib-dir", f"{data}/golden/{name}/calib"]
sys.stdout.write("".join(w + "\0" for w in words))
EOF
}

run() {  # run OUTDIR THREADS: the case in $environment and $arguments
  exec env ${environment[@]+"${environment[@]}"} "$build/bin/runbrick" "${arguments[@]}" --no-page --plugin-dir "$build/plugins" \
    --outdir "$1" --threads "$2" >"$1.log" 2>&1
}
digest() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

failed=0
for entry in "${cases[@]}"; do
  name=${entry%%=*} runs=${entry##*=}
  if [[ $name != simulated && $name != simulated-joint && ! -f $data/golden/$name/case.json ]]; then
    echo "soak: no data for $name in $data/golden (set BRICKLINE_TEST_DATA): a simulated survey stands in" >&2
    name=simulated
  fi
  if [[ ($name = simulated || $name = simulated-joint) && ! -d $scratch/survey ]]; then
    "$build/bin/simulate-survey" "$scratch/survey" --seed 11 --size 140 --bands grz --nexp 2 --quiet
  fi
  mapfile -d '' -t words < <(words_of "$name")
  environment=() arguments=()
  for i in "${!words[@]}"; do
    if [ "${words[$i]}" = "--" ]; then
      arguments=("${words[@]:$((i + 1))}")
      break
    fi
    environment+=("${words[$i]}")
  done

  (run "$scratch/$name.first" 1) || { cat "$scratch/$name.first.log" >&2; kept=1; exit 1; }
  digest "$scratch/$name.first" >"$scratch/$name.sums"
  wrong=0
  for ((n = 1; n <= runs + 1; ++n)); do
    run "$scratch/$name.run$n" "$threads" &  # the last of them only disturbs
    started[n]=$!
    ended=$((n - 1))  # the one before, beside this one
    [ $ended -gt 0 ] || continue
    out=$scratch/$name.run$ended status=0
    wait "${started[ended]}" || status=$?
    unset "started[ended]"
    if [ $status -ne 0 ] || ! digest "$out" | cmp -s - "$scratch/$name.sums"; then
      wrong=$((wrong + 1)) failed=1 kept=1
      mv "$out" "$scratch/$name.wrong$ended" 2>/dev/null || true
      mv "$out.log" "$scratch/$name.wrong$ended.log"
      echo "soak: $name, run $ended: exit $status; differing products (kept in $scratch/$name.wrong$ended):" >&2
      digest "$scratch/$name.wrong$ended" | diff - "$scratch/$name.sums" | sed -n 's/^< [0-9a-f]*  /  /p' >&2 || true
    fi
    rm -rf "$out" "$out.log"
  done
  kill "${started[runs + 1]}" 2>/dev/null || true
  wait "${started[runs + 1]}" || true
  unset "started[runs + 1]"
  rm -rf "$scratch/$name.run$((runs + 1))"*
  echo "soak: $name: $wrong of $runs runs differ from the first ($(wc -l <"$scratch/$name.sums") products, $threads threads)"
done
exit $failed
