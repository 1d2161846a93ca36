#!/usr/bin/python3
"""Catalogs of both ways of fitting held against the truth of simulated fields, with what is wanted of the joint way.

usage: fields.py BUILD WORK [--simulator FILE.py] [--seeds N,N,...] [--size PIXELS] [--exposures N] [--bands grz]
                 [--crowded DENSITY] [--faint MAG] [--far N] [--way WAY]...

Fields come from simulate-survey (1000 pixels, seeds 901,902,903 unless said otherwise), or from another program that takes
the same options and writes the same directory (--simulator ../shared/tools/simsurvey.py). --crowded: stars alone, so many
per square arcminute and down to --faint. Prints per field and way what `simulate-survey compare` tells, then the figures of
all fields pooled beside their limits. --far N: of the first field, the N sources beyond 5 sigma that are farthest, with
what may be the reason. Exit code 1 if a limit is exceeded.

  fields.py build/release /tmp/fields --simulator ../shared/tools/simsurvey.py --seeds 21,22,23 --size 400
  fields.py build/release /tmp/crowded --crowded 300 --size 300 --seeds 31"""
import argparse
import subprocess
import sys
from pathlib import Path

from brick_runs import NO_CATALOGS, WAYS, Programs, Table, catalog, matched, np, region, row

# Of the joint way: (figure, largest, or smallest where negative).
ORDINARY = {"width": 1.15, "|median|": 0.1, "beyond 5": 0.01, "all: width": 1.3, "all: beyond 5": 0.03, "bright bias": 0.002,
            "missing": 0.04, "spurious": 0.005, "wrong kind": 0.10, "positions": 1.2, "radii": 1.2}
CROWDED = {"all: width": 1.5, "missing": 0.25, "spurious": 0.005}
KINDS = ["PSF", "REX", "EXP", "DEV", "SER"]
DCHISQ = ["PSF", "REX", "DEV", "EXP", "SER"]  # the order of the catalog's dchisq
SURE = 10  # S/N in all bands together, by truth and depth: noise has no say in what is found of those
TOLD_APART = 9  # in chi-squared: kinds that differ by less are the same to the data


def spread(values):
    return 1.4826 * np.median(np.abs(values - np.median(values))) if len(values) else np.nan


class Field:
    """The matched rows of a run: one to one, nearest first."""

    def __init__(self, survey, out, bands):
        self.truth, self.found, self.bands = Table.read(survey / "truth.fits"), catalog(out), bands
        cosine = np.cos(np.radians(np.median(self.truth["dec"])))
        d = 3600 * np.hypot((np.asarray(self.found["ra"])[None] - np.asarray(self.truth["ra"])[:, None]) * cosine,
                            np.asarray(self.found["dec"])[None] - np.asarray(self.truth["dec"])[:, None])
        self.pairs, true_used, found_used = [], set(), set()
        for t, f in zip(*np.unravel_index(np.argsort(d, axis=None), d.shape)):
            if d[t, f] > 0.7:
                break
            if t not in true_used and f not in found_used:
                true_used.add(t), found_used.add(f), self.pairs.append((t, f))
        self.spurious = int((d.min(axis=0) > 1.5).sum())
        self.near = self.nearest_other(cosine)
        self.snr = np.zeros(len(self.truth))
        for band in bands:
            ivar = np.asarray(self.found["flux_ivar_" + band], float)
            sigma = np.full(len(self.truth), np.sqrt(np.median(ivar[ivar > 0])))
            for t, f in self.pairs:
                if ivar[f] > 0:
                    sigma[t] = np.sqrt(ivar[f])
            self.snr = np.maximum(self.snr, np.asarray(self.truth["flux_" + band]) * sigma)

    def nearest_other(self, cosine):
        ra, dec = np.asarray(self.truth["ra"]), np.asarray(self.truth["dec"])
        d = 3600 * np.hypot((ra[:, None] - ra[None]) * cosine, dec[:, None] - dec[None])
        np.fill_diagonal(d, np.inf)
        return d.min(axis=1)

    def kind(self, table, i):
        return str(table["type"][i]).strip()

    def kinds_told_apart(self, t, f):
        """Whether the data tell the true kind from the one that was found: a Sersic index near 1 or 4, or a disc that is
        seen from above, are an EXP, a DEV or a REX to them."""
        def gain(kind):
            return float(self.found["dchisq_comp"][f] if kind == "COMP" else self.found["dchisq"][f][DCHISQ.index(kind)])

        return abs(gain(self.kind(self.found, f)) - gain(self.kind(self.truth, t))) > TOLD_APART

    def sure_to_be_found(self, t, f):
        depth = "psfdepth_" if self.kind(self.truth, t) == "PSF" else "galdepth_"
        return sum(self.truth["flux_" + b][t] ** 2 * self.found[depth + b][f] for b in self.bands) > SURE ** 2

    def pulls(self, band):
        """(pull, fracflux, true flux, true row, found row) of each pair with an error."""
        rows = []
        for t, f in self.pairs:
            ivar = float(self.found["flux_ivar_" + band][f])
            if ivar > 0:
                flux, true = float(self.found["flux_" + band][f]), float(self.truth["flux_" + band][t])
                rows.append(((flux - true) * np.sqrt(ivar), float(self.found["fracflux_" + band][f]), flux, true, t, f))
        return rows


