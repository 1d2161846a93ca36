#!/usr/bin/python3
"""Inputs of the kinds that people have, from end to end: the true stars come out, or one clear line says what is wrong.

    faults.py BUILD WORK KIND      one of the functions below, which are a test each
    faults.py --list
"""
import glob
import gzip
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from one_ccd import (BASE, BAND, CCD, COUNTS, EXPNUM, EXPTIME, FWHM, HEIGHT, OneCcd, PIXEL, SKY, STARS, WIDTH,  # noqa: E402
                     ZERO_POINT, one_row, star)

warnings.simplefilter('ignore')
KINDS = {}
build = work = None
failures = []


def kind(function):
    KINDS[function.__name__] = function
    return function


def check(name, problem):
    print(('ok      ' if not problem else 'FAILED  ') + name + (': ' + problem if problem else ''))
    if problem:
        failures.append(name)


def stars(name, survey, *more, places=None, warned=None, allowed_pixels=0.1, **how):
    """The catalog has the true stars; `warned`: a warning holds that text; without it there is none."""
    result = survey.run(build, *more, **how)
    problem = result.stars_are_wrong(places, allowed_pixels=allowed_pixels)
    told = '\n'.join(line for line in result.lines if 'warning' in line and 'dust' not in line)  # there are no maps here
    if not problem and warned is None and told:
        problem = 'it warns: ' + told
    if not problem and warned and warned not in told:
        problem = f'no warning says "{warned}": {told}'
    check(name, problem)
    return result


def refused(name, survey, *more, says, code=3, **how):
    """One line says why, with all those words, and there is no catalog."""
    result = survey.run(build, *more, **how)
    errors = [line for line in result.lines if 'error:' in line]
    problem = ''
    if result.code != code or len(errors) != 1:
        problem = f'exit code {result.code}, not {code}: ' + ' | '.join(result.lines[-3:]) + ' ' + result.stars_are_wrong()
    else:
        problem = ', '.join(f'"{word}" is not in: {errors[0]}' for word in says if word not in errors[0])
    if not problem and result.catalog is not None:
        problem = 'there is a catalog'
    check(name, problem)


def nothing(name, survey, *more, says='', **how):
    """Exit code 0 and no catalog, since no CCD is to be used."""
    result = survey.run(build, *more, **how)
    problem = '' if result.code == 0 and result.catalog is None else f'exit code {result.code}, ' + result.text('error')
    if not problem and says not in result.text():
        problem = f'"{says}" is not in ' + result.text()
    check(name, problem)


def fresh(**how):
    return OneCcd(work, **how)


def places_of(survey):
    """Where astropy puts the stars by the image's header."""
    with fits.open(survey.paths['ooi']) as f:
        wcs = WCS(f[1].header)
    return [wcs.all_pix2world(x, y, 0) for x, y, _ in STARS]


def distorted(survey, records, without=()):
    """The stars stay on their pixels, so their places are others; the table's row is that of the distorted middle."""
    survey.cards(records, without=without)
    with fits.open(survey.paths['ooi']) as f:
        ra, dec = WCS(f[1].header).all_pix2world((WIDTH - 1) / 2, (HEIGHT - 1) / 2, 0)
    survey.write_table(ra=float(ra), dec=float(dec))
    return places_of(survey)


@kind
def floats_without_quantisation():
    survey = fresh()
    stars('the survey as it is', survey)
    plain = survey.hdus()
    image = plain[1]

    def packed(name, change=None, **how):
        hdu = fits.CompImageHDU(image.data, image.header, **how)
        survey.put([plain[0], hdu])
        if change:
            with fits.open(survey.paths['ooi'], mode='update', disable_image_compression=True) as f:
                change(f[1].header)
        stars(name, survey)
    for codec in ('GZIP_1', 'GZIP_2'):
        packed(f'{codec} without loss', compression_type=codec, quantize_level=0)
        packed(f'{codec} without loss and without ZQUANTIZ', lambda h: h.remove('ZQUANTIZ', ignore_missing=True),
               compression_type=codec, quantize_level=0)
    packed('RICE_1, quantised, without ZQUANTIZ', lambda h: h.remove('ZQUANTIZ', ignore_missing=True),
           compression_type='RICE_1', quantize_method=-1)
    packed('GZIP_2, quantised and dithered, square tiles', compression_type='GZIP_2', quantize_method=2, tile_size=[30, 30])
    # Two HDUs of unlike forms: what one says of its numbers is not carried over to the other.
    other = fits.CompImageHDU(image.data * 3, name='S4', compression_type='RICE_1', quantize_method=1)
    survey.put([plain[0], fits.CompImageHDU(image.data, image.header, compression_type='GZIP_1', quantize_level=0), other])
    stars('HDUs of unlike forms', survey)


