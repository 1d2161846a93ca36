#!/usr/bin/env python3
"""make-ccds solve on a whole survey: writes the tables that --measure would leave of N CCDs whose zero points are known,
runs the program on them, and says time, memory and how far it is from the truth.

usage: solve_survey.py --make-ccds FILE --work DIR [--ccds N] [--amplifiers night|run|all] [--plugin-dir DIR] [--keep] [-- WORD ...]

60 CCDs an exposure, five exposures over each place, 60 stars on a CCD: 100,000 CCDs are 1,667 star tables of 0.4 GB.
With --amplifiers the halves of each CCD differ, by a gain that stays. Words behind -- are for the program.
"""
import argparse
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

COLUMNS, ROWS, DEPTH, STARS = 10, 6, 5, 60
PROVIDER, EXPOSURE = 0.004, 0.003  # mag: errors of a CCD's zero point, and of an exposure's in common


def table(columns, header=None):
    hdu = fits.BinTableHDU.from_columns([fits.Column(name=name, format=form, array=values)
                                         for name, form, values in columns])
    hdu.header.update(header or {})
    return hdu


def make(work, exposures, amplifiers, chance):
    side = int(np.sqrt(exposures / DEPTH * COLUMNS * ROWS)) + 1
    shape = (side, side, STARS)
    x = np.arange(side)[None, :, None] + chance.random(shape)
    y = np.arange(side)[:, None, None] + chance.random(shape)
    mag = 16 + 4 * chance.random(shape)
    error = 0.01 * (np.arange(STARS) % 3 + 1) / 3 * np.ones(shape)
    number = 1 + np.arange(x.size).reshape(shape)
    gains = 0.05 * chance.normal(size=COLUMNS * ROWS)
    halves = (0.02 if amplifiers else 0) * np.random.default_rng(2).normal(size=gains.size)
    truth, rows = [], {name: [] for name in ("image_filename", "ccdname", "expnum", "mjd_obs", "ccdzpt")}
    for e in range(exposures):
        left, bottom = chance.random() * (side - COLUMNS), chance.random() * (side - ROWS)
        box = np.s_[int(bottom):int(bottom) + ROWS + 1, int(left):int(left) + COLUMNS + 1]
        inside = (x[box] >= left) & (x[box] < left + COLUMNS) & (y[box] >= bottom) & (y[box] < bottom + ROWS)
        sx, sy, sm, se, sn = (v[box][inside] for v in (x, y, mag, error, number))
        ccd = (sx - left).astype(int) + COLUMNS * (sy - bottom).astype(int)
        zero_points = 25 + 0.03 * chance.normal() + gains + 0.003 * chance.normal(size=gains.size)
        provider = zero_points + PROVIDER * chance.normal(size=gains.size) + EXPOSURE * chance.normal()
        order = np.argsort(ccd, kind="stable")
        sx, sy, sm, se, sn, ccd = (v[order] for v in (sx, sy, sm, se, sn, ccd))
        along = (sx - left) % 1
        of_half = np.where(along < 0.5, halves[ccd], -halves[ccd])
        instrumental = sm - zero_points[ccd] - of_half + se * chance.normal(size=sm.size)
        provider += np.bincount(ccd, of_half, gains.size) / np.maximum(1, np.bincount(ccd, minlength=gains.size))
        image = f"cam/e{e:05d}.fits"
        n = sm.size
        names = np.array([f"C{k:02d}" for k in range(gains.size)])
        table([("ccdname", "3A", names[ccd]), ("filter", "1A", np.full(n, "r")), ("expnum", "K", np.full(n, 1000 + e)),
               ("instpsfmag", "E", instrumental), ("dpsfmag", "E", se), ("psfmag", "E", instrumental + provider[ccd]),
               ("bitmask", "J", np.zeros(n, int)), ("fracmasked", "E", np.zeros(n)), ("gaia_sourceid", "K", sn),
               ("x_fit", "E", 2046 * along - 0.5), ("y_fit", "E", np.full(n, 2000)), ("used_for_photzpt", "L", np.ones(n, bool)),
               ("ra", "D", 10 + 0.2 * sx), ("dec", "D", -14 + 0.2 * sy)],
              {"FILENAME": image}).writeto(work / "stars" / f"e{e:05d}-photom.fits", overwrite=True)
        truth += list(zero_points)
        rows["image_filename"] += [image] * names.size
        rows["ccdname"] += list(names)
        rows["expnum"] += [1000 + e] * names.size
        rows["mjd_obs"] += [57000.2 + e // 40] * names.size
        rows["ccdzpt"] += list(provider)
    n = len(truth)
    table([("image_filename", "20A", rows["image_filename"]), ("ccdname", "3A", rows["ccdname"]),
           ("expnum", "K", rows["expnum"]), ("mjd_obs", "D", rows["mjd_obs"]), ("ccdzpt", "D", rows["ccdzpt"]),
           ("ccdzpt_error", "E", np.full(n, PROVIDER)), ("camera", "5A", np.full(n, "decam")),
           ("width", "I", np.full(n, 2046)), ("height", "I", np.full(n, 4094)),
           ("filter", "1A", np.full(n, "r"))]).writeto(work / "table.fits", overwrite=True)
    return np.array(truth), halves


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-ccds", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ccds", type=int, default=100_000)
    parser.add_argument("--amplifiers", choices=["night", "run", "all"])
    parser.add_argument("--plugin-dir", help="of decam, whose facts say where amplifiers are")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    work = options.work
    (work / "stars").mkdir(parents=True)
    truth, halves = make(work, -(-options.ccds // (COLUMNS * ROWS)), options.amplifiers, np.random.default_rng(1))
    more = ["--amplifiers", options.amplifiers] if options.amplifiers else []
    more += ["--plugin-dir", options.plugin_dir] if options.plugin_dir else []
    more += options.words
    began = time.monotonic()
    done = subprocess.run([options.make_ccds, "solve", work / "table.fits", work / "solved.fits", work / "stars", *more],
                          stdout=subprocess.PIPE, text=True)
    wall = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stdout.splitlines()[-1] if done.stdout else "")
    if done.returncode:
        sys.exit(f"make-ccds solve ended with {done.returncode}")
    solved = fits.getdata(work / "solved.fits", 1)
    apart = solved["ccdzpt"] - truth
    print(f"{truth.size} CCDs: {wall:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} CPU seconds, "
          f"{usage.ru_maxrss / 2**20:.2f} GB, rms {1000 * np.sqrt(np.mean(apart**2)):.2f} mmag, "
          f"pulls {np.sqrt(np.mean((apart / solved['ccdzpt_error'])**2)):.2f}")
    if options.amplifiers:
        a = fits.getdata(work / "solved.fits", "AMPLIFIERS")
        true = halves[[int(name[1:]) for name in a["ccdname"]]] * np.where(a["box"][:, 0] == 0, 1, -1)
        apart = (a["zpt_difference"] - true)[a["common_stars"] > 0]
        errors = a["zpt_difference_error"][a["common_stars"] > 0]
        print(f"{apart.size} amplifiers: rms {1000 * np.sqrt(np.mean(apart**2)):.2f} mmag, "
              f"pulls {np.sqrt(np.mean((apart / errors)**2)):.2f}")
    if not options.keep:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