def error_of_median(values):
    """Of as many that scatter as a normal distribution does."""
    return np.sqrt(np.pi / 2) * spread(values) / np.sqrt(len(values)) if len(values) else np.nan


def figures(fields, bands):
    """The pooled figures, medians with their errors below them; of the bands the worst one is in the last place of each list."""
    out = {}
    for band in bands:
        rows = [r for field in fields for r in field.pulls(band)]
        alone = np.array([r[0] for r in rows if r[1] < 0.1])
        every = np.array([r[0] for r in rows])
        sure = np.array([r[0] for field in fields for r in field.pulls(band)
                         if r[1] < 0.1 and field.sure_to_be_found(r[4], r[5])])
        bright = np.array([r[2] / r[3] - 1 for r in rows if r[1] < 0.1 and r[3] > 4])
        for name, value in (("width", spread(alone)), ("|median|", abs(np.median(alone))), ("  +-", error_of_median(alone)),
                            ("  of those sure to be found", abs(np.median(sure)) if len(sure) else np.nan),
                            ("   +-", error_of_median(sure)), ("beyond 5", np.mean(np.abs(alone) > 5)), ("all: width", spread(every)),
                            ("all: beyond 5", np.mean(np.abs(every) > 5)),
                            ("bright bias", abs(np.median(bright)) if len(bright) else np.nan),
                            (" +-", error_of_median(bright))):
            out.setdefault(name, []).append(float(value))
    rows = sum(len(field.found) for field in fields)
    out["spurious"] = [sum(field.spurious for field in fields) / max(rows, 1)]
    known = [field for field in fields]
    out["missing"] = [1 - sum(sum(field.snr[t] > 8 for t, _ in field.pairs) for field in known) /
                      max(1, sum(int((field.snr > 8).sum()) for field in known))]
    galaxies = [(field, t, f) for field in fields for t, f in field.pairs
                if field.kind(field.truth, t) != "PSF" and field.snr[t] > 50]
    wrong = [field.kind(field.truth, t) != field.kind(field.found, f) for field, t, f in galaxies]
    out["wrong kind"] = [float(np.mean(wrong)) if wrong else np.nan]
    # Without those that no choice could get right but by chance.
    apart = [bad and field.kinds_told_apart(t, f) for bad, (field, t, f) in zip(wrong, galaxies)]
    out["  told apart"] = [float(np.mean(apart)) if apart else np.nan]
    position, radius = [], []
    for field in fields:
        for t, f in field.pairs:
            true, found = field.truth[t], field.found[f]
            cosine = np.cos(np.radians(true["dec"]))
            if found["ra_ivar"] > 0 and found["dec_ivar"] > 0:
                position += [(found["ra"] - true["ra"]) * cosine * np.sqrt(found["ra_ivar"]),
                             (found["dec"] - true["dec"]) * np.sqrt(found["dec_ivar"])]
            if found["shape_r_ivar"] > 0 and field.kind(field.truth, t) == field.kind(field.found, f):
                radius.append((found["shape_r"] - true["shape_r"]) * np.sqrt(found["shape_r_ivar"]))
    out["positions"], out["radii"] = [float(spread(np.array(position)))], [float(spread(np.array(radius)))]
    return out


