#!/usr/bin/python3
"""World coordinates in every form that headers have, and where astropy puts their pixels.

make_headers.py HEADERS.fits POSITIONS.txt COUNT SEED

HEADERS.fits: one image extension without pixels per header, in the spelling of the wild. POSITIONS.txt, a line each:
    header N KIND WIDTH HEIGHT
    at X Y RA DEC            (0-based pixels, degrees)
What astropy does not read as the standard or common use says (a PC left over beside CD, units in words, exponents in
small letters, SCAMP's TPV under the name of TAN), it is given in plain form.
"""
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

warnings.simplefilter('ignore')


class Cards:
    """Two headers that mean the same: one as written, one that astropy understands."""

    def __init__(self, rng):
        self.rng, self.written, self.plain = rng, [], []

    def number(self, value):
        form = self.rng.integers(6)
        text = '%.15G' % value
        if form == 1 and 'E' in text:
            return text.replace('E', 'D')
        if form == 2:
            return '%.16E' % value if value else '0.0D0'
        if form == 3:
            return ('%.16E' % value).replace('E', 'D')
        if form == 4 and not text.startswith('-'):
            return '+' + text
        if form == 5:
            return text.replace('E', 'e')
        return text

    def put(self, key, value, plain=True, written=True, plain_key=None):
        if isinstance(value, str):
            text = f"'{value:<8}'"
            form = text
        else:
            form = self.number(value)
            text = '%.17G' % float(form.replace('D', 'E').replace('d', 'e'))
        if written:
            self.written.append(f'{key:<8}= {form:>20}'.ljust(80))
        if plain:
            self.plain.append(f'{plain_key or key:<8}= {text:>20}'.ljust(80))


