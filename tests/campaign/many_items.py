#!/usr/bin/python3
"""How long `survey` takes over very many items with a worker that does nothing: plan, hand-out, status, advance.

usage: many_items.py BUILD WORK [--items N] [--ccds N]

Prints seconds and the greatest memory of each, the number of files of the plan and of the fullest directory.
"""
import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy
from astropy.io import fits
from astropy.table import Table

from small_survey import SmallSurvey, environment


def timed(name, words):
    began = time.monotonic()
    before = os.times()
    process = subprocess.Popen([str(word) for word in words], env=environment(), stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    after = os.times()
    print(f"{name:<10} {time.monotonic() - began:7.2f} s wall, {used.ru_utime + used.ru_stime:7.2f} s CPU, "
          f"{used.ru_maxrss / 1024:6.0f} MB, exit code {os.waitstatus_to_exitcode(status)}", flush=True)
    return out


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("work")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--ccds", type=int, default=200_000)
    options = parser.parse_args()
    small = SmallSurvey(options.build, options.work, count=1)
    survey = small.work / "many"
    survey.mkdir()
    chance = numpy.random.default_rng(1)

    n = options.items
    dec = numpy.degrees(numpy.arcsin(chance.uniform(-0.9, 0.9, n)))
    ra = chance.uniform(0, 360, n)
    names = numpy.array([f"{i:08d}" for i in range(n)])
    bricks = Table({"BRICKNAME": names, "BRICKID": numpy.arange(1, n + 1, dtype="i4"), "BRICKQ": numpy.zeros(n, "i2"),
                    "BRICKROW": numpy.zeros(n, "i4"), "BRICKCOL": numpy.zeros(n, "i4"), "RA": ra, "DEC": dec,
                    "RA1": ra - 0.1, "RA2": ra + 0.1, "DEC1": dec - 0.1, "DEC2": dec + 0.1})
    bricks.write(survey / "survey-bricks.fits.gz", format="fits")
    Table({"brickname": names}).write(small.work / "list.fits", format="fits")
    one = Table.read(small.directory / "survey-ccds-sim.fits.gz")
    ccds = one[numpy.zeros(options.ccds, int)]
    for column, values in (("ra", chance.uniform(0, 360, options.ccds)),
                           ("dec", numpy.degrees(numpy.arcsin(chance.uniform(-0.9, 0.9, options.ccds))))):
        ccds[column] = values
        ccds["crval1" if column == "ra" else "crval2"] = values
    ccds["crpix1"], ccds["crpix2"] = ccds["width"] / 2, ccds["height"] / 2
    ccds["expnum"] = numpy.arange(options.ccds)
    ccds["image_filename"] = numpy.array([f"{i:08d}.fits" for i in range(options.ccds)])
    ccds.write(survey / "survey-ccds-many.fits.gz", format="fits")

    program, plan = small.bin / "survey", small.work / "plan"
    print(timed("plan", [program, "plan", plan, "--bricks", small.work / "list.fits", "--worker", "/bin/true", "--",
                         "--survey-dir", survey, "--outdir", small.work / "out", "--bands", "g,r"]), end="")
    timed("status", [program, "status", plan])
    handed = timed("hand-out", [program, "hand-out", plan, "--task-minutes", "100000"])
    _, tasks = map(int, handed.split())
    print(tasks, "tasks")
    # What a worker that does nothing would leave, were it believed: began and ended, an item after the other.
    import json
    for bundles in (plan / "rounds/000/000000").glob("*/bundles.jsonl"):
        for line in bundles.read_text().splitlines():
            bundle = json.loads(line)
            with open(bundles.parent / f"task-{bundle['bundle']:06d}.journal", "w") as journal:
                for done, (row, name, _, attempt, *_) in enumerate(bundle["items"], 1):
                    journal.write(f"began\t{row}\t{attempt}\t1800000000.000\t{name}\tnode\t4000\t0\t0\t.\n")
                    journal.write(f"ended\t{row}\t{attempt}\t1800000001.000\t{name}\t0\t1.000\t0.500\t30.000\tdone\t100\t\t.\n"
                                  f"sums\t{done}\t{done}\t0\t0\t0\t{done / 2:.3f}\t.\n")
    print(timed("status", [program, "status", plan]).splitlines()[1])
    print(timed("advance", [program, "advance", plan, "--after", "0"]), end="")
    timed("advance", [program, "advance", plan])
    print(timed("status", [program, "status", plan]).splitlines()[1])
    timed("why", [program, "why", plan, names[n // 2]])
    entries = [len(files) + len(directories) for _, directories, files in os.walk(plan)]
    print(f"{sum(entries)} files and directories, at most {max(entries)} in one; "
          f"{sum(f.stat().st_size for f in plan.rglob('*') if f.is_file()) / 1e6:.0f} MB")
    shutil.rmtree(small.work)


if __name__ == "__main__":
    sys.exit(main())
