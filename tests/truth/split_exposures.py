#!/usr/bin/python3
"""The errors of real catalogs put to the test: each half of a field's exposures is made into a catalog of its own, and
`catalog-tool split-test` tells how far the two differ in units of their errors (the width should be 1).

usage: split_exposures.py BUILD WORK [--data DIR] [CASE]... [--simulated SIZE] [--way WAY]...

A CASE is a folder of DATA/golden whose bands have two exposures or more each (without: sim300 testcase6). --simulated: a
field of simulate-survey, four exposures per band, as another case. The exposures of a band take turns between the halves,
by date; what is masked as an outlier is what all of them say. Besides, the whole field's catalog is measured on each
exposure (forced-photom), pairs of them against each other: more pairs, of errors that know of pixels alone. `split-test` compares two catalogs; it does not split: this does, with two CCD tables and links to the survey's
other files. By hand:

  runbrick --survey-dir HALF-A --brick ... --fit joint --outdir A      (and HALF-B, B)
  catalog-tool split-test A/tractor/BBB/tractor-BRICK.fits B/tractor/BBB/tractor-BRICK.fits

Fields with one exposure of a band cannot be split: that is told, and passes. Exit code 77 where there are no data."""
import argparse
import re
import shutil
import sys
from collections import defaultdict
from pathlib import Path

from brick_runs import NO_CATALOGS, WAYS, GoldenCase, Programs, Table, fits, np, product
from fields import error_of_median, spread

EFFICIENCY_OF_MAD = 0.3675  # core/catalog/split_test.h


def halves(survey, work):
    """Two directories like `survey` whose CCD tables have half of the exposures each; nothing if a band has but one."""
    tables = sorted(survey.glob("survey-ccds-*.fits*"))
    exposures = defaultdict(set)
    rows = []
    for file in tables:
        with fits.open(file) as opened:
            data = opened[1].data
            rows.append((file, data.copy()))
        for ccd in rows[-1][1]:
            exposures[ccd["filter"].strip()].add((float(ccd["mjd_obs"]), int(ccd["expnum"]), ccd["camera"].strip()))
    alone = [band for band, all_of in exposures.items() if len(all_of) < 2]
    if alone or not exposures:
        print(f"cannot be split: one exposure in {', '.join(sorted(alone)) or 'no band'}")
        return None
    made = []
    for half in (0, 1):
        directory = work / f"half-{'ab'[half]}"
        directory.mkdir(parents=True, exist_ok=True)
        if (directory / "metrics").is_symlink():  # into the survey: what is put there is the half's own
            (directory / "metrics").unlink()
        for entry in survey.iterdir():
            if entry.name != "metrics" and not entry.name.startswith("survey-ccds") and not (directory / entry.name).is_symlink():
                (directory / entry.name).symlink_to(entry.resolve())
        chosen = {(band, number, camera) for band, all_of in exposures.items()
                  for i, (_, number, camera) in enumerate(sorted(all_of)) if i % 2 == half}
        for file, data in rows:
            keep = [(c["filter"].strip(), int(c["expnum"]), c["camera"].strip()) in chosen for c in data]
            name = re.sub(r"(\.kd)?\.fits(\.gz)?$", ".fits.gz", file.name)
            fits.BinTableHDU(data[keep]).writeto(directory / name, overwrite=True)
        made.append(directory)
    return made


def between_exposures(programs, survey, whole, environment):
    """Prints how far fluxes on pairs of exposures differ, of the places and shapes of the whole field's catalog."""
    file = whole / "forced.fits"
    file.unlink(missing_ok=True)
    programs.run("forced-photom", "--survey-dir", survey, "--plugin-dir", programs.build / "plugins", "--outlier-dir", whole,
                 "--catalog", product(whole, "tractor/*/tractor-*.fits"), "--out", file, environment=environment)
    rows = Table.read(file)
    rows = rows[rows["flux_ivar"] > 0]
    rows.sort("mjd")
    for band in sorted(set(rows["filter"])):
        of_source = defaultdict(list)
        for row in rows[rows["filter"] == band]:
            of_source[row["objid"]].append((float(row["flux"]), 1 / float(row["flux_ivar"])))
        pulls = np.array([(a[0] - b[0]) / np.sqrt(a[1] + b[1]) for found in of_source.values()
                          for a, b in zip(found[::2], found[1::2])])
        if len(pulls) < 2:
            print(f"between exposures, {band.strip()}: {len(pulls)} pairs")
            continue
        width = spread(pulls)
        print(f"between exposures, {band.strip()}: {len(pulls)} pairs  median {np.median(pulls):.2f} +- {error_of_median(pulls):.2f}  "
              f"width {width:.2f} +- {width / np.sqrt(2 * EFFICIENCY_OF_MAD * len(pulls)):.2f}  "
              f"beyond 5 {np.mean(np.abs(pulls) > 5):.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared/data")
    parser.add_argument("--simulated", type=int, metavar="SIZE")
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--way", action="append", choices=WAYS)
    options = parser.parse_intermixed_args()
    programs = Programs(options.build)
    fields = []
    for name in options.cases or ([] if options.simulated else ["sim300", "testcase6"]):
        case = GoldenCase(options.data, name)
        fields.append((name, case.survey, case.words, case.environment))
    if options.simulated:
        survey = options.work / f"simulated-{options.simulated}-{options.seed}"
        words = programs.simulate(survey, "--size", options.simulated, "--seed", options.seed, "--nexp", 4)
        fields.append((survey.name, survey, words + NO_CATALOGS, {}))
    for name, survey, words, environment in fields:
        print(f"== {name}")
        work = options.work / "split" / name
        parts = halves(survey, work)
        if not parts:
            continue
        for way in options.way or WAYS:
            # What only one exposure shows (a satellite's trail) is known from all of them; a half may have too few to tell.
            whole, outs = work / f"{way}-whole", []
            print(f"-- {name}, --fit {way}")
            programs.brick(survey, whole, words, way, environment)
            between_exposures(programs, survey, whole, environment)
            masks = Path(product(whole, "metrics/*/outlier-mask-*.fits.fz")).relative_to(whole)
            for part in parts:
                (part / masks).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(whole / masks, part / masks)
                outs.append(work / f"{way}-{part.name}")
                programs.brick(part, outs[-1], [*words, "--cache-outliers"], way, environment)
            catalogs = [product(out, "tractor/*/tractor-*.fits") for out in outs]
            print(programs.run("catalog-tool", "split-test", *catalogs), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
