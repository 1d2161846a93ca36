"""A survey of one small DECam CCD with four stars on a flat sky, to be spoiled; and runbrick on it.

    survey = OneCcd(folder)            # writes it
    survey.cards(['BZERO   = 1.0'])    # changes a header
    result = survey.run(build)         # exit code, lines, catalog
    problem = result.stars_are_wrong() # '' if the catalog has the true stars
"""
import glob
import os
import shutil
import subprocess

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

WIDTH, HEIGHT = 88, 80
PIXEL = 0.262 / 3600           # degrees
SKY, NOISE, FWHM = 400., 4., 4.2
ZERO_POINT, EXPTIME = 25.1, 90.
COUNTS = EXPTIME * 10**((ZERO_POINT - 22.5) / 2.5)  # of a nanomaggy
STARS = ((24.0, 22.0, 80.), (62.3, 25.6, 40.), (30.5, 58.2, 20.), (66.0, 55.0, 12.))  # x, y from 0, nanomaggies
EXPNUM, CCD, BAND = 712345, 'N4', 'g'
WHO = dict(plver='V4.8.2', plprocid='1a2b3c4', procdate='2019-03-04T05:06:07')
BASE = 'decam/CP/V4.8.2/night/c4d_180304_050607_{}_g_v1'


def star(x, y, size, fwhm=FWHM):
    """A Moffat profile of sum 1 centred there."""
    radius = fwhm / 2 / np.sqrt(2**(1 / 3.) - 1)
    j, i = np.mgrid[:size[1], :size[0]]
    profile = (1 + ((i - x)**2 + (j - y)**2) / radius**2)**-3.
    return profile * 2 / (np.pi * radius**2)


def one_row(values):
    """A table of one row; real numbers are doubles, but for columns given as such."""
    forms = {bool: 'L', int: 'K', float: 'D'}
    columns = []
    for name, value in values.items():
        if not isinstance(value, fits.Column):
            form = f'{max(1, len(value))}A' if isinstance(value, str) else forms[type(value)]
            value = fits.Column(name, form, array=[value])
        columns.append(value)
    return fits.BinTableHDU.from_columns(columns)


class Result:
    def __init__(self, survey, code, lines, catalog, out):
        self.survey, self.code, self.lines, self.catalog, self.out = survey, code, lines, catalog, out

    def text(self, word=''):
        return '\n'.join(line for line in self.lines if word in line)

    def stars_are_wrong(self, places=None, allowed_flux=0.02, allowed_pixels=0.1):
        """Empty if the catalog has every star and nothing else as bright; else what is wrong. `places`: their
        (ra, dec), where they are not those of the unspoiled survey."""
        if self.catalog is None:
            return f'no catalog, exit code {self.code}: ' + self.text('error') + self.text('othing')
        if places is None:
            places = [self.survey.wcs.all_pix2world(x, y, 0) for x, y, _ in STARS]
        bright = self.catalog[self.catalog['flux_g'] > 6]
        if len(bright) != len(STARS):
            return f"{len(bright)} sources brighter than 6 nanomaggies: {self.catalog['flux_g']}"
        for (ra, dec), (x, y, flux) in zip(places, STARS):
            apart = np.hypot(((bright['ra'] - ra + 180) % 360 - 180) * np.cos(np.deg2rad(dec)), bright['dec'] - dec)
            near = bright[np.argmin(apart)]
            if not apart.min() / PIXEL <= allowed_pixels:
                return f'the star at {x} {y} is {apart.min() / PIXEL:.3g} pixels away'
            if not abs(near['flux_g'] / flux - 1) <= allowed_flux:
                return f"the star at {x} {y} has {near['flux_g']:.5g} nanomaggies, not {flux}"
        return ''