@kind
def exponents_of_fortran():
    survey = fresh()
    survey.cards(['CRVAL1  =              1.5D+02', 'CRVAL2  =              2.0d+00', 'CD1_1   =  -7.27777777777778D-05',
                  'CD2_2   =  +7.27777777777778D-05', 'CRPIX1  =              4.45D+1'])
    stars('D exponents', survey)
    for field in ('1 50.0', '150,0', "'east'", '', 'NaN', '1.5D'):
        survey = fresh()
        survey.cards([f'CRVAL1  = {field}'])
        refused(f'CRVAL1 = {field or "blank"}', survey, says=['CRVAL1', '_ooi_'])
    survey = fresh()
    survey.cards(['BSCALE  = 1,5'])
    refused('BSCALE = 1,5', survey, says=['BSCALE', '1,5'])
    survey = fresh()
    hdus = survey.hdus()
    for card in ('EXPTIME', 'MJD-OBS'):
        hdus[0].header[card] = str(hdus[0].header[card])
    survey.put(hdus)
    stars('numbers in quotes', survey)


@kind
def distortions_of_iraf():
    survey = fresh()
    places = distorted(survey, tnx(0.))
    stars('TNX', survey, places=places)
    stars('TNX, a table that knows of no distortion', fresh_with(tnx(0.)), places=places)
    survey = fresh_with(tnx(5e-4))
    stars('TNX that moves the middle', survey, places=places_of(survey))
    for name, more in (('a table of distortions', ["CPDIS1  = 'LOOKUP'", "DP1     = 'EXTVER: 1.0'"]),
                       ('a distortion behind the matrix', ["CQDIS1  = 'TPD'", "DQ1     = 'NAXES: 2.0'"]),
                       ('an old equinox', ["RADESYS = 'FK4'", 'EQUINOX = 1950.0'])):
        survey = fresh()
        survey.cards(more)
        refused(name, survey, says=[more[0][:8].strip()])


