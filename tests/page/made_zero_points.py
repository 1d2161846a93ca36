"""A made-up night of a camera, as the tables that `make-ccds --measure` leaves: what stands out in it is known."""
import os

import numpy as np
from astropy.io import fits

WIDTH, HEIGHT, SCALE = 2046, 4094, 0.263  # pixels, pixels, arcsec per pixel
TERMS = {"g": [0.00062, 0.03604, 0.01028, -0.00613], "r": [0.00495, -0.08435, 0.03222, -0.01140]}  # of DECam and Pan-STARRS
HOSTILE = "<img src=x onerror=\"document.title='caught'\"></script><b>&quot;"


def columns_of(rows):
    table = []
    for name, first in rows[0].items():
        values = [row[name] for row in rows]
        if isinstance(first, str):
            form = f"{max(1, max(len(v.encode()) for v in values))}A"
        else:
            form = {int: "J", float: "D", bool: "L"}[type(first)]
        table.append(fits.Column(name, form, array=np.array(values)))
    return fits.BinTableHDU.from_columns(table)


def write_night(directory, ccds=60, exposures=40, stars=200, bands="gr", seed=1, camera="decam"):
    """Tables survey.fits and zpt/*-photom.fits; what is wrong with them is told."""
    rng = np.random.default_rng(seed)
    os.makedirs(os.path.join(directory, "zpt"), exist_ok=True)
    side = int(np.ceil(np.sqrt(ccds)))
    names = [("S" if k < ccds // 2 else "N") + str(k % (ccds // 2) + 1) for k in range(ccds)]
    places = [((k % side - (side - 1) / 2) * 0.31, (k // side - (side - 1) / 2) * 0.16) for k in range(ccds)]
    level, extinction = {"g": 25.15, "r": 25.37, "z": 24.95}, {"g": 0.17, "r": 0.10, "z": 0.06}
    flat = rng.normal(0, 0.003, ccds)
    told = {"clouded": [], "shifted": None, "amplifier": None, "failed": []}
    clouds = {exposures // 3: 0.12, exposures // 3 + 1: 0.35, 3 * exposures // 4: 0.06}
    rows = []
    for e in range(exposures):
        band = bands[e % len(bands)]
        night, within = divmod(e, (exposures + 1) // 2)
        mjd = 58000.05 + night + within * 0.3 / max(1, exposures / 2)
        airmass = 1.02 + 0.9 * (within / max(1, exposures / 2 - 1) - 0.4) ** 2
        cloud = clouds.get(e, 0)
        number = 700001 + e
        if cloud:
            told["clouded"].append(number)
        image = f"decam/CP/c4d_{number}_ooi_{band}_ls9.fits.fz"
        ra0, dec0 = 150 + 0.02 * e, 2.0 + 0.01 * e
        seeing, pointing = 1.0 + 0.25 * np.sin(e / 5) + 0.1 * airmass, rng.normal(0, 0.05, 2)
        table = []
        for k in range(ccds):
            xi, eta = places[k]
            zero_point = level[band] - extinction[band] * (airmass - 1) - cloud * (1 + 0.1 * rng.normal()) + flat[k] + rng.normal(0, 0.001)
            offset = pointing + np.array([0.02 * xi + 0.01 * eta, -0.015 * eta]) + rng.normal(0, 0.004, 2)
            failure, amplifier = "", 0.0
            if e == 5 and k == 7:
                offset = offset + [0.6, -0.35]
                told["shifted"] = f"{number}-{names[k]}"
            if e == 8 and k == 3:
                amplifier = 0.03
                told["amplifier"] = f"{number}-{names[k]}"
            if e == 2 and k == 0:
                failure = f"{HOSTILE}: no star of the catalog is in the field"
            if e == exposures - 1 and k in (1, 2):
                failure = f"the world coordinates are off: {3 + k} of 40 bright stars are seen within 2 arcsec of their places"
            if failure:
                told["failed"].append(f"{number}-{names[k]}")
            bad = failure != ""
            n = int(stars * rng.uniform(0.8, 1.2))
            none = float("nan")
            per_pixel = SCALE / 3600
            row = dict(image_filename=image, image_hdu=k + 1, camera=camera, expnum=number, ccdname=names[k], object="Field <1> & \"2\"" if e else HOSTILE, filter=band,
                       exptime=90.0, mjd_obs=float(mjd), airmass=float(airmass), fwhm=float(seeing / SCALE * (1 + 0.01 * rng.normal())), width=WIDTH, height=HEIGHT,
                       ra_bore=float(ra0), dec_bore=float(dec0), cd1_1=0.0, cd1_2=per_pixel, cd2_1=-per_pixel, cd2_2=0.0,
                       ra=float(ra0 + xi / np.cos(np.radians(dec0 + eta))), dec=float(dec0 + eta), sig1=0.004, ccdzpt=none if bad else float(zero_point), ccdraoff=none if bad else float(offset[0]), ccddecoff=none if bad else float(offset[1]),
                       ccdskysb=float(22.2 - 0.4 * (band == "r") - 0.3 * (airmass - 1) + 0.02 * rng.normal() - cloud), ccdrarms=none if bad else float(np.hypot(offset[0], 0.012)), ccddecrms=none if bad else float(np.hypot(offset[1], 0.012)),
                       ccdbprp=1.1, ccdphrms=none if bad else float(0.011 + 0.001 * rng.random()), ccdnastrom=0 if bad else n, ccdnphotom=0 if bad else n, ccdnphotom_used=0 if bad else int(0.7 * n), ccd_cuts=1 if bad else 0,
                       zpt_source="none" if bad else "stars:ps1", ccdzpt_error=none if bad else 0.0008, transparency=none if bad else float(10 ** (-0.4 * cloud)), err_message=failure)
            rows.append(row)
            if bad:
                continue
            x, y = rng.uniform(30, WIDTH - 30, n), rng.uniform(30, HEIGHT - 30, n)
            g = rng.uniform(15.5, 20, n)
            colour = np.clip(rng.gamma(4, 0.35, n) + 0.2, 0.2, 3.4)  # g - i
            term = np.polyval(TERMS[band][::-1], colour)
            error = 0.0012 * 10 ** (0.3 * (g - 16))
            residual = rng.normal(0, 1, n) * np.hypot(error, 0.004) + amplifier * (x < WIDTH / 2)
            mag = g + term  # g stands for the catalog's magnitude in the band
            ps1 = {"g": (g, g - colour / 2, g - colour), "r": (g + colour / 2, g, g - colour / 2)}[band]
            ra_now = ra0 + (xi + per_pixel * (y - HEIGHT / 2)) / np.cos(np.radians(dec0))
            dec_now = dec0 + eta - per_pixel * (x - WIDTH / 2)
            swirl = 0.008 * np.sin(xi * 4 + y / HEIGHT * 2)
            d_ra, d_dec = offset[0] + swirl + rng.normal(0, 0.012, n), offset[1] + 0.006 * np.cos(eta * 9) + rng.normal(0, 0.012, n)
            table.append(np.rec.fromarrays(
                [x, y, mag - zero_point - residual, mag - residual, error, np.where(rng.random(n) < 0.04, 0, mag), (colour > 0.4) & (colour < 2.7) & (rng.random(n) < 0.9), *ps1,
                 ra_now - d_ra / 3600 / np.cos(np.radians(dec_now)), dec_now - d_dec / 3600, ra_now, dec_now, np.arange(1, n + 1), np.full(n, names[k])],
                names="x_fit,y_fit,instpsfmag,psfmag,dpsfmag,legacy_survey_mag,used_for_photzpt,ps1_g,ps1_r,ps1_i,ra_fit,dec_fit,ra_now,dec_now,gaia_sourceid,ccdname"))
        hdu = fits.BinTableHDU(np.concatenate(table))
        hdu.header["FILENAME"] = f"CP/{os.path.basename(image)}"
        hdu.writeto(os.path.join(directory, "zpt", os.path.basename(image)[:-8] + "-photom.fits"), overwrite=True)
    columns_of(rows).writeto(os.path.join(directory, "survey.fits"), overwrite=True)
    told["ccds"], told["exposures"] = len(rows), exposures
    return told


if __name__ == "__main__":
    import sys
    print(write_night(sys.argv[1]))
