#!/usr/bin/env bash
# From a bare Debian 12 machine to a fitted brick of simulated sky: installs packages, builds, simulates a small
# survey whose truth is known, runs one brick of it with the camera plugins found at run time, and compares.
#   tools/demo.sh [DIRECTORY]      (default: demo, in the checkout)
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-demo}

# About twelve minutes of one processor to build everything, and half a minute for the rest.
minutes=$(((12 + $(nproc) - 1) / $(nproc)))
if [ ! -x build/release/bin/runbrick ]; then
  echo "This takes about $((minutes + 2)) minutes the first time ($minutes of them to build, $(nproc) processors), then one."
fi
echo "== installing packages"
tools/setup.sh --programs
echo "== building the programs and the cameras"
cmake --preset release -DBRICKLINE_TESTS=OFF -DBRICKLINE_BENCHMARKS=OFF >/dev/null
cmake --build --preset release --target programs

bin=build/release/bin
rm -rf "$dir/survey" "$dir/out"
echo "== simulating a survey in $dir/survey"
read -r -a region < <("$bin/simulate-survey" "$dir/survey" --seed 7 --size 500 --bands grz --nexp 2 \
  --wise 1 --wise-epochs 2)
echo "== running on ${region[*]} with the cameras of build/release/plugins"
"$bin/runbrick" --survey-dir "$dir/survey" "${region[@]}" \
  --plugin-dir build/release/plugins --outdir "$dir/out" --threads "$(nproc)" \
  --unwise-dir "$dir/survey/wise/unwise" --unwise-tr-dir "$dir/survey/wise/unwise-tr" \
  --unwise-psf-dir "$dir/survey/wise/psf" \
  --gaia-dir "$dir/survey/gaia" --gaia-version 2 --no-large-galaxies --no-star-clusters

echo "== found against true fluxes"
"$bin/simulate-survey" compare "$dir/survey" "$dir/out"

echo "== pictures"
ls "$dir"/out/coadd/*/*/*.jpg
