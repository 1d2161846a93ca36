#!/usr/bin/env bash
# From a bare Debian 12 machine to a fitted brick of simulated sky: installs packages, builds, simulates a small
# survey whose truth is known, runs one brick of it with the camera plugins found at run time, and compares.
#   tools/demo.sh [DIRECTORY]      (default: demo, in the checkout)
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-demo}

echo "== setting up"
tools/setup.sh
echo "== building (a few minutes the first time)"
cmake --preset release >/dev/null
cmake --build --preset release

bin=build/release/bin
rm -rf "$dir/survey" "$dir/out"
echo "== simulating a survey in $dir/survey"
"$bin/simulate-survey" "$dir/survey" --seed 7 --size 500 --bands grz --nexp 2
read -r brick x0 x1 y0 y1 < <(python3 -c '
import json, sys
s = json.load(open(sys.argv[1]))
print(s["brick"], *s["zoom"])' "$dir/survey/sim.json")

echo "== running brick $brick with the cameras of build/release/plugins"
"$bin/runbrick" --survey-dir "$dir/survey" --brick "$brick" --zoom "$x0" "$x1" "$y0" "$y1" \
  --plugin-dir build/release/plugins --outdir "$dir/out" --threads "$(nproc)" --no-wise \
  --gaia-dir "$dir/survey/gaia" --gaia-version 2 --no-large-galaxies --no-star-clusters

echo "== found against true fluxes"
"$bin/simulate-survey" compare "$dir/survey" "$dir/out"

echo "== pictures"
ls "$dir"/out/coadd/*/*/*.jpg
