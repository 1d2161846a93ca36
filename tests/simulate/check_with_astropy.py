#!/usr/bin/python3
"""Reads a simulated survey with astropy alone and follows its images back to the truth table.

  check_with_astropy.py SURVEY

Checksums and structure of every file; then for each image: sky calibration subtracted, zero point applied, true
positions projected with the header's own WCS (corrected by ccdraoff, ccddecoff), and light summed around isolated
sources: within 31 pixels for stars, within the share of the profile that lies inside for galaxies.
"""
import glob
import os
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from scipy.interpolate import RectBivariateSpline
from scipy.special import gammainc, gammaincinv

warnings.filterwarnings('ignore', category=UserWarning)
failures = []


def check(good, what):
    if not good:
        failures.append(what)
        print('FAILED', what)


def row_of(path, ccd):
    with fits.open(path) as f:
        t = f[1].data
        good = (t['expnum'] == ccd['expnum']) & (np.char.strip(t['ccdname']) == ccd['ccdname'].strip())
        check(good.sum() == 1 and (t['plver'] == ccd['plver']).all() and (t['plprocid'] == ccd['plprocid']).all(),
              'one row of the CCD in ' + path)
        return t[good][0].array[np.flatnonzero(good)[0]]


def main(survey):
    for path in glob.glob(survey + '/**/*.fits*', recursive=True):
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            with fits.open(path, checksum=True, disable_image_compression=True) as f:
                f.verify('exception')
                check(all('CHECKSUM' in h.header for h in f), 'checksums of ' + path)
    truth = fits.getdata(survey + '/truth.fits')
    star = np.char.strip(truth['type']) == 'PSF'
    for ccd in fits.getdata(survey + '/survey-ccds-sim.fits.gz'):
        name, hdu = ccd['image_filename'], ccd['image_hdu']
        base = name[:name.index('.fits')]
        with fits.open(survey + '/images/' + name) as f:
            primary, header, image = f[0].header, f[hdu].header, f[hdu].data.astype(float)
        quality = fits.getdata(survey + '/images/' + name.replace('_ooi_', '_ood_'), hdu)
        weight = fits.getdata(survey + '/images/' + name.replace('_ooi_', '_oow_'), hdu)
        check(image.shape == quality.shape == weight.shape == (ccd['height'], ccd['width']), 'sizes of ' + name)
        check(primary['EXPNUM'] == ccd['expnum'] and primary['PLVER'] == ccd['plver'] and
              primary['PLPROCID'] == ccd['plprocid'] and primary['FILTER'].split()[0] == ccd['filter'] and
              header['EXTNAME'] == ccd['ccdname'], 'identity of ' + name)
        sky = row_of('%s/calib/sky/%s-splinesky.fits' % (survey, base), ccd)
        psf = row_of('%s/calib/psfex/%s-psfex.fits' % (survey, base), ccd)
        check(abs(psf['psf_mask'][0].sum() - 1) < 0.01, 'PSF of ' + name)
        surface = RectBivariateSpline(sky['ygrid'], sky['xgrid'], sky['gridvals'], s=0)
        h, w = image.shape
        scale = 10. ** ((ccd['ccdzpt'] - 22.5) / 2.5) * ccd['exptime']
        image = (image - surface(np.arange(h) + sky['y0'], np.arange(w) + sky['x0'])) / scale
        spread = image[quality == 0]
        spread = spread[abs(spread) < 4 * ccd['sig1']]
        check(abs(np.median(spread)) < 0.1 * ccd['sig1'], 'sky of ' + name)
        check(abs(np.median(weight) ** -0.5 / scale / ccd['sig1'] - 1) < 1e-4, 'weights of ' + name)

        header['CRVAL1'] += ccd['ccdraoff'] / 3600 / np.cos(np.deg2rad(header['CRVAL2']))
        header['CRVAL2'] += ccd['ccddecoff'] / 3600
        x, y = WCS(header).all_world2pix(truth['ra'], truth['dec'], 0)
        flux = truth['flux_' + ccd['filter']]
        measured = 0
        for k in range(len(truth)):
            radius = 31 if star[k] else 45
            others = np.maximum(abs(x - x[k]), abs(y - y[k]))
            others[k] = np.inf
            ix, iy = int(round(x[k])), int(round(y[k]))
            box = slice(iy - radius, iy + radius + 1), slice(ix - radius, ix + radius + 1)
            if (others < 2 * radius).any() or not radius <= ix < w - radius or not radius <= iy < h - radius or \
                    (quality[box] != 0).any():
                continue
            total = image[box].sum()
            expected = flux[k]
            if not star[k]:
                n, pixels = truth['sersic'][k], truth['shape_r'][k] / 0.262
                b = gammaincinv(2 * n, 0.5)
                # between the light inside the inscribed and the circumscribed ellipse
                low = gammainc(2 * n, b * (0.9 * radius / pixels) ** (1 / n))
                high = gammainc(2 * n, b * (1.5 * radius / truth['ba'][k] / pixels) ** (1 / n))
                slack = (high - low) / 2 + 3e-3
                expected *= (high + low) / 2
            else:
                slack = 5e-4
            error = np.hypot((2 * radius + 1) * ccd['sig1'], np.sqrt(flux[k] / scale / 4))
            check(abs(total - expected) < 4 * error + slack * flux[k],
                  '%s of %s: %.4f, truth %.4f +- %.4f' % (truth['type'][k], name, total, expected, error))
            if star[k]:
                yy, xx = np.mgrid[-radius:radius + 1, -radius:radius + 1]
                near = np.hypot(xx - x[k] + ix, yy - y[k] + iy) < 10
                part = image[box] * near
                cx, cy = (part * xx).sum() / part.sum(), (part * yy).sum() / part.sum()
                check(np.hypot(cx - x[k] + ix, cy - y[k] + iy) < 0.06, 'position of a star in ' + name)
            measured += 1
        check(measured >= 5, 'sources measured in %s: %i' % (name, measured))
        print('%s: %i sources' % (os.path.basename(name), measured))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
