#!/usr/bin/python3
"""Catalogs held against a sky that another program renders: GNU Astronomy Utilities' astmkprof integrates the profiles and
astconvolve folds them with the PSF (Debian package gnuastro, which this needs; 77 where it is absent).

usage: independent_scenes.py BUILD WORK [--seed N] [--size PIXELS] [--bands grz] [--exposures N] [--density N] [--beta B]

simulate-survey makes a survey directory (positions, shapes, fluxes, headers, tables); then the pixels of every image are
replaced by astmkprof's and noise by numpy, and the PSF calibrations by astmkprof's Moffat, so that neither profile nor PSF
nor noise is ours. Galaxies are drawn on pixels of a fifth, folded there and summed; stars are Moffats on pixels of a fifth.
The light that a profile has beyond where its drawing ends (its brightness is 0.005 of the noise there) is left out, and
the flux of the rest lessened by what that is (Graham & Driver 2005, eq. 2): `truth.fits` stays right.

Prints for both ways of fitting what `simulate-survey compare` tells."""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from brick_runs import NO_CATALOGS, SKIPPED, WAYS, Programs, Table, fits, np

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


def tool(*words):
    result = subprocess.run(list(map(str, words)), text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")


def coarse(image):
    height, width = image.shape
    return image.reshape(height // FINE, FINE, width // FINE, FINE).sum(axis=(1, 3))


class Renderer:
    def __init__(self, scratch, beta, shape, wcs, fwhm):
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
        tool("astmkprof", "-q", text, f"--mergedsize={width},{height}", f"--oversample={FINE}", "--tunitinp",
             "--ccol=2", "--ccol=3", "--fcol=4", "--rcol=5", "--ncol=6", "--pcol=7", "--qcol=8", "--mcol=9", "--tcol=10",
             "--psfinimg", "--zeropoint=22.5", "--mode=img", "--tolerance=0.001", "--type=float32", "--numthreads=1", f"--output={out}")
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
            galaxies.append((SERSIC, x, y, radius, n, np.degrees(np.arctan2(dy, dx)), float(source["ba"]),
                             mag(flux * share), end))
        image = self.render("galaxies", galaxies)
        if galaxies:
            out = self.scratch / "folded.fits"
            out.unlink(missing_ok=True)
            tool("astconvolve", "-q", self.scratch / "galaxies.fits", f"--kernel={self.kernel}", "--domain=frequency", "--hdu=1",
                 "--khdu=1", "--numthreads=1", f"--output={out}")
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


def replace_pixels(survey, ccd, truth, beta, scratch, random):
    image = survey / "images" / ccd["image_filename"].strip()
    with fits.open(image) as opened:
        primary, header = opened[0].header.copy(), opened[1].header.copy()
    stem = ccd["image_filename"].strip().removesuffix(".fits.fz")
    psf_file, sky_file = survey / f"calib/psfex/{stem}-psfex.fits", survey / f"calib/sky/{stem}-splinesky.fits"
    weights = fits.getdata(image.with_name(image.name.replace("_ooi_", "_oow_")), 1)
    sky = float(fits.getdata(sky_file, 1)["gridvals"].ravel()[0])
    scale = float(ccd["exptime"]) * 10 ** (0.4 * (float(ccd["ccdzpt"]) - 22.5))  # counts per nanomaggy
    noise = 1 / np.sqrt(np.median(weights[weights > 0]))
    renderer = Renderer(scratch, beta, (header["NAXIS2"], header["NAXIS1"]), WCS(header), float(ccd["fwhm"]))
    light = renderer.light(truth, ccd["filter"].strip(), noise / scale) * scale
    pixels = light + sky + random.normal(size=light.shape) * np.sqrt(noise ** 2 + np.maximum(light, 0) / header["GAINA"])
    for card in ("CHECKSUM", "DATASUM", "ZDITHER0"):
        header.remove(card, ignore_missing=True)
    compressed = fits.CompImageHDU(pixels.astype(np.float32), header, compression_type="RICE_1", quantize_level=16,
                                   quantize_method=1, dither_seed=1 + int(ccd["expnum"]) % 10000)
    fits.HDUList([fits.PrimaryHDU(header=primary), compressed]).writeto(image, overwrite=True)

    with fits.open(psf_file) as opened:
        table = Table(opened[1].data)
    stamp = renderer.psf_stamp(int(table["psfaxis1"][0]))
    masks = np.zeros_like(table["psf_mask"])
    masks[0, 0] = stamp
    table["psf_mask"] = masks
    psf = fits.BinTableHDU(table)
    psf.writeto(psf_file, overwrite=True)
    return np.sqrt((stamp ** 2).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--bands", default="grz")
    parser.add_argument("--exposures", type=int, default=3)
    parser.add_argument("--density", type=float, default=30)
    parser.add_argument("--beta", type=float, default=3.5)
    parser.add_argument("--way", action="append", choices=WAYS)
    options = parser.parse_args()
    if not shutil.which("astmkprof"):
        print("skipped: no astmkprof (Debian package gnuastro)")
        return SKIPPED
    programs = Programs(options.build)
    survey = options.work / f"independent-{options.seed}"
    finished = survey / "rendered-by-astmkprof"
    words = programs.simulate(survey, "--seed", options.seed, "--size", options.size, "--bands", options.bands, "--nexp",
                              options.exposures, "--density", options.density, "--projection", "tan", "--cosmic-rays", 0,
                              "--bad-columns", 0, "--sky-gradient", 0, "--psf-variation", 0, "--astrometric-offset", 0)
    if not finished.exists():
        truth, random = Table.read(survey / "truth.fits"), np.random.default_rng(options.seed)
        file = survey / "survey-ccds-sim.fits.gz"
        ccds = Table.read(file)
        scratch = options.work / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        for ccd in ccds:
            ccd["psfnorm"] = replace_pixels(survey, ccd, truth, options.beta, scratch, random)
        ccds.write(file, overwrite=True)
        finished.touch()
    for way in options.way or WAYS:
        out = options.work / f"{way}-{options.seed}"
        cost = programs.brick(survey, out, words + NO_CATALOGS, way)
        print(f"== --fit {way}: {cost['cpu']:.1f} s CPU")
        print(programs.compare(survey, out), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
