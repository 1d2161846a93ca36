#!/usr/bin/env python3
"""Kills runs of forced-photom --list at random moments, carries them on, and compares with a run that was let alone.

usage: kill_forced.py --forced-photom FILE --plugins DIR --data DIR [--times N] [--seed S] [--threads N]

DIR holds surveys/sim300 and golden/sim300, whose six exposures are the list. Each time a run is ended once, twice or
three times, in turn by SIGKILL and by SIGTERM (exit code 75). After each end every table that is there must be whole;
when the list is done, the directory must hold the same files, byte by byte, and no others.
Exits with 1 if anything else came of it, and with 77 if the data are not there.
"""
import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPOSURES = range(900301, 900307)


def files_in(out):
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(out.rglob("*")) if path.is_file()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--forced-photom", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--times", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    survey, products = Path(options.data) / "surveys/sim300", Path(options.data) / "golden/sim300/products"
    if not survey.is_dir() or not products.is_dir():
        print("skipped: there is no", survey, "or", products)
        return 77
    chance = random.Random(options.seed)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("GAIA", "LARGEGAL", "LEGACY", "BRICKLINE"))}
    environment |= {"GAIA_CAT_DIR": str(survey / "gaia"), "GAIA_CAT_VER": "2", "XDG_DATA_HOME": "/nonexistent"}
    failures, ended, half_written = [], {}, 0

    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        (work / "list").write_text("".join(f"{expnum}\n" for expnum in EXPOSURES))

        def start(out):
            return subprocess.Popen(
                [options.forced_photom, "--list", work / "list", "--survey-dir", survey, "--plugin-dir",
                 options.plugins, "--catalog-dir", products, "--outlier-dir", products, "--out-dir", out,
                 "--derivs", "--apphot", "--threads", str(options.threads)],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        began = time.monotonic()
        whole = start(work / "whole")
        said = whole.communicate()[0]
        seconds = time.monotonic() - began
        expected = files_in(work / "whole")
        if whole.returncode != 0 or len(expected) != 2 * len(EXPOSURES):
            sys.exit("the undisturbed run failed:\n" + said)

        for number in range(options.times):
            out = work / "out"
            shutil.rmtree(out, ignore_errors=True)
            for turn in range(1 + number % 3):
                how = signal.SIGKILL if (number + turn) % 2 == 0 else signal.SIGTERM
                run = start(out)
                time.sleep(chance.random() * seconds)
                run.send_signal(how)
                said = run.communicate()[0]
                ended[run.returncode] = ended.get(run.returncode, 0) + 1
                # SIGTERM before the program has begun to listen ends it at once.
                if run.returncode not in ((0, -how) if how == signal.SIGKILL else (0, 75, -how)):
                    failures.append(f"{number}: {how.name}: exit code {run.returncode}\n{said}")
                for name, digest in files_in(out).items():
                    if "tmp-" in name:
                        half_written += 1
                        os.utime(out / name, (0, 0))  # as if it were long ago
                    elif digest != expected.get(name):
                        failures.append(f"{number}: {how.name}: {name} is not whole")
            run = start(out)
            said = run.communicate()[0]
            if run.returncode != 0:
                failures.append(f"{number}: carried on, it ended with exit code {run.returncode}\n{said}")
            found = files_in(out)
            other = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
            if other:
                failures.append(f"{number}: other files: " + ", ".join(other))
    print("runs ended early, by exit code:", dict(sorted(ended.items())), "- temporary files left:", half_written)
    for failure in failures:
        print("FAILED", failure)
    print(f"{len(failures)} failures")
    return 1 if failures or not any(code != 0 for code in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
