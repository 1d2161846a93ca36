#!/usr/bin/python3
"""Writes one image in every form that astropy and fpack can write, and what astropy (or funpack) reads of it.

    write_image_forms.py DIRECTORY

For each form NAME: NAME.fits and, for each image HDU i of it, NAME.i.raw: the pixels as native numbers of the type
that the reader gave (float32, or float64 for all other types), row after row, NaN where there is no number. The list
of them, `forms.txt`: NAME, HDU, type, width, height (planes below each other), who read it.
"""
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter('ignore')
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
listing = open(os.path.join(out, 'forms.txt'), 'w')
N = 0

W, H = 84, 61
rng = np.random.default_rng(20)
y, x = np.mgrid[:H, :W]
SKY = 700 + 5 * rng.normal(size=(H, W)) + 3000 * np.exp(-((x - 40)**2 + (y - 30)**2) / 30)
REAL = SKY.astype('f4')
WITH_NAN = REAL.copy()
WITH_NAN[7, 11] = WITH_NAN[30, 40] = WITH_NAN[50, 3:60] = np.nan
WITH_ZEROS = REAL.copy()
WITH_ZEROS[20:24, :] = 0
FLAT_TILES = REAL.copy()
FLAT_TILES[:32, :] = 3.25          # nothing to quantise: such tiles are gzipped as they are
HUGE = (REAL * 1e30).astype('f4')
SMALL_INTS = (SKY / 20).astype('i2')
MASK = np.where(x % 7 == 0, 1 << (y % 5), 0).astype('i2')
CUBE = np.stack([REAL, REAL + 1000, WITH_NAN])


def path(name):
    return os.path.join(out, name + '.fits')


def expect(name, reader='astropy', source=None):
    global N
    with fits.open(source or path(name), memmap=False) as f:
        for i, hdu in enumerate(f):
            if hdu.data is None or isinstance(hdu, (fits.BinTableHDU,)) and not isinstance(hdu, fits.CompImageHDU):
                continue
            data = hdu.data
            kind = 'float32' if data.dtype.kind == 'f' and data.dtype.itemsize == 4 else 'float64'
            data = data.reshape(-1, data.shape[-1]).astype(kind)
            data.tofile(os.path.join(out, f'{name}.{i}.raw'))
            print(name, i, kind, data.shape[1], data.shape[0], reader, file=listing)
            N += 1


def plain(name, data, **cards):
    hdu = fits.PrimaryHDU(data)
    for key, value in cards.items():
        hdu.header[key] = value
    hdu.writeto(path(name), overwrite=True)
    expect(name)


def raw_scaled(name, data, extension=False, **cards):
    """Stored integers with cards of our own about them."""
    hdu = (fits.ImageHDU if extension else fits.PrimaryHDU)(data)
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu] if extension else [hdu])
    hdus.writeto(path(name), overwrite=True)
    with fits.open(path(name), mode='update', do_not_scale_image_data=True) as f:
        for key, value in cards.items():
            f[-1].header[key] = value
    expect(name)


def compressed(name, data, cards=None, **how):
    hdu = fits.CompImageHDU(data, name='IMAGE', **how)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path(name), overwrite=True)
    if cards:
        change_cards(name, **cards)
    expect(name)


def change_cards(name, **cards):
    """Of the table that holds the compressed image; None removes."""
    with fits.open(path(name), mode='update', disable_image_compression=True) as f:
        for key, value in cards.items():
            if value is None:
                del f[1].header[key]
            else:
                f[1].header[key] = value


def packed(name, data, *flags, cards=None, reader='funpack'):
    """By fpack; what funpack makes of it again."""
    plain_file = os.path.join(out, 'plain.fits')
    hdu = fits.ImageHDU(data, name='IMAGE')
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(plain_file, overwrite=True)
    if cards:
        with fits.open(plain_file, mode='update', do_not_scale_image_data=True) as f:
            for key, value in cards.items():
                f[1].header[key] = value
    if os.path.exists(path(name)):
        os.remove(path(name))
    subprocess.check_call(['fpack', *flags, '-O', path(name), plain_file], stdout=subprocess.DEVNULL)
    unpack_and_expect(name, reader)


def unpack_and_expect(name, reader='funpack'):
    unpacked = os.path.join(out, 'unpacked.fits')
    if os.path.exists(unpacked):
        os.remove(unpacked)
    subprocess.check_call(['funpack', '-O', unpacked, path(name)], stdout=subprocess.DEVNULL)
    expect(name, reader, unpacked)