def linear(c, rng, dec_first, on_plane):
    """CD, or any of the forms before it. WCSLIB takes distortions on the plane to act before CDELT, their conventions
    after it: plain headers that have one get CD."""
    scale = 10 ** rng.uniform(-1, 0.3) / 3600
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.8 else rng.integers(4) * np.pi / 2
    parity = rng.choice([-1, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    cdelt = np.array([parity * scale, scale * rng.uniform(0.9, 1.1)])
    # A little shear where the form can hold it.
    pc = rotation + rng.normal(0, 1e-3, (2, 2))
    unit, factor = [('', 1), ('deg', 1), ('DEG', 1), ('degree', 1), ('degrees', 1), ('Degree', 1), ('arcsec', 3600),
                    ('arcsecs', 3600), ('ARCSEC', 3600), ('arcmin', 60), ('arcminutes', 60), ('mas', 3.6e6),
                    ('rad', np.pi / 180), ('radians', np.pi / 180)][rng.integers(14)]
    standard = {1: 'deg', 3600: 'arcsec', 60: 'arcmin', 3.6e6: 'mas', np.pi / 180: 'rad'}[factor]
    for i in (1, 2):
        if unit:
            c.put(f'CUNIT{i}', unit, plain=False)
            c.put(f'CUNIT{i}', standard, written=False)
    form = rng.choice(['cd', 'cd', 'cd', 'pc', 'pc00', 'cdelt', 'crota', 'pc only', 'cd00'])
    matrix = np.diag(cdelt) @ pc
    if form in ('cd', 'cd00'):
        key = 'CD%d_%d' if form == 'cd' else 'CD%03d%03d'
        for i in range(2):
            for j in range(2):
                c.put(key % (i + 1, j + 1), matrix[i, j] * factor, plain_key='CD%d_%d' % (i + 1, j + 1))
        left = rng.integers(4)
        if left == 1:
            c.put('CDELT1', 1.0, plain=False), c.put('CDELT2', 1.0, plain=False)
        if left == 2:
            for i in (1, 2):
                c.put('CDELT%d' % i, 0.3, plain=False)
                c.put('CROTA%d' % i, 12., plain=False)
        if left == 3:
            for k, v in (('PC1_1', 1.), ('PC1_2', .5), ('PC2_2', -1.), ('PC001001', 3.)):
                c.put(k, v, plain=False)
    elif form in ('pc', 'pc00', 'pc only'):
        size = np.ones(2) if form == 'pc only' else cdelt
        m = matrix if form == 'pc only' else pc
        key = 'PC%03d%03d' if form == 'pc00' else 'PC%d_%d'
        for i in range(2):
            if form != 'pc only':
                c.put(f'CDELT{i + 1}', size[i] * factor)
            for j in range(2):
                c.put(key % (i + 1, j + 1), m[i, j] * (factor if form == 'pc only' else 1))
    else:
        for i in range(2):
            c.put(f'CDELT{i + 1}', cdelt[i] * factor)
        matrix = np.diag(cdelt)
        if form == 'crota':
            own = 1 if dec_first else 2
            c.put(f'CROTA{own}', float(np.rad2deg(angle)))
            matrix = np.array([[cdelt[0] * cos, -cdelt[1] * sin], [cdelt[0] * sin, cdelt[1] * cos]])
            if rng.random() < 0.3:
                c.put(f'CROTA{3 - own}', 0.)
    if on_plane and form not in ('cd', 'cd00'):
        c.plain = [card for card in c.plain if not card.startswith(('CD', 'PC', 'CROTA'))]
        for i in range(2):
            for j in range(2):
                c.put(f'CD{i + 1}_{j + 1}', matrix[i, j] * factor, written=False)
    return factor, scale


def sip(c, rng, reach):
    order = {1: int(rng.integers(2, 6)), 2: int(rng.integers(2, 6))}
    for axis, name in ((1, 'A'), (2, 'B')):
        c.put(f'{name}_ORDER', float(order[axis]), plain=False)
        c.plain.append(f'{name}_ORDER = {order[axis]:>20d}'.ljust(80))
        c.written[-1] = c.plain[-1]
        for p in range(order[axis] + 1):
            for q in range(order[axis] - p + 1):
                if p + q < 2 and rng.random() < 0.9 or rng.random() < 0.2:
                    continue
                c.put(f'{name}_{p}_{q}', rng.normal(0, 0.02) * reach / 6 / reach ** (p + q))
        if rng.random() < 0.5:
            c.put(f'{name}P_ORDER', 2., plain=False)
            c.put(f'{name}P_2_0', 1e-5, plain=False)


def tpv(c, rng, reach):
    """reach: degrees from the tangent point to the farthest pixel."""
    highest = rng.choice([7, 11, 16, 23, 30, 39])
    degree = {0: 0, 1: 1, 2: 1, 3: 1, **dict.fromkeys(range(4, 7), 2), **dict.fromkeys(range(7, 12), 3),
              **dict.fromkeys(range(12, 17), 4), **dict.fromkeys(range(17, 24), 5), **dict.fromkeys(range(24, 31), 6),
              **dict.fromkeys(range(31, 40), 7)}
    for axis in (1, 2):
        for m in range(highest + 1):
            if m == 1:
                # Its default is 1 by the convention, 0 in WCSLIB 7.
                given = rng.random() < 0.8
                c.put(f'PV{axis}_1', 1 + rng.normal(0, 0.01) if given else 1., written=given)
            elif rng.random() < 0.7:
                c.put(f'PV{axis}_{m}', rng.normal(0, 0.004) * reach / reach ** degree[m])


def tpv_only(c):
    """A term that no projection has as its parameter."""
    if not any(card.startswith('PV2_5 ') for card in c.plain):
        c.put('PV2_5', 0.)


def tnx(c, rng, reach):
    kind, cross = rng.integers(1, 4), rng.integers(3)
    orders = rng.integers(2, 6, 2)
    c.put('WAT0_001', 'system=image')
    for axis, name, word in ((1, 'ra', 'lngcor'), (2, 'dec', 'latcor')):
        while True:
            numbers = [f'{kind}.', f'{orders[0]}.', f'{orders[1]}.', f'{cross}.']
            span = [-reach * rng.uniform(1, 1.3), reach * rng.uniform(1, 1.3)]
            numbers += ['%.16g' % v for v in (*span, *span)]
            for n in range(orders[1]):
                for m in range(orders[0]):
                    if cross == 0 and m and n or cross == 2 and m + n >= max(orders):
                        continue
                    size = 0.003 * reach / (reach ** (m + n) if kind == 3 else 1 + m * m + n * n)
                    numbers.append('%.16g' % rng.normal(0, size))
            text = f'wtype=tnx axtype={name} {word} = "{" ".join(numbers)} "'
            parts = [text[i:i + 68] for i in range(0, len(text), 68)]
            # WCSLIB loses what follows a card that ends in a blank.
            if not any(p.endswith(' ') for p in parts):
                break
        for k, part in enumerate(parts):
            c.put(f'WAT{axis}_{k + 1:03d}', part)


def one(rng):
    c = Cards(rng)
    kind = rng.choice(['tan', 'sip', 'tpv', 'scamp', 'tnx', 'tan-pv'])
    width, height = int(rng.integers(100, 4097)), int(rng.integers(100, 4097))
    dec_first = bool(kind in ('tan', 'sip') and rng.random() < 0.15)
    code = {'tan': 'TAN', 'sip': 'TAN-SIP', 'tpv': 'TPV', 'scamp': 'TAN', 'tnx': 'TNX', 'tan-pv': 'TAN'}[kind]
    names = ['RA---' + code, 'DEC--' + code]
    if dec_first:
        names.reverse()
    for i in (1, 2):
        c.put(f'CTYPE{i}', names[i - 1], plain=kind != 'scamp')
        if kind == 'scamp':
            c.put(f'CTYPE{i}', names[i - 1].replace('TAN', 'TPV'), written=False)
    dec = np.rad2deg(np.arcsin(rng.uniform(-1, 1)))
    if rng.random() < 0.15:
        dec = rng.choice([-1, 1]) * (90 - 10 ** rng.uniform(-7, 0))
    if rng.random() < 0.03:
        dec = rng.choice([-90., 90.])
    ra = rng.uniform(0, 360)
    if rng.random() < 0.15:
        ra = rng.choice([0., 360. - 1e-4, 1e-5, -0.01])
    factor, scale = linear(c, rng, dec_first, kind in ('tpv', 'scamp', 'tnx'))
    crpix = rng.uniform(-0.2, 1.2, 2) * [width, height]
    if rng.random() < 0.3:
        crpix = rng.uniform(-4000, 8000, 2)
    crpix = np.round(crpix * 2) / 2 if rng.random() < 0.2 else crpix
    crval = [dec, ra] if dec_first else [ra, dec]
    for i in (1, 2):
        c.put(f'CRPIX{i}', float(crpix[i - 1]))
        # The plain form of a value near the pole must not be rounded beyond it.
        c.put(f'CRVAL{i}', float(crval[i - 1]) * factor)
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - crpix
    reach = np.hypot(*corners.T).max()
    if kind == 'sip':
        sip(c, rng, reach)
    if kind in ('tpv', 'scamp'):
        tpv(c, rng, reach * scale)
        if kind == 'scamp':
            tpv_only(c)
    if kind == 'tnx':
        tnx(c, rng, reach * scale)
    pole = rng.random()
    if kind == 'tan-pv':
        c.put('PV1_1', 0.), c.put('PV1_2', 90.)
        c.put('PV1_3', 180. if pole < 0.5 else float(rng.uniform(-180, 180)))
        if pole < 0.3:
            c.put('PV1_4', dec)
        if pole > 0.7:
            c.put('PV2_1', 45.)
    elif pole < 0.3:
        c.put('LONPOLE', 180.)
    elif pole < 0.5:
        c.put('LONPOLE', float(rng.choice([0., 90., 170., -180., 270., rng.uniform(-180, 180)])))
    if rng.random() < 0.3:
        c.put('LATPOLE', dec)
    frame = rng.integers(5)
    if frame == 1:
        c.put('RADESYS', 'ICRS')
    if frame == 2:
        c.put('RADESYS', 'FK5'), c.put('EQUINOX', 2000.)
    if frame == 3:
        c.put('RADECSYS', 'FK5'), c.put('EQUINOX', 2000.)
    if frame == 4:
        c.put('EQUINOX', 2000.)

    plain = fits.Header.fromstring(''.join(c.plain))
    w = WCS(plain)
    x = np.concatenate([[0, width - 1, 0, width - 1], rng.uniform(0, width, 6), rng.uniform(-20, width + 20, 2)])
    y = np.concatenate([[0, 0, height - 1, height - 1], rng.uniform(0, height, 6), rng.uniform(-20, height + 20, 2)])
    sky = w.all_pix2world(x, y, 0)
    if dec_first:
        sky = sky[::-1]
    return kind, width, height, c.written, list(zip(x, y, *sky))


def main(headers, positions, count, seed):
    rng = np.random.default_rng(seed)
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus.writeto(headers, overwrite=True)
    with open(headers, 'ab') as f, open(positions, 'w') as text:
        for n in range(count):
            kind, width, height, cards, points = one(rng)
            lines = ["XTENSION= 'IMAGE   '", 'BITPIX  =                    8', 'NAXIS   =                    0',
                     'PCOUNT  =                    0', 'GCOUNT  =                    1']
            # The order of cards is nobody's promise.
            order = rng.permutation(len(cards)) if kind != 'tnx' else range(len(cards))
            block = ''.join(line.ljust(80) for line in lines) + ''.join(cards[i] for i in order) + 'END'.ljust(80)
            assert len(block) % 80 == 0
            f.write(block.ljust(-(-len(block) // 2880) * 2880).encode())
            print('header', n + 1, kind, width, height, file=text)
            for p in points:
                print('at', *('%.17g' % v for v in p), file=text)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
