#!/usr/bin/python3
"""Catalogs held against a sky that another program renders: GNU Astronomy Utilities' astmkprof integrates the profiles and
astconvolve folds them with the PSF (Debian package gnuastro, which this needs; 77 where it is absent).

usage: independent_scenes.py BUILD WORK [--seeds N,N,...] [--size PIXELS] [--bands grz] [--exposures N] [--density N]
                             [--beta B] [--way WAY]...
       independent_scenes.py BUILD WORK --check-simulator

simulate-survey makes a survey directory (positions, shapes, fluxes, headers, tables); then the pixels of every image are
replaced by astmkprof's and noise by numpy, and the PSF calibrations by astmkprof's Moffat, so that neither profile nor PSF
nor noise is ours. Galaxies are drawn on pixels of a fifth, folded there and summed; stars are Moffats on pixels of a fifth.
The light that a profile has beyond where its drawing ends (its brightness is 0.005 of the noise there) is left out, and
the flux of the rest lessened by what that is (Graham & Driver 2005, eq. 2): `truth.fits` stays right.

Prints for both ways of fitting what `simulate-survey compare` tells, and all fields' figures pooled beside what is wanted of
the joint way (exit code 1 if one falls short). With --check-simulator no brick is run:
simulate-survey's own pixels are held against astmkprof's, pixel by pixel, of a field of bright galaxies and stars. Mean and
chi-squared of the differences must be those of the noise within 5 sigma, or the exit code is 1."""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from brick_runs import NO_CATALOGS, SKIPPED, WAYS, Programs, Table, fits, np
from fields import ORDINARY, Field, told_and_kept

try:
    from astropy.wcs import WCS
    from scipy.special import gammainc, gammaincinv
except ImportError as missing:
    print(f"skipped: {missing} (Debian package python3-scipy)")
    sys.exit(SKIPPED)

FINE = 5  # fine pixels per pixel, odd: the centres of both fall together
HALF_STAMP = 31.5  # pixels: where the PSF ends
FAINTEST = 0.005  # of the noise per pixel: what is not drawn of a galaxy
SERSIC, MOFFAT = 1, 2  # astmkprof's numbers
COLUMNS = ["--tunitinp", "--ccol=2", "--ccol=3", "--fcol=4", "--rcol=5", "--ncol=6", "--pcol=7", "--qcol=8", "--mcol=9",
           "--tcol=10", "--psfinimg", "--zeropoint=22.5", "--mode=img", "--numthreads=1"]