# Uncompressed.
for kind in ('u1', 'i2', 'i4', 'i8', 'f4', 'f8', 'u2', 'u4', 'i1', 'u8'):
    plain('plain_' + kind, (SKY / 40 if kind.endswith('1') else SKY).astype(kind))
plain('plain_nan', WITH_NAN)
extremes = REAL.copy()
extremes[0, :6] = [np.inf, -np.inf, np.nan, 1e-42, -0.0, 3e38]
plain('plain_extremes', extremes)
plain('plain_cube', CUBE)
plain('plain_u8_far', (SKY * 2**50).astype('u8') + np.uint64(2**63))
plain('plain_i8_near', np.where(x > 40, -2**40 - x, 2**40 + y).astype('i8'))
for kind, blank in (('u1', 40), ('i2', -5), ('i4', 700)):
    data = SKY.astype(kind) if kind != 'u1' else (SKY / 20).astype('u1')
    data[3:5, 10:50] = blank
    raw_scaled('scaled_' + kind, data, BSCALE=0.25, BZERO=100.0)
    raw_scaled('blank_' + kind, data, extension=True, BLANK=blank)
    raw_scaled('blank_scaled_' + kind, data, BSCALE=0.25, BZERO=-3.5, BLANK=blank)
raw_scaled('scaled_f4', REAL, BSCALE=2.0, BZERO=10.0)
raw_scaled('one_row', REAL[:1])
raw_scaled('one_column', np.ascontiguousarray(REAL[:, :1]))
fits.PrimaryHDU(REAL).writeto(path('gzipped') + '.gz', overwrite=True)
os.replace(path('gzipped') + '.gz', path('gzipped'))
expect('gzipped')

# Integers, tile-compressed.
SHAPES = {'rows': None, 'squares': (32, 32), 'whole': (W, H), 'odd': (37, 21), 'columns': (8, H)}
for codec in ('RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1', 'PLIO_1'):
    for kind in ('u1', 'i2', 'i4'):
        data = (SKY / 20).astype(kind)
        compressed(f'int_{codec}_{kind}', data, compression_type=codec, tile_size=[32, 32])
for shape, tiles in SHAPES.items():
    for codec in ('RICE_1', 'GZIP_2', 'HCOMPRESS_1', 'PLIO_1'):
        if codec == 'HCOMPRESS_1' and shape == 'rows':
            continue  # astropy's choice: 16 rows
        compressed(f'tiles_{shape}_{codec}', MASK, compression_type=codec, tile_size=list(tiles) if tiles else None)
compressed('hcompress_default', SMALL_INTS, compression_type='HCOMPRESS_1')
compressed('hcompress_lossy', SMALL_INTS, compression_type='HCOMPRESS_1', hcomp_scale=4)
compressed('hcompress_smooth', SMALL_INTS, compression_type='HCOMPRESS_1', hcomp_scale=4, hcomp_smooth=1)
for codec in ('RICE_1', 'GZIP_1', 'GZIP_2'):
    compressed(f'unsigned_u2_{codec}', (SKY + 30000).astype('u2'), compression_type=codec)
for codec in ('RICE_1', 'GZIP_1'):
    compressed(f'unsigned_u4_{codec}', SKY.astype('u4') + np.uint32(3 * 10**9), compression_type=codec)
compressed('negative_i4', (-SKY * 1e5).astype('i4'), compression_type='RICE_1')
compressed('extreme_i4', np.where(x % 2, -2**31, 2**31 - 1).astype('i4'), compression_type='RICE_1')
compressed('noise_i2', rng.integers(-2**15, 2**15, (H, W)).astype('i2'), compression_type='RICE_1')
compressed('noise_u1', rng.integers(0, 2**8, (H, W)).astype('u1'), compression_type='RICE_1')
compressed('constant_i2', np.full((H, W), 7, 'i2'), compression_type='RICE_1')

# Floating point: quantised in each way, and not.
for codec in ('RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1'):
    for method in (-1, 1, 2):
        how = dict(compression_type=codec, quantize_method=method, dither_seed=17 if method > 0 else 0)
        compressed(f'float_{codec}_dither{max(method, 0)}', REAL, tile_size=[32, 32], **how)
        if codec != 'HCOMPRESS_1':
            compressed(f'float_rows_{codec}_dither{max(method, 0)}', REAL, quantize_level=4, **how)
for method in (-1, 1, 2):
    how = dict(compression_type='RICE_1', quantize_method=method)
    compressed(f'double_dither{max(method, 0)}', SKY, **how)
    compressed(f'zeros_dither{max(method, 0)}', WITH_ZEROS, quantize_level=-0.5, **how)
    compressed(f'flat_tiles_dither{max(method, 0)}', FLAT_TILES, tile_size=[W, 16], **how)
    compressed(f'huge_dither{max(method, 0)}', HUGE, **how)
