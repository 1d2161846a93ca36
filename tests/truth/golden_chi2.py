#!/usr/bin/python3
"""Which way of fitting leaves less of the images: chi-squared of the model coadds (image, model and invvar products) summed
over each real field, per band. Both ways' models are held against the same image, that of the reference's way, but for the
sky that each has taken off; where they differ by less than the step of the coadds' compression they are the same: its dither
is another in every run, and adds up to ten to chi-squared in fields as large as sim300.

usage: golden_chi2.py BUILD WORK [--data DIR] [CASE]...

A CASE is a folder of DATA/golden (without: all that are runs of a brick). Wanted: the joint way's at most the other's in
every band of every case. Exit code 1 if it is more somewhere, 77 where there are no data."""
import argparse
import json
import sys
from pathlib import Path

from brick_runs import STEP_OF_MODELS, WAYS, GoldenCase, Programs, bands_of, catalog, coadd, coadd_sky, np, row


def chi2_of_both(outs):
    """Per band of each way."""
    sums = {way: {} for way in WAYS}
    for band in bands_of(outs[WAYS[0]]):
        image, first, weight = (coadd(outs[WAYS[0]], what, band) for what in ("image", "model", "invvar"))
        for way in WAYS:
            model = coadd(outs[way], "model", band)
            model = np.where(np.abs(model - first) < STEP_OF_MODELS, first, model)
            sky = coadd_sky(outs[WAYS[0]], band) - coadd_sky(outs[way], band)
            sums[way][band] = float((weight * (image + sky - model) ** 2).sum())
    return sums


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared/data")
    options = parser.parse_intermixed_args()
    programs = Programs(options.build)
    names = options.cases or sorted(file.parent.name for file in (options.data / "golden").glob("*/case.json")
                                    if "args" in json.loads(file.read_text()))
    widths = (16, 6, 14, 14, 10, 8, 8)
    row("case", "band", *WAYS, "ratio", "rows", "rows", widths=widths)
    worse = 0
    for name in names or ["mzlsbass2"]:  # that a missing directory is told
        case = GoldenCase(options.data, name)
        outs, rows = {way: options.work / name / way for way in WAYS}, []
        for way in WAYS:
            programs.brick(case.survey, outs[way], case.words, way, case.environment)
            rows.append(len(catalog(outs[way])))
        sums = chi2_of_both(outs)
        for band in sums["reference"]:
            one, other = (sums[way][band] for way in WAYS)
            worse += other > one
            row(name, band, f"{one:.1f}", f"{other:.1f}", f"{other / one:.4f}", *rows, "WORSE" if other > one else "",
                widths=(*widths, 8))
    print(f"{'SHORT ' if worse else 'ok    '} {worse} bands are worse in the joint way")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