def tnx(constant):
    """Third order in both axes: more than an arcsecond at the corners, `constant` degrees in the middle."""
    ranges = '-0.0033 0.0033 -0.0030 0.0030'
    words = (f'wtype=tnx axtype=ra lngcor = "3. 3. 3. 2. {ranges} {constant} 2.5E-4 -3.0E-4 1.0E-4 2.0E-4 -1.0E-4 "',
             f'wtype=tnx axtype=dec latcor = "3. 3. 3. 2. {ranges} 0. -1.5E-4 2.0E-4 2.0E-4 0. -6.0E-5 "')
    records = ["CTYPE1  = 'RA---TNX'", "CTYPE2  = 'DEC--TNX'", "WAT0_001= 'system=image'"]
    for axis, text in enumerate(words, 1):
        for part in range(0, len(text), 68):
            records.append('WAT%d_%03d= \'%-68s\'' % (axis, part // 68 + 1, text[part:part + 68]))
    return records


def fresh_with(records):
    survey = fresh()
    survey.cards(records)
    return survey


@kind
def pixels_without_number():
    survey = fresh()
    plain = survey.hdus()
    plain[1].data[40, 44] = np.nan
    survey.put(plain)
    says = ['not finite', 'x 45, y 41', 'pixels.nan']
    refused('NaN in a plain image', survey, says=says)
    for codec, flags in (('RICE_1', ['-r', '-q', '16']), ('GZIP_1', ['-g1', '-q', '4']), ('HCOMPRESS_1', ['-h'])):
        subprocess.check_call(['fpack', *flags, '-O', survey.dir + '/packed', survey.paths['ooi']])
        kept = survey.paths['ooi'] + '.plain'
        os.rename(survey.paths['ooi'], kept)
        os.rename(survey.dir + '/packed', survey.paths['ooi'])
        refused(f'NaN in tiles of {codec}', survey, says=says)
        os.rename(kept, survey.paths['ooi'])
    # Integers, of which one number stands for none.
    survey = fresh()
    plain = survey.hdus()
    stored = np.round((plain[1].data - 1000) * 4).astype('i4')
    stored[40, 44] = -99999
    image = fits.ImageHDU(stored, plain[1].header)
    survey.put([plain[0], image])
    survey.cards(['BSCALE  = 0.25', 'BZERO   = 1000.0', 'BLANK   = -99999'])
    refused('BLANK of scaled integers', survey, says=says)
    stored[40, 44] = stored[40, 43]
    survey.put([plain[0], fits.ImageHDU(stored, plain[1].header)])
    survey.cards(['BSCALE  = 0.25', 'BZERO   = 1.0D3', 'BLANK   = -99999'])
    stars('scaled integers', survey)


@kind
def columns_of_every_integer():
    survey = fresh()
    unsigned = lambda name, value: fits.Column(name, 'K', array=np.array([value], 'u8'), bzero=2**63)
    survey.write_table(ccd_cuts=unsigned('ccd_cuts', 512))
    nothing('cuts as unsigned 64-bit numbers', survey)
    survey.write_table(ccd_cuts=fits.Column('ccd_cuts', 'D', array=[512.]))
    nothing('cuts as real numbers', survey)
    survey.write_table(ccd_cuts=fits.Column('ccd_cuts', 'B', array=np.array([1], 'u1')))
    nothing('cuts as bytes', survey)
    survey.write_table(expnum=unsigned('expnum', EXPNUM), image_hdu=fits.Column('image_hdu', 'I', array=np.array([1], 'u2'),
                                                                               bzero=2**15))
    stars('exposure numbers as unsigned 64-bit numbers', survey)
    survey.write_table(expnum=unsigned('expnum', 2**63 + 5))
    refused('an exposure number beyond 63 bits', survey, says=['expnum', 'cannot be read'])
    survey.write_table(expnum=fits.Column('expnum', 'J', array=[-7], null=-7))
    refused('a blank exposure number', survey, says=['expnum', 'blank'])
    survey.write_table(notes=unsigned('notes', 2**63 + 5))
    stars('a column of no use that cannot be read', survey, warned='column notes of the CCD table cannot be read')
    table = one_row(survey.row)
    again = fits.Column('CCDZPT', 'E', array=[24.])
    survey.write_table(fits.BinTableHDU.from_columns(list(table.columns) + [again]))
    refused('two columns that differ by case alone', survey, says=['ccdzpt'])
    # A scale in quotes, which readers take for none.
    survey.write_table(exptime=fits.Column('exptime', 'J', array=[180], unit='s'))
    with gzip.open(survey.table) as f:
        table = f.read()
    at = table.index(b"= 's       '") - 8
    for scale, says in (("'0.5'", ["TSCAL", '.fits.gz']), ('0.5', [])):
        card = b'TSCAL' + table[at + 5:at + 8] + f'= {scale}'.ljust(72).encode()
        with gzip.open(survey.table, 'wb') as f:
            f.write(table[:at] + card + table[at + 80:])
        refused('a scale in quotes', survey, says=says) if says else stars('a scale', survey)


@kind
def sky_templates():
    survey = fresh()
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    template = (25 * np.cos(x / 11.) + 10 * np.sin(y / 7.)).astype('f4')
    hdus = survey.hdus()
    hdus[1].data = hdus[1].data + 3 * template
    survey.put(hdus)
    directory = os.path.join(work, 'templates')
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory + '/sky_templates')
    primary = fits.PrimaryHDU()
    primary.header['SKYTMPL'] = 2
    fits.HDUList([primary, fits.ImageHDU(0 * template, name='S4'), fits.ImageHDU(template, name=CCD)]).writeto(
        f'{directory}/sky_templates/sky_template_{BAND}_6.fits')
    scales = dict(expnum=EXPNUM, run=6, skyscale=3., plprocid='1a2b3c4')
    survey.write(directory + '/sky-scales.kd.fits', scales)
    env = {'SKY_TEMPLATE_DIR': directory}
    survey.write(survey.sky, dict(survey.sky_row, templ_ver=2, templ_run=6, templ_scale=3.))
    stars('the template that the sky model was made after', survey, env=env)
    refused('no templates', survey, says=['SKY_TEMPLATE_DIR'])
    survey.write(directory + '/sky-scales.kd.fits', dict(scales, skyscale=2.))
    refused('a template of another scale', survey, says=['scale 3', 'scale 2'], env=env)
    survey.write(directory + '/sky-scales.kd.fits', dict(scales, expnum=EXPNUM + 1))
    refused('templates of other exposures', survey, says=['no sky template'], env=env)
    survey.write(directory + '/sky-scales.kd.fits', scales)
    survey.write(survey.sky, survey.sky_row)
    stars('a sky model that does not say', survey, env=env, warned='does not say which sky template')


@kind
def ccds_that_come_twice():
    survey = fresh()
    one = one_row(survey.row)
    once = stars('one row', survey)
    weight = lambda result: result.catalog['flux_ivar_g'].max()
    twice = fits.BinTableHDU(np.concatenate([one.data, one.data]))
    survey.write_table(twice)
    result = stars('two equal rows', survey, warned='repeat a CCD')
    check('two equal rows count once', '' if weight(result) == weight(once) else 'it counts twice')
    survey.write_table()
    survey.write_table(path=survey.dir + '/survey-ccds-two.fits.gz')
    result = stars('the same CCD in two tables', survey, warned='in a table read before')
    check('two tables count once', '' if weight(result) == weight(once) else 'it counts twice')
    os.remove(survey.dir + '/survey-ccds-two.fits.gz')
    rows = np.concatenate([one.data, one.data])
    rows['ccdzpt'][1] = 24.
    survey.write_table(fits.BinTableHDU(rows))
    refused('two rows that differ', survey, says=['rows 1 and 2', 'ccdzpt'])
    rows['ccd_cuts'][1] = 1
    survey.write_table(fits.BinTableHDU(rows))
    stars('two rows of which one is cut', survey)
    rows = np.concatenate([one.data, one.data])
    rows['ccdname'][1] = 'N5'
    survey.write_table(fits.BinTableHDU(rows))
    refused('two CCDs of the same pixels', survey, says=['N5'])


@kind
def hdus_of_other_ccds():
    bad = np.ones((HEIGHT, WIDTH), 'i2')
    survey = fresh()
    hdus = survey.hdus('ood')
    survey.put([hdus[0], fits.ImageHDU(bad, hdus[1].header, name='S7'), hdus[1]], 'ood')
    stars('a mask file in another order', survey, warned='N4 is found in HDU 2')
    survey = fresh()
    hdus = survey.hdus('oow')
    survey.put([hdus[0], fits.ImageHDU(hdus[1].data * 9, hdus[1].header, name='S7'), hdus[1]], 'oow')
    stars('a weight file in another order', survey, warned='N4 is found in HDU 2')
    survey = fresh()
    hdus = survey.hdus()
    hdus[1].header['EXTNAME'] = 'S7'
    survey.put(hdus)
    refused("another CCD's image", survey, says=['S7', 'N4'])
    survey = fresh()
    hdus = survey.hdus('ood')
    survey.put([hdus[0], fits.ImageHDU(np.zeros((HEIGHT + 6, WIDTH), 'i2'), hdus[1].header, name=CCD)], 'ood')
    refused('a mask of another shape', survey, says=['mask', f'{WIDTH} x {HEIGHT + 6}'])
    survey = fresh()
    hdus = survey.hdus('oow')
    survey.put([hdus[0], fits.ImageHDU(hdus[1].data[:, :-1], hdus[1].header, name=CCD)], 'oow')
    refused('weights of another shape', survey, says=['weight', f'{WIDTH - 1} x {HEIGHT}'])
    survey = fresh()
    survey.write_table(width=WIDTH + 1)
    refused('a table of another shape', survey, says=[f'{WIDTH} x {HEIGHT}', str(WIDTH + 1)])
    survey = fresh()
    survey.cards(['BSCALE  = 1.1'], 'ood')
    refused('a mask that is scaled', survey, says=['mask', 'BSCALE'])


@kind
def sampling_of_psfs():
    survey = fresh()
    for value in (1e-3, float('nan'), 40., -1.):
        survey.write(survey.psf, dict(survey.psf_row, psf_samp=value))
        refused(f'psf_samp {value}', survey, says=['psf_samp', '-psfex.fits'])
    for value in (float('nan'), 0., -3., 1e4):
        survey.write(survey.psf, dict(survey.psf_row, psf_fwhm=value))
        refused(f'psf_fwhm {value}', survey, says=['psf_fwhm', '-psfex.fits'])
    survey.write(survey.psf, dict(survey.psf_row, poldeg1=-1))
    refused('poldeg1 -1', survey, says=['poldeg1', '-psfex.fits'])
    # Pixels of two thirds of the image's: the same star, on more of them.
    size, sampling = 37, 2 / 3.
    radius = FWHM / sampling / 2 / np.sqrt(2**(1 / 3.) - 1)
    j, i = np.mgrid[:size, :size] - size // 2
    fine = (1 + (i * i + j * j) / radius**2)**-3.
    mask = fits.Column('psf_mask', f'{size * size}D', dim=f'({size},{size},1)', array=(fine / fine.sum())[None, None])
    survey.write(survey.psf, dict(survey.psf_row, psfaxis1=size, psfaxis2=size, psf_samp=sampling, psf_mask=mask,
                                  polname1='XWIN_IMAGE', polname2='YWIN_IMAGE'))
    stars('a PSF of finer pixels, in doubles', survey)
    one = one_row(survey.psf_row)
    merged = np.concatenate([one.data] * 60)
    merged['ccdname'][1:] = 'S1'
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(merged)]).writeto(survey.psf, overwrite=True)
    stars('the PSFs of an exposure in one table', survey)
    subprocess.check_call(['fpack', '-table', '-O', survey.dir + '/packed', survey.psf])
    os.rename(survey.dir + '/packed', survey.psf)
    refused('a PSF packed by fpack', survey, says=['ZTABLE', '-psfex.fits'])


