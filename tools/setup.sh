#!/usr/bin/env bash
# Installs the Debian 12 packages that Brickline is built and tested with. Asks for nothing; does nothing if they
# are all there. Needs root, or sudo that asks for no password.
#   tools/setup.sh [--programs]      --programs: what the programs need, without what only the tests do
set -euo pipefail

packages=(
  # compiler and build tools
  g++ gcc make cmake ninja-build pkg-config git ca-certificates
  # libraries
  libboost-dev libcfitsio-dev wcslib-dev liberfa-dev libeigen3-dev libfftw3-dev libfmt-dev libtbb-dev libre2-dev
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libjpeg-dev libpng-dev zlib1g-dev libssl-dev libexpat1-dev
  # programs that `calibrate` runs
  source-extractor psfex
)
tests=(
  libgtest-dev libgmock-dev libbenchmark-dev
  # readers and writers of FITS files that share nothing with ours
  python3 python3-numpy python3-scipy python3-astropy python3-astropy-healpix libcfitsio-bin
  # a browser, and how to drive it: the page of a run
  chromium chromium-driver python3-selenium
  # a cluster of one machine, and another engine: many bricks by a plan
  slurm-wlm munge parallel
  # another compiler for the SDK and the fuzz targets (with its libFuzzer and sanitizers), the formatting, exported symbols
  clang libclang-rt-dev clang-format binutils libc++-dev libc++abi-dev abigail-tools
)
case ${1-} in
  "") packages+=("${tests[@]}") ;;
  --programs) ;;
  *)
    echo "setup.sh: unknown word '$1' (it takes --programs, or nothing)" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "setup.sh: these Debian packages are missing and only root can install them: ${missing[*]}" >&2
    exit 4
  fi
  run=(sudo -n)
fi
echo "setup.sh: installing ${#missing[@]} Debian packages" >&2
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
