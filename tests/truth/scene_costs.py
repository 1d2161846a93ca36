#!/usr/bin/python3
"""What the joint fit costs where it is dearest: stage fitblobs of simulated fields, in both ways, on one thread.

usage: scene_costs.py BUILD WORK [SCENE]... [--seed N] [--joint OPTION]...

crowded   300 stars per square arcminute down to magnitude 24, 180 pixels
near      a hundred stars of magnitude 16 to 17 on a grid, each with a galaxy 1 to 2 arcsec beside it
large     a dozen galaxies of 100 to 600 nanomaggies and radii of 2.5 to 4 arcsec, so near to each other that they are one blob
bulges    a grid of 48 bulges with disks of S/N 75 and more, half of them with a star or a galaxy 3 to 5 arcsec beside them

--joint: an option more of the joint way (--joint=--no-bulge-disk). Prints CPU seconds and peak memory of the stage, rows,
true sources, the share of those of S/N > 8 that is missing, spurious rows, the width of (flux - truth)/sigma in the worst
band, bulges with disks found of those matched, those found that are none, chi-squared of the model coadds, and NCUT. Nothing
is wanted of it: what the guide says of cost is read off it."""
import argparse
import re
import sys
from pathlib import Path

from brick_runs import LOG, NO_CATALOGS, WAYS, Programs, Table, chi2, fits, np, product, row
from fields import Field, spread

STAGE = re.compile(r"stage fitblobs\s+([\d.]+) s wall\s+([\d.]+) s CPU\s+(\d+) MB peak")
PIXEL = 0.262
BANDS = "grz"
COLOURS = (0.6, 1.0, 1.4)  # flux of each band


class Scene:
    """A table as `simulate-survey --scene` reads it."""

    def __init__(self, seed):
        self.random, self.rows = np.random.default_rng(seed), []

    def add(self, kind, x, y, flux, r=0.0, n=0.0, ba=1.0, bulge=None):
        """`bulge`: radius and share of the flux."""
        pa = self.random.uniform(0, 180)
        self.rows.append((kind, x, y, *(flux * c for c in COLOURS), r, n, ba, pa, *((bulge[0], 0.9, pa) if bulge else (0.0, 1.0, 0.0)),
                          *([bulge[1]] * 3 if bulge else [0.0] * 3)))

    def beside(self, x, y, near, far):
        angle, off = self.random.uniform(0, 2 * np.pi), self.random.uniform(near, far) / PIXEL
        return x + off * np.cos(angle), y + off * np.sin(angle)

    def table(self):
        names = ["type", "bx", "by", *("flux_" + b for b in BANDS), "shape_r", "sersic", "ba", "pa", "shapedev_r", "shapedev_ba",
                 "shapedev_pa", *("fracdev_" + b for b in BANDS)]
        return Table(rows=self.rows, names=names)


def magnitude(m):
    return 10 ** (0.4 * (22.5 - m))


def near(scene):
    side, step = 10, 46
    for i in range(side * side):
        x, y = 30 + step * (i % side), 30 + step * (i // side)
        scene.add("PSF", x, y, magnitude(scene.random.uniform(16, 17)))
        scene.add("EXP", *scene.beside(x, y, 1, 2), magnitude(scene.random.uniform(18, 20)), scene.random.uniform(0.5, 1.5), 1.0,
                  scene.random.uniform(0.4, 1))
    return 30 * 2 + step * (side - 1)


def large(scene):
    for i in range(12):
        x, y = 60 + 45 * (i % 4), 60 + 45 * (i // 4)
        scene.add(("EXP", "DEV", "SER")[i % 3], *scene.beside(x, y, 0, 2), scene.random.uniform(100, 600),
                  scene.random.uniform(2.5, 4), (1.0, 4.0, 2.0)[i % 3], scene.random.uniform(0.4, 1))
    return 255


def bulges(scene):
    side, step = 7, 70
    for i in range(side * side - 1):
        x, y = 40 + step * (i % side), 40 + step * (i // side)
        radius = scene.random.uniform(1.2, 2.5)
        scene.add("COMP", x, y, 10 ** scene.random.uniform(1.0, 2.0), radius, 1.0, scene.random.uniform(0.4, 1),
                  bulge=(radius * scene.random.uniform(0.15, 0.45), scene.random.uniform(0.2, 0.6)))
        flux = 10 ** scene.random.uniform(0, 1)
        if i % 4 == 1:
            scene.add("PSF", *scene.beside(x, y, 3, 5), flux)
        if i % 4 == 3:
            scene.add("EXP", *scene.beside(x, y, 3, 5), flux, scene.random.uniform(0.4, 1), 1.0, scene.random.uniform(0.4, 1))
    return 80 + step * (side - 1)


def survey_of(programs, work, name, seed):
    directory = work / f"{name}-{seed}"
    words = ["--seed", seed, "--bands", BANDS]
    if name == "crowded":
        return directory, programs.simulate(directory, *words, "--size", 180, "--nexp", 3, "--density", 0, "--star-density", 300,
                                            "--faint", 24)
    scene = Scene(seed)
    size = {"near": near, "large": large, "bulges": bulges}[name](scene)
    table = work / f"{name}-{seed}.fits"
    scene.table().write(table, overwrite=True)
    return directory, programs.simulate(directory, *words, "--size", size, "--nexp", 2 if name != "large" else 3, "--scene", table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("scenes", nargs="*", metavar="SCENE")
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--joint", action="append", default=[])
    parser.add_argument("--way", action="append", choices=WAYS)
    options = parser.parse_intermixed_args()
    programs = Programs(options.build)
    options.work.mkdir(parents=True, exist_ok=True)
    widths = (22, 10, 10, 9, 9, 9, 9, 9, 9, 7, 12, 6)
    row("", "CPU s", "peak MB", "sources", "true", "missing", "spurious", "width", "COMP", "false", "chi2", "cut", widths=widths)
    for name in options.scenes or ["crowded", "near", "large"]:
        survey, region = survey_of(programs, options.work, name, options.seed)
        cpu = {}
        for way in options.way or WAYS:
            more = options.joint if way == "joint" else []
            out = options.work / f"{way}-{name}-{options.seed}"
            programs.brick(survey, out, [*region, *NO_CATALOGS, "--threads", 1, *more], way)
            _, cpu[way], memory = map(float, STAGE.search((out / LOG).read_text()).groups())
            field = Field(survey, out, list(BANDS))
            pulls = [np.array([r[0] for r in field.pulls(band)]) for band in BANDS]
            bright = field.snr > 8
            missing = 1 - sum(bright[t] for t, _ in field.pairs) / bright.sum()
            comp = [(field.kind(field.truth, t), field.kind(field.found, f)) for t, f in field.pairs]
            row(f"{name}, {way}", cpu[way], memory, len(field.found), len(field.truth), float(missing), field.spurious,
                float(max(map(spread, pulls))), f"{comp.count(('COMP', 'COMP'))}/{sum(true == 'COMP' for true, _ in comp)}",
                sum(found == "COMP" != true for true, found in comp),
                f"{sum(chi2(out).values()):.0f}", fits.getheader(product(out, "tractor/*/tractor-*.fits")).get("NCUT", 0),
                widths=widths)
        if len(cpu) == 2:
            print(f"    ratio {cpu['joint'] / cpu['reference']:.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