@kind
def sip_without_terms():
    sip = ["CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'"]
    for name, records in (('orders without terms', ['A_ORDER = 2', 'B_ORDER = 3']), ('no orders', []),
                          ('order 0', ['A_ORDER = 0', 'B_ORDER = 0']),
                          ('an inverse without terms', ['A_ORDER = 2', 'B_ORDER = 2', 'AP_ORDER= 2', 'BP_ORDER= 2'])):
        survey = fresh()
        survey.cards(sip + records)
        stars(name, survey)
    survey = fresh()
    places = distorted(survey, sip + ['A_ORDER = 2', 'A_1_1   = 3.0E-4', 'B_ORDER = 2', 'B_2_0   = -2.0E-4'])
    stars('orders with some of their terms', survey, places=places)


@kind
def distortions_without_inverse():
    survey = fresh()
    records = ["CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", 'A_ORDER = 2', 'B_ORDER = 2', 'A_2_0   = 2.5E-4']
    places = distorted(survey, records)
    for side in ('90', '2000'):
        stars(f'a brick of {side} pixels about a SIP that folds over', survey, places=places,
              brick=['--radec', '150', '2', '--width', side, '--height', side])


@kind
def poles():
    for pole in (90., -90.):
        survey = fresh(ra=0., dec=pole)
        for image in ('ooi', 'ood', 'oow'):
            survey.cards(['LONPOLE = 180.0', f'LATPOLE = {pole}'], image)
        result = stars(f'a CCD at declination {pole}', survey, places=places_of(survey),
                       brick=['--radec', '0', str(pole), '--width', '84', '--height', '84'])
        if result.catalog is None:
            continue
        check('all sources are in the brick', '' if result.catalog['brick_primary'].all() else 'they are not')
        with fits.open(glob.glob(result.out + '/coadd/*/*/*-image-g.fits.fz')[0]) as f:
            y, x = np.unravel_index(np.argmax(f[1].data), f[1].data.shape)
            ra, dec = WCS(f[1].header).all_pix2world(x, y, 0)
        brightest = result.catalog[np.argmax(result.catalog['flux_g'])]
        apart = np.hypot(((brightest['ra'] - ra + 180) % 360 - 180) * np.cos(np.deg2rad(dec)), brightest['dec'] - dec)
        check('the coadd has its brightest pixel where the catalog has its brightest star',
              '' if apart < PIXEL else f'{apart / PIXEL} pixels apart')
    survey = fresh(ra=0.0005, dec=10.)
    stars('a CCD across right ascension 0', survey)


