#!/usr/bin/python3
"""make_corpus.py DIRECTORY [CAMERAS]: something to begin with for every fuzz target, in DIRECTORY/TARGET/.

Small files of the kinds that people have; the forms of images, tables and world coordinates are those that the tests
of these rooms compare with astropy. CAMERAS: the program of that name, which prints what the built cameras say of
themselves. What the fuzzers add to these folders is left there.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter('ignore')
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
out = os.path.abspath(sys.argv[1])
cameras = sys.argv[2] if len(sys.argv) > 2 else None
C = fits.Column


def folder(target):
    path = os.path.join(out, target)
    os.makedirs(path, exist_ok=True)
    return path


def put(target, name, hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(os.path.join(folder(target), 'seed-' + name), overwrite=True)


def table(columns, **cards):
    hdu = fits.BinTableHDU.from_columns(columns)
    for key, value in cards.items():
        hdu.header[key] = value
    return hdu


def column(name, value):
    """A column of one row."""
    if isinstance(value, C):
        return value
    form = f'{max(1, len(value))}A' if isinstance(value, str) else 'J' if isinstance(value, int) else 'D'
    return C(name, form, array=[value])


def row(**values):
    return table([column(name, value) for name, value in values.items()])


def images():
    with tempfile.TemporaryDirectory() as work:
        subprocess.check_call(['/usr/bin/python3', TESTS + '/fits/write_image_forms.py', work])
        for name in os.listdir(work):
            path = os.path.join(work, name)
            if name.endswith('.fits') and os.path.getsize(path) < 150_000:
                shutil.copy(path, os.path.join(folder('fits_image'), 'seed-' + name))
    # Small ones go faster.
    y, x = np.mgrid[:12, :16]
    tiny = (700 + 3 * x + y).astype('f4')
    for codec in ('RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1'):
        put('fits_image', f'tiny-{codec}', [fits.CompImageHDU(tiny, compression_type=codec, tile_size=[8, 6]),
                                            fits.ImageHDU(tiny.astype('i2'))])
    put('fits_image', 'tiny-PLIO', [fits.CompImageHDU((tiny / 100).astype('i2'), compression_type='PLIO_1')])


def tables():
    forms = os.path.join(folder('fits_table'), 'seed-forms')
    subprocess.check_call(['/usr/bin/python3', TESTS + '/fits/write_table_forms.py', forms])
    put('fits_table', 'positions', [table([C('ra', 'D', array=[1., 2, 3]), C('dec', 'D', array=[1., np.nan, 3]),
                                           C('flux', 'E', array=[1., 2, 3]), C('text', '5A', array=['a', 'bc', ''])])])


def headers():
    hdu = fits.ImageHDU(np.zeros((2, 2), 'f4'), name='S4')
    for key, value in (('REAL', 1.5), ('WHOLE', 7), ('BIG', 2**62), ('YES', True), ('TEXT', "it's"), ('EMPTY', ''),
                       ('LONG', 'word ' * 40), ('HIERARCH LONG NAME', 1), ('NONE', fits.card.UNDEFINED)):
        hdu.header[key] = value
    hdu.header.add_comment('a comment')
    hdu.header.add_history('what was done')
    hdu.add_checksum()
    put('fits_header', 'kinds', [hdu])
    put('fits_header', 'compressed', [fits.CompImageHDU(np.zeros((4, 4), 'i2'), hdu.header)])
    path = os.path.join(folder('fits_header'), 'seed-exponents')
    shutil.copy(os.path.join(folder('fits_header'), 'seed-kinds'), path)
    with open(path, 'r+b') as f:
        bytes_ = bytearray(f.read())
        at = bytes_.index(b'REAL    =')
        bytes_[at:at + 80] = b'REAL    =              1.5D+02'.ljust(80)
        f.seek(0)
        f.write(bytes_)


def world_coordinates():
    with tempfile.TemporaryDirectory() as work:
        path = work + '/headers.fits'
        subprocess.check_call(['/usr/bin/python3', TESTS + '/wcs/make_headers.py', path, work + '/positions.txt', '80',
                               '7'])
        blocks = open(path, 'rb').read()
    number = 0
    for start in (i for i in range(0, len(blocks), 2880) if blocks[i:i + 9] == b'XTENSION='):
        end = start
        while blocks[end:end + 8] != b'END     ':
            end += 80
        with open(os.path.join(folder('wcs_header'), f'seed-{number}'), 'wb') as f:
            f.write(blocks[start:end])
        number += 1


def psf_models():
    y, x = np.mgrid[:9, :9] - 4
    star = np.exp(-(x * x + y * y) / 6.)
    made = dict(legpipev='t', plver='V4.8', plprocid='abc', expnum=1, ccdname='S4')
    for degree in (0, 1, 2):
        n = (degree + 1) * (degree + 2) // 2
        planes = np.stack([star * (1 if i == 0 else 0.01) for i in range(n)])[None]
        for letter, kind in (('E', 'f4'), ('D', 'f8')):
            mask = C('psf_mask', f'{81 * n}{letter}', dim=f'(9,9,{n})', array=planes.astype(kind))
            put('psf_model', f'{degree}{letter}',
                [row(polgrp1=1, polgrp2=1, psfaxis1=9, psfaxis2=9, psfaxis3=n, psfnaxis=3, psf_samp=0.8, psf_fwhm=4.,
                     polzero1=10., polzero2=20., polscal1=100., polscal2=200., polnaxis=2, polngrp=1, poldeg1=degree,
                     polname1='X_IMAGE', polname2='Y_IMAGE', psf_mask=mask, moffat_alpha=1., moffat_beta=3., **made)])


def sky_models():
    nodes = np.array([[0, 20, 40, 60, 79]], 'i4')
    spline = dict(gridw=5, gridh=5, x0=3, y0=4, order=3, xgrid=C('xgrid', '5J', array=nodes),
                  ygrid=C('ygrid', '5J', array=nodes),
                  gridvals=C('gridvals', '25E', dim='(5,5)', array=np.full((1, 5, 5), 700, 'f4')))
    put('sky_model', 'spline', [row(skyclass='tractor.splinesky.SplineSky', **spline)])
    put('sky_model', 'linear', [row(skyclass='tractor.splinesky.SplineSky', **dict(spline, order=1))])
    put('sky_model', 'jump', [row(skyclass='legacypipe.jumpsky.JumpSky', xbreak=30., xjump=2., **spline)])
    put('sky_model', 'constant', [row(skyclass='tractor.sky.ConstantSky', value=7.)])
    put('sky_model', 'constant-jump', [row(skyclass='legacypipe.jumpsky.ConstantJumpSky', xbreak=3., left=1., right=2.)])


def ccd_tables():
    cd = 7.2e-5
    one = dict(image_filename='a/c4d_ooi_g.fits', image_hdu=1, camera='decam', expnum=1, plver='V4.8', procdate='2019',
               plprocid='abc', ccdname='S4', object='T', propid='P', filter='g', exptime=100., mjd_obs=58000., airmass=1.2,
               fwhm=4.5, seeing=1.2, width=2046, height=4094, crpix1=1023., crpix2=2047., crval1=150., crval2=2.,
               cd1_1=-cd, cd1_2=0., cd2_1=0., cd2_2=cd, ra=150., dec=2., sig1=0.01, ccdzpt=25., zpt=25., ccdraoff=0.1,
               ccddecoff=0., ccdnastrom=100, ccdnphotom=100, ccd_cuts=0)
    put('ccd_table', 'one', [row(**one)])
    rows = [dict(one, expnum=i, ra=149.9 + 0.05 * i, crval1=149.9 + 0.05 * i, ccd_cuts=i % 2) for i in range(1, 6)]
    put('ccd_table', 'five', [table([C(name, column(name, value).format, array=[r[name] for r in rows])
                                     for name, value in one.items()])])
    cuts = C('ccd_cuts', 'K', array=np.array([512], 'u8'), bzero=2**63)
    put('ccd_table', 'unsigned', [row(**dict(one, ccd_cuts=cuts))])
    put('ccd_table', 'old', [row(**{k: v for k, v in one.items() if k not in ('fwhm', 'ccdzpt', 'sig1', 'mjd_obs')})])


def camera_facts():
    if not cameras:
        return
    plugins = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(cameras))), 'plugins')
    for name in ('decam', 'mosaic', '90prime'):
        text = subprocess.check_output([cameras, '--plugin-dir', plugins, 'info', '--facts', name])
        with open(os.path.join(folder('camera_facts'), 'seed-' + name), 'wb') as f:
            f.write(text)


def filter_curves():
    for name, text in (('nm', '# nm\n540 0\n560 0.5 # rises\n600 1\n690 1\n720 0\n'),
                       ('angstrom', '7200 0\n6900 1\n6000 1e0\n5600 .5\n5400 1e-3\n')):
        with open(os.path.join(folder('filter_curve'), 'seed-' + name), 'w') as f:
            f.write(text)


for make in (images, tables, headers, world_coordinates, psf_models, sky_models, ccd_tables, filter_curves,
             camera_facts):
    make()
