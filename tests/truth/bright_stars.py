#!/usr/bin/python3
"""What both ways of fitting make of stars and galaxies beside stars of magnitude 12 to 14, held against the truth by distance.

usage: bright_stars.py BUILD WORK [--seeds N,N,...] [--no-halos]

Each seed is a field of nine such stars with sources around them, in r, where DECam's plugin takes off halos, and in Y, of
which it knows none. The simulator draws the plugin's own halos (--no-halos: none, so that what is taken off is not there).
Prints per ring around the stars: found of S/N > 12 in r; rows that are no source; median and width of (flux - truth)/sigma
and the share beyond 5. Exit code 1 if the joint way finds less than the other, or is further off than the limits."""
import argparse
import sys
from pathlib import Path

from brick_runs import WAYS, Programs, Table, catalog, np, region, row

SIZE, PIXEL, BANDS = 520, 0.262, ("r", "Y")
OFFSETS = {"r": -0.107, "Y": -0.310}  # of a star of the scene from G
RINGS = ((0, 3), (3, 7), (7, 12), (12, 25))
WIDTH, BEYOND, SPURIOUS = 1.6, 0.06, 0.02  # of the joint way, beyond 3 arcsec
CATALOGS = ["--no-tycho", "--no-large-galaxies", "--no-star-clusters", "--no-wise"]


def flux(magnitude):
    return 10 ** (0.4 * (22.5 - magnitude))


def scene(seed, path):
    g, rows, placed = np.random.default_rng(seed), [], []
    stars = [(SIZE / 3 * (i + 0.5) + g.uniform(-15, 15), SIZE / 3 * (j + 0.5) + g.uniform(-15, 15))
             for i in range(3) for j in range(3)]
    for x, y in stars:
        mag = g.uniform(12, 14)
        rows.append(("PSF", x, y, 0.0, 1.0, 0.0, 0.0, mag, flux(mag + OFFSETS["r"]), flux(mag + OFFSETS["Y"])))
    for x0, y0 in stars:
        for low, high, count in ((1.2, 3, 0.6), (3, 7, 2), (7, 12, 4), (12, 22, 8)):
            for _ in range(g.poisson(count)):
                r, angle = np.sqrt(g.uniform(low * low, high * high)) / PIXEL, g.uniform(0, 2 * np.pi)
                x, y = x0 + r * np.cos(angle), y0 + r * np.sin(angle)
                if not (12 < min(x, y) and max(x, y) < SIZE - 12) or any(np.hypot(x - a, y - b) * PIXEL < 2.5 for a, b in placed):
                    continue
                placed.append((x, y))
                mag = np.log10(g.uniform(10 ** (0.33 * 20), 10 ** (0.33 * 24))) / 0.33
                kind = g.choice(["PSF", "REX", "EXP", "DEV", "SER"], p=[0.25, 0.3, 0.2, 0.1, 0.15])
                index = {"DEV": 4, "SER": 0.7 + 4.6 * g.uniform() ** 1.3}.get(kind, 1)
                size = np.clip(0.45 * np.exp(0.35 * g.normal()) * 10 ** (-0.12 * (mag - 23)), 0.15, 3)
                rows.append((kind, x, y, size, 1.0 if kind in ("PSF", "REX") else g.uniform(0.3, 1), g.uniform(0, 180), index, 0.0,
                             flux(mag), flux(mag - np.clip(g.normal(0.5, 0.25), -0.2, 1.5))))
    names = ("type", "bx", "by", "shape_r", "ba", "pa", "sersic", "gmag", "flux_r", "flux_Y")
    Table(rows=rows, names=names).write(path, overwrite=True)