@kind
def numbers_of_the_command_line():
    survey = fresh(dec=-0.5)
    stars('a declination that begins with -.', survey, brick=['--radec', '150', '-.5', '--width', '84', '--height', '84'])
    stars('sexagesimal positions', survey, brick=['--radec', '10:00:00', '-00:30:00', '--width', '84', '--height', '84'])
    result = stars('the largest release', survey, '--release', '32767')
    check('its column', '' if set(result.catalog['release']) == {32767} else str(result.catalog['release']))
    for release in ('32768', '99999', '-1', '9.5', '1e3'):
        refused(f'--release {release}', survey, '--release', release, says=['--release'], code=2)
    for words in (['--radec', '150', '-95'], ['--radec', '720', '0'], ['--radec', 'nan', '0'], ['--radec', '150', '1,5']):
        refused(' '.join(words), survey, brick=[*words, '--width', '84', '--height', '84'], says=['--radec'], code=2)
    result = survey.run(build, '--max-blobsize', '5')
    check('blobs that are all too large are told', '' if '--max-blobsize' in result.text('warning') else result.text())


@kind
def scales_of_old():
    matrix = ('CD1_1', 'CD1_2', 'CD2_1', 'CD2_2')
    scale = f'{PIXEL:20.14E}'
    for name, records in (
            ('PC001001', [f'CDELT1  = {scale}', f'CDELT2  = {scale}', 'PC001001= -1.0', 'PC001002= 0.0', 'PC002001= 0.0',
                          'PC002002= 1.0']),
            ('PC1_1', [f'CDELT1  = {scale}', f'CDELT2  = {scale}', 'PC1_1   = -1.0', 'PC2_2   = 1.0']),
            ('CDELT alone', [f'CDELT1  = -{scale.strip()}', f'CDELT2  = {scale}']),
            ('CROTA2', [f'CDELT1  = {scale}', f'CDELT2  = -{scale.strip()}', 'CROTA2  = 180.0']),
            ('arcseconds', [f'CD1_1   = {-3600 * PIXEL}', f'CD2_2   = {3600 * PIXEL}', f'CRVAL1  = {150 * 3600}',
                            f'CRVAL2  = {2 * 3600}', "CUNIT1  = 'arcsec'", "CUNIT2  = 'arcsec'"])):
        survey = fresh()
        survey.cards(records, without=matrix)
        stars(name, survey)
    survey = fresh()
    survey.cards(['PC1_1   = 3.0', 'PC1_2   = 0.5'])
    stars('PC left over beside CD', survey)
    survey = fresh()
    survey.cards([], without=matrix)
    refused('no scale at all', survey, says=['CD'])
    survey = fresh()
    survey.cards(['PC001001= 1.0', 'PC002002= 1.0', f'CDELT1  = {scale}', f'CDELT2  = {scale}'], without=matrix)
    refused('the mirror image of what the table says', survey, says=['mirror'])


