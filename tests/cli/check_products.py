#!/usr/bin/python3
"""Reads every product of a run with astropy and says what is wrong with it, one line each.

  check_products.py OUTDIR [CATALOG.ecsv]

Exit status 1 if anything is. Checks: every HDU's CHECKSUM and DATASUM are there and right (fits.open with
checksum=True warns of neither; astropy's fitscheck agrees); headers are standard; every table is read by
Table.read, its units are units and every column says what it is; pictures of compressed images can be read; the
ECSV form of the catalog is the catalog; the list of checksums names every file and agrees with it.
"""
import glob
import hashlib
import os
import subprocess
import sys
import warnings

import numpy as np
from astropy import units
from astropy.io import fits
from astropy.table import Table

# The surveys' word for 10^-9 of the flux of AB magnitude 0, which FITS has none for.
nanomaggies = units.def_unit('nanomaggies', units.nmgy)
wrong = []


def check(ok, *what):
    if not ok:
        wrong.append(' '.join(str(w) for w in what))


def check_hdus(path, name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        with fits.open(path, checksum=True) as hdus:
            for i, hdu in enumerate(hdus):
                hdu.data
                hdu.verify('exception')
        # Of compressed images astropy checks what they unpack to; here the bytes of the tables.
        with fits.open(path, checksum=True, disable_image_compression=True) as hdus:
            for i, hdu in enumerate(hdus):
                hdu.data
                check('CHECKSUM' in hdu.header and 'DATASUM' in hdu.header, name, i, 'has no checksums')
    for w in caught:
        check(False, name, 'fits.open:', w.message)


def check_tables(path, name):
    with fits.open(path) as hdus:
        tables = [i for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU)
                  and not isinstance(hdu, fits.CompImageHDU)]
        comments = {i: hdus[i].header.comments for i in tables}
    for i in tables:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            table = Table.read(path, hdu=i)
        if name.endswith('-ccds.fits'):
            continue  # most of its columns are the survey's own and come as they are
        for w in caught:
            check("'nanomaggies" in str(w.message), name, i, 'Table.read:', w.message)
        for k, column in enumerate(table.columns):
            unit = table[column].unit
            if isinstance(unit, units.UnrecognizedUnit):
                with units.add_enabled_units([nanomaggies]):
                    try:
                        units.Unit(str(unit))
                    except ValueError:
                        check(False, name, column, 'has the unit', unit)
            comment = comments[i]['TTYPE%d' % (k + 1)]
            check(comment and not comment.startswith('label for field'), name, column, 'is not described')


def check_checksum_list(outdir):
    listed = {}
    for path in glob.glob(os.path.join(outdir, 'tractor', '*', '*.sha256sum')):
        for line in open(path):
            digest, name = line.rstrip('\n').split(' *')
            listed[name] = digest
        done = subprocess.run(['sha256sum', '--quiet', '--strict', '-c', os.path.relpath(path, outdir)], cwd=outdir)
        check(done.returncode == 0, path, 'sha256sum -c')
    check(listed, 'there is no list of checksums')
    for name in files_below(outdir):
        if not name.endswith('.sha256sum'):
            digest = hashlib.sha256(open(os.path.join(outdir, name), 'rb').read()).hexdigest()
            check(listed.get(name) == digest, name, 'is not in the list of checksums')


def check_ecsv(outdir, path):
    catalog = glob.glob(os.path.join(outdir, 'tractor', '*', 'tractor-*.fits'))[0]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        table, text = Table.read(catalog, hdu=1), Table.read(path, format='ascii.ecsv', fill_values=[])
    check(table.colnames == text.colnames, 'ecsv: other columns')
    for name in table.colnames:
        a, b = np.array(table[name]), np.array(text[name])
        if a.dtype.kind in 'SU':
            same = np.array_equal(np.char.strip(a.astype(str)), b.astype(str))
        else:
            same = a.dtype.newbyteorder('=') == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == 'f')
        check(same, 'ecsv:', name, 'differs')
        check(str(table[name].unit) == str(text[name].unit), 'ecsv:', name, 'has another unit')


def files_below(directory):
    return sorted(os.path.relpath(f, directory) for f in glob.glob(os.path.join(directory, '**', '*'), recursive=True)
                  if os.path.isfile(f))


def main():
    outdir = sys.argv[1]
    names = [n for n in files_below(outdir) if '.fits' in os.path.basename(n)]
    check(len(names) > 10, 'there are', len(names), 'FITS files only')
    for name in names:
        check_hdus(os.path.join(outdir, name), name)
        check_tables(os.path.join(outdir, name), name)
    from astropy.io.fits.scripts import fitscheck
    check(fitscheck.main([os.path.join(outdir, n) for n in names]) == 0, 'fitscheck finds errors')
    check_checksum_list(outdir)
    if len(sys.argv) > 2:
        check_ecsv(outdir, sys.argv[2])
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