def tool(*words):
    result = subprocess.run(list(map(str, words)), text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")


def coarse(image):
    height, width = image.shape
    return image.reshape(height // FINE, FINE, width // FINE, FINE).sum(axis=(1, 3))


class Exponents:
    """The b of astmkprof's exp(-b (r/re)^(1/n)), read off its own pixels: version 0.19 has some 2n where half of the light
    inside re wants 2n - 1/3, so that a galaxy's half-light radius is 0.83 to 0.86 of the radius that it was asked for."""

    def __init__(self, scratch):
        self.scratch, self.known = scratch, {}

    def radius_to_ask_for(self, n, radius):
        if n not in self.known:
            self.known[n] = (self.measure(n) / gammaincinv(2 * n, 0.5)) ** n
        return radius * self.known[n]

    def measure(self, n):
        near, far, radius = 40, 120, 60
        rows, out = self.scratch / "exponent.txt", self.scratch / "exponent.fits"
        rows.write_text(f"1 21 5 {SERSIC} {radius} {n} 0 1 10 {2 * far}\n")
        tool("astmkprof", "-q", rows, "--mergedsize=151,9", "--oversample=1", *COLUMNS, "--type=float64", f"--output={out}")
        line = fits.getdata(out)[4]
        return np.log(line[20 + near] / line[20 + far]) / ((far / radius) ** (1 / n) - (near / radius) ** (1 / n))


class Renderer:
    def __init__(self, scratch, beta, shape, wcs, fwhm, exponents):
        self.exponents = exponents
        self.scratch, self.beta, self.shape, self.wcs, self.fwhm = scratch, beta, shape, wcs, fwhm
        # d(x, y)/d(east, north), pixels per arcsec, the same all over a TAN image as small as these.
        self.jacobian = np.linalg.inv(wcs.pixel_scale_matrix * 3600)
        self.pixels_per_arcsec = np.sqrt(abs(np.linalg.det(self.jacobian)))
        self.kernel = scratch / "kernel.fits"
        tool("astmkprof", "-q", f"--kernel=moffat,{fwhm},{beta},{HALF_STAMP}", f"--oversample={FINE}", "--tunitinp",
             f"--output={self.kernel}")

    def psf_stamp(self, size):
        """The PSF on whole pixels, of unit sum."""
        fine = fits.getdata(self.kernel).astype(float)
        stamp = np.zeros((size * FINE, size * FINE))
        left = [(have - want) // 2 for have, want in zip(fine.shape, stamp.shape)]
        y, x = (max(0, cut) for cut in left)
        fine = fine[y:y + min(fine.shape[0], stamp.shape[0]), x:x + min(fine.shape[1], stamp.shape[1])]
        y, x = (max(0, -cut) for cut in left)
        stamp[y:y + fine.shape[0], x:x + fine.shape[1]] = fine
        return coarse(stamp / stamp.sum())

    def render(self, name, rows):
        """Rows: function, x, y (from 1), radius in pixels, index, position angle from the x axis, axis ratio, magnitude,
        where it ends in pixels."""
        height, width = self.shape
        if not rows:
            return np.zeros((height * FINE, width * FINE))
        text = self.scratch / f"{name}.txt"
        text.write_text("".join(f"{i + 1} {x:.6f} {y:.6f} {kind} {radius:.6f} {n:.6f} {pa:.6f} {q:.6f} {mag:.8f} {end:.4f}\n"
                                for i, (kind, x, y, radius, n, pa, q, mag, end) in enumerate(rows)))
        out = self.scratch / f"{name}.fits"
        tool("astmkprof", "-q", text, f"--mergedsize={width},{height}", f"--oversample={FINE}", *COLUMNS, "--tolerance=0.001",
             "--type=float32", f"--output={out}")
        return fits.getdata(out).astype(float)

    def light(self, truth, band, noise):
        """Nanomaggies per pixel of all sources of the truth; `noise` too."""
        stars, galaxies = [], []
        for source in truth:
            flux = float(source["flux_" + band])
            x, y = (float(v) for v in self.wcs.all_world2pix(source["ra"], source["dec"], 1))
            mag = lambda light: 22.5 - 2.5 * np.log10(light)
            if source["type"].strip() == "PSF":
                stars.append((MOFFAT, x, y, self.fwhm, self.beta, 0, 1, mag(flux), HALF_STAMP))
                continue
            n, radius = float(source["sersic"]), float(source["shape_r"]) * self.pixels_per_arcsec
            t = np.radians(float(source["pa"]))
            dx, dy = self.jacobian @ [np.sin(t), np.cos(t)]
            share, end = self.drawn_share(flux, n, radius, float(source["ba"]), noise)
            galaxies.append((SERSIC, x, y, self.exponents.radius_to_ask_for(n, radius), n, np.degrees(np.arctan2(dy, dx)),
                             float(source["ba"]), mag(flux * share), end))
        image = self.render("galaxies", galaxies)
        if galaxies:
            out = self.scratch / "folded.fits"
            out.unlink(missing_ok=True)
            tool("astconvolve", "-q", self.scratch / "galaxies.fits", f"--kernel={self.kernel}", "--domain=frequency",
                 "--hdu=1", "--khdu=1", "--numthreads=1", f"--output={out}")
            image = fits.getdata(out).astype(float)
        return coarse(image + self.render("stars", stars))

    @staticmethod
    def drawn_share(flux, n, radius, ba, noise):
        """What share of a Sersic profile's light lies within where it ends, pixels."""
        b = gammaincinv(2 * n, 0.5)
        r = np.geomspace(1, 60, 400)
        inside = gammainc(2 * n, b * r ** (1 / n))
        brightness = flux * np.gradient(inside, r) / (2 * np.pi * r * radius ** 2 * ba)
        faint = np.nonzero(brightness < FAINTEST * noise)[0]
        end = max(4.0, r[faint[0]] if len(faint) else r[-1])
        return gammainc(2 * n, b * end ** (1 / n)), end * radius


class Ccd:
    """A row of the CCD table: its image and calibrations, and astmkprof's light on its pixels (counts)."""

    def __init__(self, survey, row, beta, exponents):
        stem = row["image_filename"].strip().removesuffix(".fits.fz")
        self.image, self.row = survey / f"images/{stem}.fits.fz", row
        self.psf_file = survey / f"calib/psfex/{stem}-psfex.fits"
        with fits.open(self.image) as opened:
            self.primary, self.header, self.pixels = opened[0].header.copy(), opened[1].header.copy(), opened[1].data.copy()
        weights = fits.getdata(self.image.with_name(self.image.name.replace("_ooi_", "_oow_")), 1)
        self.sky = float(fits.getdata(survey / f"calib/sky/{stem}-splinesky.fits", 1)["gridvals"].ravel()[0])
        self.scale = float(row["exptime"]) * 10 ** (0.4 * (float(row["ccdzpt"]) - 22.5))  # counts per nanomaggy
        self.noise = 1 / np.sqrt(np.median(weights[weights > 0]))
        self.renderer = Renderer(exponents.scratch, beta, self.pixels.shape, WCS(self.header), float(row["fwhm"]), exponents)

    def light(self, truth):
        return self.renderer.light(truth, self.row["filter"].strip(), self.noise / self.scale) * self.scale

    def variance(self, light):
        return self.noise ** 2 + np.maximum(light, 0) / self.header["GAINA"]

    def replace(self, truth, random):
        """Writes image and PSF anew; the PSF's norm."""
        light = self.light(truth)
        pixels = light + self.sky + random.normal(size=light.shape) * np.sqrt(self.variance(light))
        for card in ("CHECKSUM", "DATASUM", "ZDITHER0"):
            self.header.remove(card, ignore_missing=True)
        compressed = fits.CompImageHDU(pixels.astype(np.float32), self.header, compression_type="RICE_1", quantize_level=16,
                                       quantize_method=1, dither_seed=1 + int(self.row["expnum"]) % 10000)
        fits.HDUList([fits.PrimaryHDU(header=self.primary), compressed]).writeto(self.image, overwrite=True)
        with fits.open(self.psf_file) as opened:
            table = Table(opened[1].data)
        stamp = self.renderer.psf_stamp(int(table["psfaxis1"][0]))
        masks = np.zeros_like(table["psf_mask"])
        masks[0, 0] = stamp
        table["psf_mask"] = masks
        fits.BinTableHDU(table).writeto(self.psf_file, overwrite=True)
        return np.sqrt((stamp ** 2).sum())


PLAIN = ["--projection", "tan", "--cosmic-rays", 0, "--bad-columns", 0, "--sky-gradient", 0, "--psf-variation", 0,
         "--astrometric-offset", 0]


def render(survey, scratch, beta, seed):
    """Replaces the survey's pixels and PSFs."""
    scratch.mkdir(parents=True, exist_ok=True)
    truth, random, exponents = Table.read(survey / "truth.fits"), np.random.default_rng(seed), Exponents(scratch)
    file = survey / "survey-ccds-sim.fits.gz"
    ccds = Table.read(file)
    for ccd in ccds:
        ccd["psfnorm"] = Ccd(survey, ccd, beta, exponents).replace(truth, random)
    ccds.write(file, overwrite=True)


def check_simulator(programs, work, beta):
    """simulate-survey's own pixels against astmkprof's, of which only the noise may differ."""
    survey = work / "simulator"
    shutil.rmtree(survey, ignore_errors=True)
    programs.simulate(survey, "--seed", 7, "--size", 300, "--nexp", 1, "--bands", "r", "--density", 40, "--star-density", 3,
                      "--bright", 16, "--faint", 21.5, "--scatter", 0, "--moffat-beta", beta, "--psf-size", 65, *PLAIN)
    work = work / "scratch"
    work.mkdir(parents=True, exist_ok=True)
    ccd = Ccd(survey, Table.read(survey / "survey-ccds-sim.fits.gz")[0], beta, Exponents(work))
    light = ccd.light(Table.read(survey / "truth.fits"))
    pulls = (ccd.pixels - ccd.sky - light) / np.sqrt(ccd.variance(light))
    good = True
    for what, part in (("all pixels", pulls), ("those with light beyond 5 sigma", pulls[light > 5 * ccd.noise])):
        count = part.size
        mean, excess = part.mean() * np.sqrt(count), (np.mean(part ** 2) - 1) / np.sqrt(2 / count)
        good &= bool(abs(mean) < 5 and abs(excess) < 5)
        print(f"{what} ({count}): mean {part.mean():+.4f} ({mean:+.1f} sigma), chi-squared per pixel {np.mean(part ** 2):.4f} "
              f"({excess:+.1f} sigma)")
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", default="41,42,43")
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--bands", default="grz")
    parser.add_argument("--exposures", type=int, default=3)
    parser.add_argument("--density", type=float, default=30)
    parser.add_argument("--beta", type=float, default=3.5)
    parser.add_argument("--way", action="append", choices=WAYS)
    parser.add_argument("--check-simulator", action="store_true")
    options = parser.parse_args()
    if not shutil.which("astmkprof"):
        print("skipped: no astmkprof (Debian package gnuastro)")
        return SKIPPED
    programs = Programs(options.build)
    if options.check_simulator:
        return check_simulator(programs, options.work, options.beta)
    pooled, cost = {}, {}
    for seed in map(int, options.seeds.split(",")):
        survey = options.work / f"independent-{seed}"
        finished = survey / "rendered-by-astmkprof"
        words = programs.simulate(survey, "--seed", seed, "--size", options.size, "--bands", options.bands, "--nexp",
                                  options.exposures, "--density", options.density, *PLAIN)
        if not finished.exists():
            render(survey, options.work / f"scratch-{seed}", options.beta, seed)
            finished.touch()
        for way in options.way or WAYS:
            out = options.work / f"{way}-{seed}"
            cost[way] = cost.get(way, 0) + programs.brick(survey, out, words + NO_CATALOGS, way)["cpu"]
            print(f"== seed {seed}, --fit {way}\n{programs.compare(survey, out)}", flush=True)
            pooled.setdefault(way, []).append(Field(survey, out, list(options.bands)))
    return told_and_kept(pooled, list(options.bands), ORDINARY, cost)


if __name__ == "__main__":
    sys.exit(main())