@kind
def psf_models_that_contradict_themselves():
    survey = fresh()
    stamp = star(12, 12, (25, 25))
    wider = star(12, 12, (25, 25), 5.5)
    planes = lambda *each: fits.Column('psf_mask', f'{each[0].size * len(each)}E', array=np.array([each], 'f4'),
                                       dim=f'({each[0].shape[1]},{each[0].shape[0]},{len(each)})')
    varying = dict(survey.psf_row, poldeg1=1, psfaxis3=3, psf_mask=planes(stamp, wider - stamp, 0 * stamp))
    for name, row, says in (
            ('a scale of nothing', dict(varying, polscal1=1e-9), 'psf_fwhm'),
            ('a zero far away', dict(varying, polzero1=1e6), 'psf_fwhm'),
            ('stars beside the middle', dict(survey.psf_row, psf_mask=planes(star(15, 12, (25, 25)))), 'from the middle'),
            ('stamps that are far too small', dict(survey.psf_row, psfaxis1=3, psfaxis2=3,
                                                   psf_mask=planes(stamp[11:14, 11:14])), 'psf_fwhm'),
            ('a size that cuts the stamp', dict(survey.psf_row, psfaxis1=23, psfaxis2=23), 'psfaxis1'),
            ('pixels twice as wide', dict(survey.psf_row, psf_samp=1.9), 'psf_fwhm')):
        survey.write(survey.psf, row)
        refused(name, survey, '--skip-calibs', says=[says, '-psfex.fits'])
    survey.write(survey.psf, dict(survey.psf_row, psf_mask=planes(star(12.7, 12, (25, 25)))))
    stars('stars a little beside the middle', survey, warned='from the middle', allowed_pixels=0.8)
    survey.write(survey.psf, dict(varying, polzero1=44.5, polzero2=40.5, polscal1=3e3, polscal2=3e3))
    stars('a polynomial of hardly any change', survey)


