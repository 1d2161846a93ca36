#!/usr/bin/python3
"""write_table_forms.py FILE: one binary table (HDU 1, 4 rows) with a column of every type of FITS, an ASCII table (HDU 2),
and unsigned 64-bit numbers beyond 2^63 (HDU 3)."""
import sys

import numpy as np
from astropy.io import fits

C = fits.Column
lists = np.empty(4, dtype=object)
for i, values in enumerate(([1, 2, 3], [], [4], [5, 6])):
    lists[i] = np.array(values, 'f4')
ints = np.empty(4, dtype=object)
for i, values in enumerate(([7], [8, 9], [], [10, 11])):
    ints[i] = np.array(values, 'i4')
words = np.empty(4, dtype=object)
for i, value in enumerate(('one', 'z', 'three and more', 'x')):
    words[i] = np.array(list(value))
columns = [
    C('logical', 'L', array=np.array([True, False, True, False])),
    C('bits', '11X', array=np.array([[i % (r + 2) == 0 for i in range(11)] for r in range(4)])),
    C('byte', 'B', array=np.array([0, 1, 200, 255], 'u1')),
    C('sbyte', 'B', array=np.array([0, 127, 128, 255], 'u1')),
    C('short', 'I', array=np.array([-32768, -1, 0, 32767], 'i2')),
    C('ushort', 'I', array=np.array([0, 1, 40000, 65535], 'u2'), bzero=2**15),
    C('int', 'J', array=np.array([-2**31, -1, 0, 2**31 - 1], 'i4')),
    C('uint', 'J', array=np.array([0, 1, 3 * 10**9, 2**32 - 1], 'u4'), bzero=2**31),
    C('long', 'K', array=np.array([-2**63, -1, 0, 2**63 - 1], 'i8')),
    C('ulong', 'K', array=np.array([0, 1, 512, 2**63 - 1], 'u8'), bzero=2**63),
    C('float', 'E', array=np.array([1.5, np.nan, -np.inf, 3e38], 'f4')),
    C('double', 'D', array=np.array([0.1, np.nan, 1e300, -0.0])),
    C('complex', 'C', array=np.array([1 + 2j, 3 - 4j, 0, 1j], 'c8')),
    C('dcomplex', '2M', array=np.array([[1 + 2j, 3], [4, 5j], [0, 0], [6, 7 + 8j]])),
    C('scaled', 'I', array=np.array([0, 1, 2, 3], 'i2')),
    C('scaled_long', 'J', array=np.array([1, 2, -3, 2000000], 'i4')),
    C('text', '8A', array=np.array(['abc', 'blank  ', '', 'longest!'])),
    C('texts', '6A3', dim='(3,2)', array=np.array([['ab', 'c'], ['', 'def'], ['gh', ''], ['i', 'j']])),
    C('matrix', '6J', dim='(3,2)', array=np.arange(24, dtype='i4').reshape(4, 2, 3)),
    C('none', '0J'),
    C('reals', 'PE()', array=lists),
    C('integers', 'QJ()', array=ints),
    C('words', 'PA()', array=words),
    C('flux', 'E', array=np.array([1, 2, 3, 4], 'f4')),
    C('FLUX', 'E', array=np.array([10, 20, 30, 40], 'f4')),
    C('blanks', 'I', array=np.array([1, -99, 3, -99], 'i2'), null=-99),
    C('scaled_blanks', 'I', array=np.array([0, 5, 10, 15], 'i2'), null=5),
]
table = fits.BinTableHDU.from_columns(columns)
ascii_table = fits.TableHDU.from_columns([C('a', 'I6', array=np.array([1, -2])), C('b', 'A4', array=np.array(['xy', 'z'])),
                                          C('c', 'E12.5', array=np.array([1.5, 2.25]))])
far = fits.BinTableHDU.from_columns([C('far', 'K', array=np.array([1, 2**63 + 5], 'u8'), bzero=2**63),
                                     C('near', 'J', array=np.array([1, 2], 'i4'))])
fits.HDUList([fits.PrimaryHDU(), table, ascii_table, far]).writeto(sys.argv[1], overwrite=True)
# After the fact, so that the stored integers stay.
with fits.open(sys.argv[1], mode='update') as f:
    header = f[1].header
    for name, scale, zero in (('sbyte', 1, -128), ('scaled', 0.5, 2450000.5), ('scaled_long', 0.001, 0.0),
                              ('scaled_blanks', 0.25, 7.0)):
        number = table.columns.names.index(name) + 1
        header[f'TSCAL{number}'], header[f'TZERO{number}'] = scale, zero