class OneCcd:
    def __init__(self, folder, ra=150., dec=2.):
        self.dir, self.out = os.path.join(folder, 'survey'), os.path.join(folder, 'out')
        shutil.rmtree(self.dir, ignore_errors=True)
        self.ra, self.dec = ra, dec
        self.paths = {kind: f'{self.dir}/images/{BASE.format(kind)}.fits' for kind in ('ooi', 'ood', 'oow')}
        self.psf = f'{self.dir}/calib/psfex/{BASE.format("ooi")}-psfex.fits'
        self.sky = f'{self.dir}/calib/sky/{BASE.format("ooi")}-splinesky.fits'
        self.table = f'{self.dir}/survey-ccds-one.fits.gz'
        for path in [self.paths['ooi'], self.psf, self.sky]:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        header = fits.Header()
        for key, value in dict(CTYPE1='RA---TAN', CTYPE2='DEC--TAN', CRVAL1=ra, CRVAL2=dec, CRPIX1=(WIDTH + 1) / 2,
                               CRPIX2=(HEIGHT + 1) / 2, CD1_1=-PIXEL, CD1_2=0., CD2_1=0., CD2_2=PIXEL).items():
            header[key] = value
        self.wcs = WCS(header)
        pixels = np.random.default_rng(3).normal(SKY, NOISE, (HEIGHT, WIDTH))
        for x, y, flux in STARS:
            pixels += flux * COUNTS * star(x, y, (WIDTH, HEIGHT))
        planes = dict(ooi=pixels.astype('f4'), ood=np.zeros((HEIGHT, WIDTH), 'i2'),
                      oow=np.full((HEIGHT, WIDTH), NOISE**-2, 'f4'))
        for kind, data in planes.items():
            primary = fits.PrimaryHDU()
            for key, value in dict(INSTRUME='DECam', FILTER='g DECam', EXPNUM=EXPNUM, EXPTIME=EXPTIME, OBJECT='field',
                                   PROPID='2014B-0404', PLVER=WHO['plver'], PLPROCID=WHO['plprocid'],
                                   DATE=WHO['procdate'], AIRMASS=1.1).items():
                primary.header[key] = value
            primary.header['MJD-OBS'] = 58181.2
            image = fits.ImageHDU(data, header, name=CCD)
            image.header['FWHM'] = FWHM
            fits.HDUList([primary, image]).writeto(self.paths[kind])
        self.row = dict(
            image_filename=BASE.format('ooi') + '.fits', image_hdu=1, camera='decam', expnum=EXPNUM, ccdname=CCD,
            filter=BAND, object='field', propid='2014B-0404', exptime=EXPTIME, mjd_obs=58181.2, airmass=1.1, fwhm=FWHM,
            width=WIDTH, height=HEIGHT, crpix1=(WIDTH + 1) / 2, crpix2=(HEIGHT + 1) / 2, crval1=ra, crval2=dec,
            cd1_1=-PIXEL, cd1_2=0., cd2_1=0., cd2_2=PIXEL, ra=ra, dec=dec, sig1=NOISE / COUNTS, ccdzpt=ZERO_POINT,
            zpt=ZERO_POINT, ccdraoff=0., ccddecoff=0., ccdnastrom=300, ccdnphotom=300, ccd_cuts=0, **WHO)
        self.write_table()
        stamp = star(12, 12, (25, 25))
        made = dict(expnum=EXPNUM, ccdname=CCD, legpipev='test', imgdsum=0, **WHO)
        self.psf_row = dict(
            psfaxis1=25, psfaxis2=25, psfaxis3=1, psfnaxis=3, psf_samp=1., psf_fwhm=FWHM, polnaxis=2, polngrp=1, poldeg1=0,
            polgrp1=1, polgrp2=1, polname1='X_IMAGE', polname2='Y_IMAGE', polzero1=0., polzero2=0., polscal1=1.,
            polscal2=1., accepted=50, loaded=60, chi2=1.,
            psf_mask=fits.Column('psf_mask', '625E', dim='(25,25,1)', array=(stamp / stamp.sum())[None, None].astype('f4')),
            **made)
        self.write(self.psf, self.psf_row)
        self.sky_row = dict(skyclass='tractor.sky.ConstantSky', value=SKY, sig1=NOISE, sky_med=SKY, **made)
        self.write(self.sky, self.sky_row)

    def write(self, path, row):
        fits.HDUList([fits.PrimaryHDU(), one_row(row)]).writeto(path, overwrite=True)

    def write_table(self, hdu=None, path=None, **changes):
        """The CCD table: one row, with those columns in the place of their own (None: without)."""
        row = {k: v for k, v in {**self.row, **changes}.items() if v is not None}
        fits.HDUList([fits.PrimaryHDU(), hdu or one_row(row)]).writeto(path or self.table, overwrite=True)

    def hdus(self, kind='ooi'):
        with fits.open(self.paths[kind], memmap=False) as f:
            return fits.HDUList([hdu.copy() for hdu in f])

    def put(self, hdus, kind='ooi'):
        fits.HDUList(hdus).writeto(self.paths[kind], overwrite=True, output_verify='ignore')

    def cards(self, records, kind='ooi', without=()):
        """Cards as they are to stand in the file, in the place of those of the same names, of HDU 1; without those of
        the names `without`."""
        with open(self.paths[kind], 'rb') as f:
            whole = f.read()
        start = whole.index(b'XTENSION')
        end = next(i for i in range(start, len(whole), 80) if whole[i:i + 8] == b'END     ')
        data = start + -(-(end + 80 - start) // 2880) * 2880
        names = {r[:8].strip() for r in records if not r.startswith('CONTINUE')} | set(without)
        kept = [whole[i:i + 80] for i in range(start, end, 80) if whole[i:i + 8].decode().strip() not in names]
        head = b''.join(kept + [r.encode('latin1').ljust(80) for r in records] + [b'END'.ljust(80)])
        with open(self.paths[kind], 'wb') as f:
            f.write(whole[:start] + head.ljust(-(-len(head) // 2880) * 2880) + whole[data:])

    def run(self, build, *more, brick=None, env=None):
        shutil.rmtree(self.out, ignore_errors=True)
        brick = brick or ['--radec', str(self.ra), str(self.dec), '--width', '84', '--height', '84']
        words = [build + '/bin/runbrick', '--survey-dir', self.dir, '--outdir', self.out, '--plugin-dir',
                 build + '/plugins', '--threads', '1', *brick, '--bands', BAND, '--no-wise', '--no-gaia', '--no-tycho',
                 '--no-large-galaxies', '--no-star-clusters', *more]
        clean = {k: v for k, v in os.environ.items() if not k.endswith('_DIR')}
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                              env={**clean, **(env or {})}, timeout=120)
        found = glob.glob(self.out + '/tractor/*/tractor-*.fits')
        return Result(self, done.returncode, done.stdout.splitlines(), fits.getdata(found[0], 1) if found else None,
                      self.out)