def far_ones(field, count):
    """The farthest sources, and what there is to say of each."""
    worst = {}
    for band in field.bands:
        for pull, fraction, flux, true, t, f in field.pulls(band):
            if abs(pull) > 5 and abs(pull) > abs(worst.get(t, (0,))[0]):
                worst[t] = (pull, band, fraction, flux, true, f)
    print(f"   {len(worst)} of {len(field.pairs)} sources are beyond 5 sigma in a band; the farthest:")
    for t, (pull, band, fraction, flux, true, f) in sorted(worst.items(), key=lambda item: -abs(item[1][0]))[:count]:
        kinds = field.kind(field.truth, t), field.kind(field.found, f)
        why = []
        if kinds[0] != kinds[1]:
            why.append(f"{kinds[0]} taken for {kinds[1]}")
        if field.near[t] < 4:
            others = matched(field.found, field.truth["ra"], field.truth["dec"], 0.7)
            cosine = np.cos(np.radians(field.truth["dec"][t]))
            d = 3600 * np.hypot((field.truth["ra"] - field.truth["ra"][t]) * cosine,
                                field.truth["dec"] - field.truth["dec"][t])
            lost = [i for i in np.nonzero((d > 0) & (d < 4))[0] if others[i] < 0 or others[i] == f]
            why.append(f"neighbour at {field.near[t]:.1f} arcsec" + (
                f", not found: {sum(field.truth['flux_' + band][i] for i in lost):.3f}" if lost else ""))
        print(f"   {field.truth['ra'][t]:.5f} {field.truth['dec'][t]:+.5f} {band} {pull:+7.1f} sigma  true {true:9.3f} found "
              f"{flux:9.3f}  fracflux {fraction:.2f}  {'; '.join(why) or 'alone, of its kind'}")


def told_and_kept(pooled, bands, limits, cost):
    """Prints the pooled figures of each way's fields and the CPU seconds; the exit code, 1 if the joint way's exceed a
    limit."""
    ways = list(pooled)
    told = {way: figures(fields, bands) for way, fields in pooled.items()}
    widths = (30,) + (30,) * len(ways) + (18,)
    row("pooled, " + " ".join(bands), *ways, "wanted", widths=widths)
    good = True
    for name in told[ways[0]]:
        texts = [" ".join(f"{value:.3f}" for value in told[way][name]) for way in ways]
        # What could not be measured is short of what is wanted of it.
        short = name in limits and "joint" in told and not all(value <= limits[name] for value in told["joint"][name])
        good &= not short
        row(name, *texts, (f"<= {limits[name]}" if name in limits else "") + (" SHORT" if short else ""), widths=widths)
    row("CPU seconds", *(f"{cost[way]:.1f}" for way in ways), widths=widths)
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--simulator", type=Path)
    parser.add_argument("--seeds", default="901,902,903")
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--exposures", type=int, default=3)
    parser.add_argument("--bands", default="grz")
    parser.add_argument("--crowded", type=float)
    parser.add_argument("--faint", type=float, default=24)
    parser.add_argument("--far", type=int, default=0)
    parser.add_argument("--way", action="append", choices=WAYS)
    parser.add_argument("--quiet", action="store_true", help="only the pooled figures")
    options = parser.parse_args()
    programs, bands, pooled, cost = Programs(options.build), list(options.bands), {}, {}
    options.work.mkdir(parents=True, exist_ok=True)
    ways = options.way or WAYS
    for seed in options.seeds.split(","):
        survey = options.work / f"survey-{seed}"
        words = ["--seed", seed, "--size", options.size, "--nexp", options.exposures, "--bands", options.bands]
        catalogs = NO_CATALOGS if options.crowded else ["--no-wise"]
        if options.crowded:
            words += ["--density", 0, "--star-density", options.crowded, "--faint", options.faint]
        if options.simulator is None:
            programs.simulate(survey, *words)
        elif not (survey / "sim.json").exists():
            subprocess.run(list(map(str, ["/usr/bin/python3", options.simulator, survey, *words])), check=True,
                           stdout=subprocess.DEVNULL)
        for way in ways:
            out = options.work / f"{way}-{seed}"
            spent = programs.brick(survey, out, region(survey) + catalogs, way,
                                   {} if options.crowded else {"GAIA_CAT_DIR": str(survey / "gaia")})
            if not options.quiet:
                print(f"== seed {seed}, --fit {way}\n{programs.compare(survey, out)}", flush=True)
            pooled.setdefault(way, []).append(Field(survey, out, bands))
            cost[way] = cost.get(way, 0) + spent["cpu"]
    for way in ways:
        if options.far:
            print(f"-- {way}, the first field")
            far_ones(pooled[way][0], options.far)
    return told_and_kept(pooled, bands, CROWDED if options.crowded else ORDINARY, cost)


if __name__ == "__main__":
    sys.exit(main())
