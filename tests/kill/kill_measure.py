#!/usr/bin/env python3
"""Kills runs of make-ccds --measure at random moments, carries them on, and compares with a run that was let alone.

usage: kill_measure.py --make-ccds FILE --simulate-survey FILE --plugins DIR [--times N] [--seed S] [--threads N]

Each time a run is ended twice, in turn by SIGKILL and by SIGTERM (exit code 75), and a file of a finished CCD is cut short. In the end the table and the images' tables must be the same, byte by byte,
and nothing else may be there. Exits with 1 if anything else came of it.
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


def files_in(*places):
    return {str(path.relative_to(place.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
            for place in places for path in sorted([place] if place.is_file() else place.rglob("*"))
            if path.is_file()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--make-ccds", required=True)
    parser.add_argument("--simulate-survey", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("GAIA", "PS1", "SDSS", "DUST", "LEGACY", "BRICKLINE"))}
    environment["XDG_DATA_HOME"] = "/nonexistent"
    failures, kept_most, ended = [], 0, 0

    with tempfile.TemporaryDirectory() as work:
        survey = Path(work) / "survey"
        subprocess.run([options.simulate_survey, survey, "--quiet", "--size", "300", "--nexp", "3", "--bands", "rz",
                        "--density", "3", "--star-density", "30", "--bright", "15.5", "--faint", "22"],
                       check=True, stdout=subprocess.DEVNULL)
        table, stars, terms = survey / "survey-ccds-made.fits.gz", survey / "zpt", survey / "calib/wcs"

        def start():
            return subprocess.Popen(
                [options.make_ccds, "--measure", "--survey-dir", survey, "--plugin-dir", options.plugins, "--skip-calibs",
                 "--gaia-dir", survey / "gaia", "--photometry", "gaia", "--astrometry", "linear", "--threads",
                 str(options.threads)],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def clear():
            table.unlink(missing_ok=True)
            for place in (stars, terms):
                shutil.rmtree(place, ignore_errors=True)

        whole = start()
        text, _ = whole.communicate()
        if whole.returncode != 0:
            sys.exit("the undisturbed run failed:\n" + text)
        expected = files_in(table, stars, terms)
        if len(expected) < 13 or any("finished" in name or "tmp-" in name for name in expected):
            sys.exit(f"the undisturbed run left something else: {sorted(expected)}")

        for number in range(options.times):
            clear()
            for turn in range(2):
                run = start()
                # By what is finished, so that it does not matter how busy the machine is; or within the last writing.
                finished = lambda: list(stars.glob("finished-made/*.ccd"))
                wanted = len(finished()) + chance.randint(1, 2)
                in_writing = number % 3 == 2 and turn == 1
                while run.poll() is None and (not list(stars.rglob("*-photom.fits")) if in_writing
                                              else len(finished()) < wanted):
                    time.sleep(0.001)
                way = signal.SIGKILL if (number + turn) % 2 == 0 else signal.SIGTERM
                run.send_signal(way)
                text, _ = run.communicate()
                if run.returncode == 0:
                    break
                ended += 1
                if run.returncode != (-9 if way == signal.SIGKILL else 75):
                    failures.append(f"{number}: {way.name} ended it with {run.returncode}:\n{text}")
                kept = sorted(finished())
                kept_most = max(kept_most, len(kept))
                if table.exists():
                    failures.append(f"{number}: the table is there before the end")
                if kept and turn == 1:
                    file = chance.choice(kept)
                    file.write_bytes(file.read_bytes()[:chance.randrange(file.stat().st_size)])
            else:
                run = start()
                text, _ = run.communicate()
                if run.returncode != 0:
                    failures.append(f"{number}: carried on it ended with {run.returncode}:\n{text}")
            found = files_in(table, stars, terms) if table.exists() else {}
            if found != expected:
                other = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
                failures.append(f"{number}: other files, or other bytes in them: {other}")
    if ended < options.times or kept_most == 0:
        failures.append(f"{ended} runs were ended, at most {kept_most} CCDs were finished by then: nothing was tried")
    for failure in failures:
        print(failure)
    print(f"{options.times} runs, ended {ended} times, at most {kept_most} CCDs kept, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