@kind
def rows_that_are_written_otherwise():
    survey = fresh()
    once = stars('one row', survey)
    survey.write_table(filter='G')
    refused('a band in capitals', survey, says=["'G'", "'g' meant", 'row 1'])
    survey.write_table(filter='g DECam SDSS c0001 4720.0 1520.0')
    refused('the name of a filter', survey, says=['1520.0', 'filter', "'g'"])
    survey.write_table(filter='VR')
    nothing('a band that is not wanted', survey, says='712345-N4: the band VR is not wanted')
    for changes, says in ((dict(ccdzpt=0.), 'ccdzpt'), (dict(ccdzpt=float(ZERO_POINT + 2.5 * np.log10(EXPTIME))), 'ccdzpt'), (dict(ccdraoff=1e4), 'ccdraoff'),
                          (dict(image_hdu=1.5), '.fits.gz row 1')):
        survey.write_table(**changes)
        refused(str(changes), survey, says=[says])
    survey.write_table()
    other = survey.dir + '/survey-ccds-two.fits.gz'
    survey.write_table(path=other, filter='x', expnum=712346, image_filename='decam/another.fits.fz')
    stars('a band that the camera does not have, beside', survey, warned="their band is 'x' by the CCD table")
    weight = lambda result: result.catalog['flux_ivar_g'].max()
    survey.write_table(path=other, camera='DECam', image_filename='./' + survey.row['image_filename'])
    result = stars('the same CCD in two tables, in other letters', survey, warned='in a table read before')
    check('it counts once', '' if weight(result) == weight(once) else 'it counts twice')
    survey.write_table(path=other, ccdzpt=25.)
    stars('the same CCD in two tables that differ', survey, warned='712345-N4 in ccdzpt (25.1 and 25)')
    survey.write_table(path=other, expnum=EXPNUM + 1, image_filename='decam/../' + survey.row['image_filename'])
    refused('the same pixels in two tables', survey, says=['same pixels', '712346-N4', '712345-N4', 'two.fits.gz'])


@kind
def headers_that_contradict_the_row():
    survey = fresh()
    plain = survey.hdus()

    def changed(*, name=None, of=0, **cards):
        hdus = fits.HDUList([hdu.copy() for hdu in plain])
        for key, value in cards.items():
            hdus[of].header[key] = value
        survey.put(hdus)

    for cards, of, warned in ((dict(EXPTIME='ninety'), 0, "EXPTIME = 'ninety' cannot be read"),
                              (dict(FILTER='VR DECam c0007 6300.0 2600.0'), 0, 'the band is VR by the header'),
                              (dict(FWHM=0.), 1, 'seeing is 0 pixels by the header'),
                              (dict(BUNIT='electrons/s'), 1, "BUNIT = 'electrons/s' says counts per second"),
                              (dict(BUNIT='MJy/sr'), 1, "BUNIT = 'MJy/sr' is no unit of counts"),
                              (dict(EXPNUM=float(EXPNUM)), 0, None)):
        changed(of=of, **cards)
        stars(str(cards), survey, warned=warned)
    changed(of=0, EXPNUM='c4d-712345')
    refused('an exposure number in words', survey, says=['EXPNUM = c4d-712345'])
    changed(of=1, FWHM=3e-4)
    refused('a seeing of nothing', survey, says=['FWHM', '0.0003', '_ooi_'])
    changed(of=1, FWHM=60.)
    refused('a seeing of many times the PSF', survey, says=['FWHM', '60'])


