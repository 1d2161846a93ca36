#!/usr/bin/python3
"""What the joint fit costs beside the other way: a simulated field is run up to the stage srcs once per way, then its stage
fitblobs alone is timed, on one thread and on two.

usage: full_brick.py BUILD WORK [--size PIXELS] [--seed N] [--exposures N]

3600 pixels, the default, are a full brick (some 7,450 sources); --size 1500 has the same density and takes a sixth of the
time. Prints CPU and wall seconds and peak memory as the stage tells them. Wanted: CPU at most 4 times the other way's,
memory at most 1.3 times, two threads at least 1.8 times as fast as one (which wants two idle cores: on a busy machine the
wall clock says nothing). Exit code 1 if CPU or memory are more."""
import argparse
import re
import subprocess
import sys
from pathlib import Path

from brick_runs import NO_CATALOGS, WAYS, Programs, clean, row

STAGE = re.compile(r"stage fitblobs\s+([\d.]+) s wall\s+([\d.]+) s CPU\s+(\d+) MB peak")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--size", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exposures", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()
    programs = Programs(options.build)
    survey = options.work / f"brick-{options.size}-{options.seed}"
    words = programs.simulate(survey, "--size", options.size, "--seed", options.seed, "--nexp", options.exposures)
    common = [programs.build / "bin/runbrick", "--survey-dir", survey, "--plugin-dir", programs.build / "plugins", "--no-page",
              *words, *NO_CATALOGS, "--outdir", options.work / "out", "--keep-state"]

    def run(*more):
        result = subprocess.run(list(map(str, [*common, *more])), env=clean({}), text=True, capture_output=True)
        if result.returncode not in (0, 6):
            sys.exit(f"ended with {result.returncode}\n{result.stderr}")
        return result.stderr

    run("--stage", "srcs")  # what comes before is the same for both ways
    told = {}
    row("", "wall s", "CPU s", "peak MB", widths=(26, 12, 12, 12))
    for way in WAYS:
        for threads in options.threads.split(","):
            log = run("--fit", way, "--threads", threads, "--stage", "fitblobs", "--force-stage", "fitblobs")
            wall, cpu, memory = map(float, STAGE.search(log).groups())
            told[way, threads] = wall, cpu, memory
            row(f"{way}, {threads} threads", wall, cpu, memory, widths=(26, 12, 12, 12))
    good = True
    first = options.threads.split(",")[0]
    for i, what, limit in ((1, "CPU", 4.0), (2, "memory", 1.3)):
        ratio = told["joint", first][i] / told["reference", first][i]
        good &= ratio <= limit
        print(f"{'ok    ' if ratio <= limit else 'SHORT '} {what} of joint / of reference: {ratio:.2f} (wanted: {limit})")
    if "2" in options.threads and "1" in options.threads:
        for way in WAYS:
            print(f"       {way}: two threads are {told[way, '1'][0] / told[way, '2'][0]:.2f} times as fast as one")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