for codec in ('GZIP_1', 'GZIP_2'):
    compressed(f'lossless_{codec}', REAL, compression_type=codec, quantize_level=0)
    compressed(f'lossless_double_{codec}', SKY, compression_type=codec, quantize_level=0, tile_size=[32, 32])
    compressed(f'lossless_nan_{codec}', WITH_NAN, compression_type=codec, quantize_level=0)
    compressed(f'lossless_no_card_{codec}', REAL, compression_type=codec, quantize_level=0, cards=dict(ZQUANTIZ=None))
for seed in (1, 9999, 10000, 5000):
    compressed(f'dither_seed_{seed}', REAL, compression_type='RICE_1', quantize_method=1, dither_seed=seed)
compressed('no_quantiz_card', REAL, compression_type='RICE_1', quantize_method=-1, cards=dict(ZQUANTIZ=None))
compressed('many_tiles', np.tile(REAL, (3, 3)), compression_type='RICE_1', quantize_method=1, tile_size=[5, 3],
           dither_seed=9990)
compressed('big_tiles', np.tile(REAL, (3, 3)), compression_type='RICE_1', quantize_method=2, tile_size=[3 * W, 3 * H])
compressed('cube_rows', CUBE[:2], compression_type='RICE_1', quantize_method=1)
compressed('cube_boxes', CUBE[:2], compression_type='GZIP_1', quantize_method=1, tile_size=[20, 20, 2])
compressed('cube_int', CUBE[:2].astype('i4'), compression_type='RICE_1', tile_size=[30, 61, 1])

# By fpack.
for name, flags in (('rice', ['-r']), ('gzip1', ['-g1']), ('gzip2', ['-g2']), ('hcompress', ['-h'])):
    packed(f'fpack_float_{name}', REAL, *flags)
    packed(f'fpack_nan_{name}', WITH_NAN, *flags)
    packed(f'fpack_short_{name}', SMALL_INTS, *flags)
    packed(f'fpack_unsigned_{name}', (SKY + 30000).astype('u2'), *flags)
packed('fpack_plio', MASK, '-p')
packed('fpack_plio_unsigned', MASK.astype('u2'), '-p')
packed('fpack_plio_unsigned_large', (SKY + 30000).astype('u2'), '-p')
for flag in ('-q', '-q0', '-qz', '-qt', '-q77', '-qz9999'):
    packed(f'fpack{flag}', WITH_NAN, '-r', flag, '8')
packed('fpack_absolute', REAL, '-r', '-q', '-0.5')
packed('fpack_absolute_nan_zeros', np.where(y == 5, 0, WITH_NAN).astype('f4'), '-r', '-qz', '-0.5')
packed('fpack_lossless1', WITH_NAN, '-g1', '-q', '0')
packed('fpack_lossless2', WITH_NAN, '-g2', '-q', '0')
packed('fpack_whole', REAL, '-w', '-r')
packed('fpack_tiles', REAL, '-t', '40,25', '-r')
packed('fpack_double', SKY, '-r')
packed('fpack_integers_as_float', SMALL_INTS.astype('i4'), '-i2f', '-r')
packed('fpack_scaled_short', SMALL_INTS, '-r', cards=dict(BSCALE=0.5, BZERO=20.0))
blank = SMALL_INTS.copy()
blank[9, 9:20] = -99
packed('fpack_blank_short', blank, '-r', cards=dict(BLANK=-99))
packed('fpack_blank_scaled_short', blank, '-g1', cards=dict(BLANK=-99, BSCALE=0.5, BZERO=20.0))

# HDUs of unlike forms in one file.
hdus = [fits.PrimaryHDU(SMALL_INTS)]
for i, how in enumerate((dict(compression_type='GZIP_2', quantize_level=0), dict(compression_type='RICE_1', quantize_method=1),
                         dict(compression_type='GZIP_1', quantize_method=2), dict(compression_type='GZIP_1', quantize_level=0),
                         dict(compression_type='RICE_1', quantize_method=-1))):
    hdus.append(fits.CompImageHDU(REAL + i, name=f'A{i}', **how))
hdus.append(fits.CompImageHDU(MASK, compression_type='PLIO_1', name='MASK'))
hdus.append(fits.ImageHDU(WITH_NAN, name='NAN'))
fits.HDUList(hdus).writeto(path('unlike'), overwrite=True)
expect('unlike')

for leftover in ('plain.fits', 'unpacked.fits'):
    if os.path.exists(os.path.join(out, leftover)):
        os.remove(os.path.join(out, leftover))
listing.close()