@kind
def masks_and_weights_of_other_types():
    survey = fresh()
    images = {which: survey.hdus(which) for which in ('ooi', 'ood', 'oow')}

    def changed(which, change):
        primary, hdu = images[which]
        survey.put([primary, fits.ImageHDU(change(hdu.data.copy()), hdu.header, name=CCD)], which)

    def pixel(kind, value):
        def change(data):
            data = data.astype(kind)
            data[40, 44] = value
            return data
        return change
    for kind, value in (('u2', 7), ('u1', 5), ('i8', 1), ('u4', 2)):
        changed('ood', pixel(kind, value))
        stars(f'a mask of {kind}', survey)
    changed('ood', pixel('f4', 1))
    stars('a mask of floats', survey, warned='floating-point')
    for value in (0.5, np.nan, 3e9):
        changed('ood', pixel('f4', value))
        refused(f'a mask that holds {value}', survey, says=['whole numbers', 'x 45, y 41', '_ood_'])
    changed('ood', lambda data: data)
    for value in (np.inf, np.nan):
        changed('oow', pixel('f4', value))
        refused(f'a weight of {value}', survey, says=['not finite', '_oow_'])
    changed('oow', lambda data: data)
    scaled = lambda data: np.round((data - 1000) * 4).astype('i4')
    for records in (["BSCALE  = '0.25'", 'BZERO   = 1000.0'], ['BSCALE  = 0.25', 'BZERO   = 1000.0', 'BZERO   = 999.0']):
        changed('ooi', scaled)
        survey.cards(records)
        refused(' '.join(records), survey, says=[records[-1][:5] if len(records) > 2 else 'BSCALE', '_ooi_'])
    changed('ooi', lambda data: data[None])
    stars('an image of one plane', survey)
    changed('ooi', lambda data: np.stack([data, 2 * data]))
    refused('an image of two planes', survey, says=['2 planes', '_ooi_'])


@kind
def files_and_bricks_in_other_places():
    survey = fresh()
    brick = dict(brickname='1500p020', brickid=7, ra=150., dec=2., ra1=149.9, ra2=150.1, dec1=1.9, dec2=2.1)
    where = ['--brick', '1500p020', '--width', '84', '--height', '84']
    path = survey.dir + '/survey-bricks.fits.gz'
    for name, changes in (('elsewhere', dict(ra1=10., ra2=11.)), ('the wrong way round', dict(ra1=150.1, ra2=149.9)),
                          ('upside down', dict(dec1=2.1, dec2=1.9))):
        survey.write(path, {**brick, **changes})
        refused(f'a brick whose borders are {name}', survey, says=['1500p020', 'not within'], brick=where)
    two = np.concatenate([one_row(brick).data] * 2)
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(two)]).writeto(path, overwrite=True)
    stars('a brick that stands twice', survey, brick=where)
    two['dec'][1] = 2.05
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(two)]).writeto(path, overwrite=True)
    refused('a brick in two places', survey, says=['two places', 'rows 1 and 2'], brick=where)
    refused('no such directory of calibrations', survey, '--calib-dir', '/nonexistent', says=['--calib-dir', '/nonexistent'])
    survey.write_table(image_filename=survey.paths['ooi'])
    refused('a path from the root', survey, says=['image_filename', 'relative'])
    survey.write_table(image_filename=survey.row['image_filename'] + '.fz')
    refused('an ending that the file has not', survey, '--skip-calibs', says=['.fits is there', 'image_filename'])
    zero = OneCcd(work, ra=0., dec=10.)
    zero.write(zero.dir + '/survey-bricks.fits.gz', dict(brick, brickname='0000p100', ra=0., dec=10., ra1=-0.1, ra2=0.1,
                                                         dec1=9.9, dec2=10.1))
    result = stars('a brick from -0.1 to 0.1', zero, brick=['--brick', '0000p100', '--width', '84', '--height', '84'])
    check('all of it is its own', '' if result.catalog is not None and result.catalog['brick_primary'].all() else 'it is not')


def main():
    global build, work
    if sys.argv[1:] == ['--list']:
        print('\n'.join(KINDS))
        return 0
    build, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    KINDS[sys.argv[3]]()
    if not failures:
        shutil.rmtree(work)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