class Field:
    def __init__(self, survey, out):
        self.truth, self.found = Table.read(survey / "truth.fits"), catalog(out)
        cosine = np.cos(np.radians(np.median(self.truth["dec"])))

        def apart(a, b):
            return 3600 * np.hypot((np.asarray(b["ra"])[None] - np.asarray(a["ra"])[:, None]) * cosine,
                                   np.asarray(b["dec"])[None] - np.asarray(a["dec"])[:, None])

        d, bright = apart(self.truth, self.found), self.truth[(self.truth["gmag"] > 0) & (self.truth["gmag"] < 14.5)]
        self.pairs, true_used, found_used = {}, set(), set()
        for t, f in zip(*np.unravel_index(np.argsort(d, axis=None), d.shape)):
            if d[t, f] > 0.7:
                break
            if t not in true_used and f not in found_used:
                true_used.add(t), found_used.add(f)
                self.pairs[t] = f
        self.distance, at = apart(bright, self.truth).min(axis=0), apart(bright, self.found).min(axis=0)
        self.spurious = at[d.min(axis=0) > 1.5]
        depth = np.median(self.found["psfdepth_r"][at > 15])
        self.sure = (self.truth["flux_r"] ** 2 * depth > 12 ** 2) & (self.distance > 0.05)

    def inside(self, ring):
        return np.nonzero((self.distance >= max(ring[0], 0.05)) & (self.distance < ring[1]))[0]

    def pulls(self, ring, band):
        got = [(t, self.pairs[t]) for t in self.inside(ring) if t in self.pairs]
        return [(self.found["flux_" + band][f] - self.truth["flux_" + band][t]) * np.sqrt(self.found["flux_ivar_" + band][f])
                for t, f in got if self.found["flux_ivar_" + band][f] > 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", default="171,172,173")
    parser.add_argument("--no-halos", action="store_true")
    options = parser.parse_args()
    programs, fields = Programs(options.build), {way: [] for way in WAYS}
    options.work.mkdir(parents=True, exist_ok=True)
    facts = options.work / "decam.json"
    facts.write_text(programs.run("cameras", "info", "decam", "--facts", "--plugin-dir", programs.build / "plugins"))
    for seed in options.seeds.split(","):
        name = f"{'plain' if options.no_halos else 'halos'}-{seed}"
        survey, file = options.work / f"survey-{name}", options.work / f"scene-{seed}.fits"
        scene(int(seed), file)
        programs.simulate(survey, "--seed", seed, "--size", SIZE, "--bands", ",".join(BANDS), "--filter-map", "Y=z", "--sig1",
                          "r=0.0065,Y=0.016", "--seeing", "r=1.3,Y=1.15", "--nexp", 3, "--scene", file,
                          *([] if options.no_halos else ["--halos", facts]))
        for way in WAYS:
            programs.brick(survey, options.work / f"{way}-{name}", [*region(survey), "--bands", ",".join(BANDS), *CATALOGS], way,
                           {"GAIA_CAT_DIR": str(survey / "gaia")})
            fields[way].append(Field(survey, options.work / f"{way}-{name}"))
    good, found = True, {}
    row("arcsec", "way", "found", "of", "spurious", *(f"{b}: {what}" for b in BANDS for what in ("median", "width", "> 5")),
        widths=(12, 11, 9, 9, 9) + (12,) * 6)
    for ring in RINGS:
        for way in WAYS:
            sure = [(f, t) for f in fields[way] for t in f.inside(ring) if f.sure[t]]
            found[way] = sum(t in f.pairs for f, t in sure)
            spurious = sum(int(((f.spurious >= ring[0]) & (f.spurious < ring[1])).sum()) for f in fields[way])
            cells = []
            for band in BANDS:
                p = np.array([p for f in fields[way] for p in f.pulls(ring, band)])
                told = [np.median(p), 1.4826 * np.median(np.abs(p - np.median(p))), np.mean(np.abs(p) > 5)] if len(p) > 2 else [np.nan] * 3
                cells += [float(f"{v:.3f}") for v in told]
                if way == "joint" and ring[0] >= 3 and not options.no_halos:
                    good &= bool(told[1] <= WIDTH and told[2] <= BEYOND and spurious <= SPURIOUS * max(len(p), 1))
            row("%d to %d" % ring, way, found[way], len(sure), spurious, *cells, widths=(12, 11, 9, 9, 9) + (12,) * 6)
        good &= found["joint"] >= found["reference"]
    print("ok" if good else "SHORT")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
