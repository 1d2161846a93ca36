#!/usr/bin/python3
"""What runbrick makes of inputs of which one card, or one value of the CCD table, was changed at random.

    card_changes.py BUILD DATA WORK [--count N] [--seed N] [--first N] [--keep]

BUILD: the build directory; DATA: the survey data, of which golden/testcase3 is run; WORK: a folder for the changed
surveys. Change number i depends on the seed and i alone, so that `--first i --count 1 --keep` does one of them again.

The property: a run whose catalog is not the unchanged one's ends with a code of bad input (2, 3, 5) and one line that
says why, or it warns. The same catalog: as many sources, each within 0.1 arcsec of its own, and its flux in each band
within 1 %, or within a tenth of its error where it is measured to less than five of those. UNDETECTABLE lists what the
input cannot contradict, with the reason; those changes are counted and told apart.

Ends with 0 if the property holds. One line tells of each change that breaks it, the last ones how many there were of
each kind.
"""
import argparse
import collections
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter('ignore')

# Changes that nothing in the input contradicts: (file, card or column), a pattern of the change's description, why.
UNDETECTABLE = [
    ('table ccd(ra|dec)off', '', 'a small astrometric offset, which no other number knows'),
    ('table ccd_cuts', '', "a cut is the table's own word"),
]

WCS_CARDS = re.compile(r'^(CTYPE|CRVAL|CRPIX|CUNIT|CDELT|CROTA|CD[12]_[12]|PV[12]_\d+|LONPOLE|LATPOLE|RADESYS|EQUINOX'
                       r'|WCSAXES|WCSNAME)\d*$')
STRUCTURE = re.compile(r'^(SIMPLE|XTENSION|BITPIX|NAXIS\d?|PCOUNT|GCOUNT|EXTEND|EXTNAME|INHERIT|BSCALE|BZERO|BLANK)$')
# Cards that are not there and would matter if they were.
ADDED = ['BSCALE  = 1.1', 'BSCALE  = -1', 'BZERO   = 100.0', 'BZERO   = 32768', 'BLANK   = 0', 'LONPOLE = 90.0',
         'LATPOLE = 10.0', "RADESYS = 'FK4'", 'EQUINOX = 1950.0', "RADESYS = 'GALACTIC'", 'CROTA2  = 1.0',
         'PC1_1   = 1.1', 'PC1_2   = 0.01', 'CDELT1  = 2.0', 'PV1_4   = 0.01', 'PV2_5   = 0.01', 'A_ORDER = 2',
         'A_2_0   = 1E-4', "CPDIS1  = 'LOOKUP'", "CQDIS2  = 'TPD'", "CUNIT1  = 'arcsec'", "CUNIT2  = 'rad'",
         'VELOCITY= 3', 'CD1_2A  = 1.0', 'CRDER1  = 1.0', 'ZIMAGE  = T', 'ZSCALE  = 2.0', 'ZBLANK  = 7', 'NAXIS3  = 2']
TABLE_CARDS = re.compile(r'^(TTYPE|TFORM|TUNIT|NAXIS|TFIELDS|PCOUNT|GCOUNT|BITPIX|XTENSION|THEAP)')
NUMBERS = ['times 1.1', 'other sign', 'plus 1', 'zero', 'NaN', 'huge', 'text', 'blank', 'comma', 'blank inside',
           'D exponent', 'infinite']


def changed_number(text, kind):
    """The field of a card in the place of `text`, which is a number."""
    value = float(text.replace('D', 'E').replace('d', 'e'))
    whole = re.fullmatch(r'[-+]?\d+', text.strip()) is not None
    number = lambda v: str(int(v)) if whole and v == int(v) else repr(float(v)).upper()
    return {'times 1.1': lambda: number(value * 1.1), 'other sign': lambda: number(-value),
            'plus 1': lambda: number(value + 1), 'zero': lambda: number(0), 'NaN': lambda: 'NaN',
            'huge': lambda: '1.0E30', 'text': lambda: "'many'", 'blank': lambda: '',
            'comma': lambda: text.strip().replace('.', ',') if '.' in text else text.strip() + ',5',
            'blank inside': lambda: text.strip()[:1] + ' ' + text.strip()[1:],
            'D exponent': lambda: ('%.15E' % value).replace('E', 'D'), 'infinite': lambda: '-INF'}[kind]()


class Cards:
    """The header blocks of a file, as cards that can be changed."""

    def __init__(self, path):
        self.path = path
        opened = gzip.open if path.endswith('.gz') else open
        with opened(path, 'rb') as f:
            self.bytes = f.read()
        self.headers = []  # (start, end) of whole blocks
        with fits.open(path, memmap=False, disable_image_compression=True, lazy_load_hdus=False) as f:
            for hdu in f:
                info = hdu.fileinfo()
                self.headers.append((info['hdrLoc'], info['datLoc']))

    def cards(self, hdu):
        start, end = self.headers[hdu]
        found = [self.bytes[i:i + 80].decode('latin1') for i in range(start, end, 80)]
        return found[:next(i for i, c in enumerate(found) if c.startswith('END     '))]

    def write(self, hdu, cards):
        head = b''.join(c[:80].ljust(80).encode('latin1') for c in cards) + b'END'.ljust(80)
        start, end = self.headers[hdu]
        whole = self.bytes[:start] + head.ljust(-(-len(head) // 2880) * 2880) + self.bytes[end:]
        with (gzip.open if self.path.endswith('.gz') else open)(self.path, 'wb') as f:
            f.write(whole)


def change_card(rng, card):
    """(new card or None, what was done to it)"""
    key, field, comment = card[:8].strip(), card[10:], ''
    if card[8:10] != '= ':
        return None, 'deleted'
    if field.lstrip().startswith("'"):
        end = field.index("'", field.index("'") + 1)
        text, comment = field[:end + 1].strip(), field[end + 1:]
    else:
        parts = field.split('/', 1)
        text, comment = parts[0].strip(), ' /' + parts[1] if len(parts) > 1 else ''
    made = lambda t: f'{key:<8}= {t:>20}{comment}'[:80]
    what = rng.integers(10)
    if what == 0:
        return None, 'deleted'
    if what == 1:
        other = key[:-1] + ('X' if not key.endswith('X') else 'Y') if len(key) > 1 else 'X'
        return f'{other:<8}{card[8:]}', f'called {other}'
    if text.startswith("'"):
        kind = ['x', 'blank', 'number', 'other letter', 'cut', 'longer', 'small letters'][rng.integers(7)]
        if key.startswith('CTYPE') and rng.integers(2):
            kind = ["RA---TAN", "DEC--TAN", "RA---SIN", "RA---TPV", "DEC--ZPN", "GLON-TAN", "RA---TNX"][rng.integers(7)]
            return made(f"'{kind}'"), f'{text} becomes {kind}'
        if key.startswith('CUNIT') and rng.integers(2):
            kind = ['arcsec', 'rad', 'degree', 'hour', 'm'][rng.integers(5)]
            return made(f"'{kind}'"), f'{text} becomes {kind}'
        inner = text[1:-1].rstrip()
        new = {'x': "'x'", 'blank': "''", 'number': '7.5', 'cut': f"'{inner[:len(inner) // 2]}'",
               'other letter': "'" + inner[:-1] + chr(ord(inner[-1]) ^ 1) + "'" if inner else "'q'",
               'longer': f"'{inner}2'", 'small letters': f"'{inner.lower()}'"}[kind]
        return made(new), f'{text} becomes {new}'
    if text in ('T', 'F'):
        new = ["'T'", 'T' if text == 'F' else 'F', '7', ''][rng.integers(4)]
        return made(new), f'{text} becomes {new}'
    try:
        float(text.replace('D', 'E'))
    except ValueError:
        return None, 'deleted'
    kind = NUMBERS[rng.integers(len(NUMBERS))]
    new = changed_number(text, kind)
    return made(new), f'{kind}: {text} becomes {new}'


def change_header(rng, survey, images):
    """Of an image, its mask or its weights. Returns (file's kind, card, what was done)."""
    kind = ['ooi', 'ooi', 'ooi', 'ooi', 'ood', 'oow'][rng.integers(6)]
    path = os.path.join(survey, images[rng.integers(len(images))].replace('_ooi_', f'_{kind}_'))
    file = Cards(path)
    of = rng.integers(10)
    hdu = 1
    if of == 0:
        new = ADDED[rng.integers(len(ADDED))]
        cards = [c for c in file.cards(1) if c[:8] != new[:8]]
        file.write(1, cards + [new])
        return kind, new[:8].strip(), 'added: ' + new
    if of <= 5 and kind == 'ooi':
        choice = [i for i, c in enumerate(file.cards(1)) if WCS_CARDS.match(c[:8].strip())]
    elif of == 6:
        choice = [i for i, c in enumerate(file.cards(1)) if STRUCTURE.match(c[:8].strip())]
    else:
        hdu = rng.integers(2)
        choice = [i for i, c in enumerate(file.cards(hdu)) if c[8:10] == '= ']
    cards = file.cards(hdu)
    at = choice[rng.integers(len(choice))]
    key = cards[at][:8].strip()
    new, what = change_card(rng, cards[at])
    if new is None:
        del cards[at]
    else:
        cards[at] = new
    file.write(hdu, cards)
    return kind, key, what


def change_table_card(rng, path):
    file = Cards(path)
    cards = file.cards(1)
    if rng.integers(4) == 0:
        n = rng.integers(1, 45)
        new = [f'TSCAL{n} = 2.0', f'TZERO{n} = 1.0', f'TNULL{n} = 0', f"TUNIT{n} = 'arcmin'", f"TDIM{n} = '(2,2)'"]
        new = new[rng.integers(len(new))]
        column = next(c for c in cards if c[:8].strip() == f'TTYPE{n}').split("'")[1].strip()
        file.write(1, cards + [f'{new.split("=")[0].strip():<8}={new.split("=")[1]}'])
        return 'table', column, 'added: ' + new
    choice = [i for i, c in enumerate(cards) if TABLE_CARDS.match(c)]
    at = choice[rng.integers(len(choice))]
    key = cards[at][:8].strip()
    number = re.fullmatch(r'T\w{4}(\d+)', key)
    name = key
    if number:
        name = next(c for c in cards if c[:8].strip() == 'TTYPE' + number[1]).split("'")[1].strip()
    new, what = change_card(rng, cards[at])
    if key.startswith('TFORM') and rng.integers(2):
        form = ['E', 'D', 'J', 'K', 'I', 'L', 'B', '2E', '8A', 'X', 'PE(3)'][rng.integers(11)]
        new, what = f"{key:<8}= '{form:<8}'", f'becomes {form}'
    if new is None:
        del cards[at]
    else:
        cards[at] = new
    file.write(1, cards)
    return 'table', name, f'{key} {what}'


def change_table_value(rng, path):
    with fits.open(path, memmap=False) as f:
        hdu = f[1].copy()
        primary = f[0].copy()
    names = hdu.columns.names
    name, row = names[rng.integers(len(names))], rng.integers(len(hdu.data))
    values = hdu.data[name]
    old = values[row]
    if values.dtype.kind in 'US':
        others = sorted(set(values) - {old})
        kinds = ['x', '', str(old).lower(), str(old)[:-1], str(old) + ' '] + others[:2]
        new = kinds[rng.integers(len(kinds))]
        hdu.data[name][row] = new
        what = f'{old!r} becomes {new!r}'
    elif values.dtype.kind == 'b':
        hdu.data[name][row] = not old
        what = 'turned over'
    else:
        kinds = ['times 1.1', 'other sign', 'plus 1', 'zero', 'huge', "another row's", 'in other units']
        if values.dtype.kind == 'f':
            kinds += ['NaN', 'infinite', 'times 1.1']
        kind = kinds[rng.integers(len(kinds))]
        new = {'times 1.1': lambda v: v * 1.1, 'other sign': lambda v: -v, 'plus 1': lambda v: v + 1,
               'zero': lambda v: 0 * v, 'huge': lambda v: 0 * v + (1e30 if values.dtype.kind == 'f' else 32000),
               "another row's": lambda v: values[(row + 1) % len(values)], 'in other units': lambda v: v * 3600.,
               'NaN': lambda v: v * np.nan, 'infinite': lambda v: v * np.inf + np.inf}[kind](np.float64(old))
        if values.dtype.kind == 'i':
            new = int(min(np.trunc(float(new)), np.iinfo(values.dtype).max))
        hdu.data[name][row] = new
        what = f'{kind}: {old} becomes {hdu.data[name][row]}'
    fits.HDUList([primary, fits.BinTableHDU(hdu.data, hdu.header)]).writeto(path, overwrite=True)
    return 'table', name, f'row {row} {what}'


def catalog_of(out):
    found = glob.glob(out + '/tractor/*/tractor-*.fits')
    return fits.getdata(found[0], 1) if found else None


def difference(base, catalog):
    """Empty where the two are the same catalog; else what is not."""
    if catalog is None:
        return 'no catalog'
    if len(catalog) != len(base):
        return f'{len(catalog)} sources, not {len(base)}'
    cos = np.cos(np.deg2rad(base['dec'].mean()))
    for row in base:
        apart = 3600 * np.hypot((catalog['ra'] - row['ra']) * cos, catalog['dec'] - row['dec'])
        own = catalog[np.argmin(apart)]
        if not apart.min() <= 0.1:
            return f'a source is {apart.min():.3g} arcsec away'
        for band in 'grz':
            was, now, ivar = float(row['flux_' + band]), float(own['flux_' + band]), float(row['flux_ivar_' + band])
            allowed = max(0.01 * abs(was), 0.1 / np.sqrt(ivar) if was * np.sqrt(ivar) < 5 and ivar > 0 else 0)
            if not abs(now - was) <= allowed:
                return f'flux_{band} is {now:.5g}, not {was:.5g}'
    return ''


class Runs:
    def __init__(self, build, data, work):
        self.build, self.data, self.work = build, data, work
        self.case = json.load(open(os.path.join(data, 'golden/testcase3/case.json')))
        self.source = os.path.join(data, 'surveys', self.case['survey'])
        self.survey = os.path.join(work, 'survey')

    def fresh_survey(self):
        """The files that are changed are copies, all others links."""
        shutil.rmtree(self.survey, ignore_errors=True)
        os.makedirs(self.survey)
        for name in os.listdir(self.source):
            if name not in ('images', 'survey-ccds-1.fits.gz'):
                os.symlink(os.path.join(self.source, name), os.path.join(self.survey, name))
        shutil.copytree(self.source + '/images', self.survey + '/images', copy_function=shutil.copyfile)
        shutil.copyfile(self.source + '/survey-ccds-1.fits.gz', self.survey + '/survey-ccds-1.fits.gz')
        for root, folders, files in os.walk(self.survey):
            if not os.path.islink(root):
                os.chmod(root, 0o755)

    def run(self):
        out = os.path.join(self.work, 'out')
        shutil.rmtree(out, ignore_errors=True)
        fill = lambda s: s.replace('{survey}', self.survey).replace('{data}', self.data)
        env = {k: v for k, v in os.environ.items() if 'GAIA' not in k and 'DUST' not in k}
        env.update({k: fill(v) for k, v in self.case['env'].items()})
        words = [self.build + '/bin/runbrick', '--survey-dir', self.survey, '--outdir', out, '--plugin-dir',
                 self.build + '/plugins', '--threads', '1', *map(fill, self.case['args'])]
        try:
            done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors='replace', timeout=120)
        except subprocess.TimeoutExpired:
            return 'timeout', [], None
        return done.returncode, done.stdout.splitlines(), catalog_of(out)


def stripped(line):
    """A warning without what differs from run to run."""
    return re.sub(r'^[\d:. -]+', '', line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('data')
    parser.add_argument('work')
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', action='store_true', help='leave the changed survey, and print what runbrick says')
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.data, 'golden/testcase3')):
        print(f'skipped: {options.data} has no golden/testcase3')
        return 77
    work = os.path.abspath(options.work)
    os.makedirs(work, exist_ok=True)
    runs = Runs(os.path.abspath(options.build), os.path.abspath(options.data), work)
    runs.fresh_survey()
    code, lines, base = runs.run()
    if code != 0 or base is None:
        sys.exit(f'the unchanged case ended with {code}: ' + ' '.join(lines[-3:]))
    usual = {stripped(l) for l in lines if 'warning' in l}
    table = runs.survey + '/survey-ccds-1.fits.gz'
    images = ['images/' + str(n).strip() for n in fits.getdata(table, 1)['image_filename']]

    counts = collections.Counter()
    broken = 0
    for number in range(options.first, options.first + options.count):
        rng = np.random.default_rng([options.seed, number])
        runs.fresh_survey()
        of = rng.integers(100)
        if of < 65:
            file, card, what = change_header(rng, runs.survey, images)
        elif of < 78:
            file, card, what = change_table_card(rng, table)
        else:
            file, card, what = change_table_value(rng, table)
        code, lines, catalog = runs.run()
        told = [l for l in lines if 'warning' in l and stripped(l) not in usual]
        errors = [l for l in lines if 'error:' in l]
        if options.keep:
            print('\n'.join(lines))
        name = f'{number}: {file} {card}: {what}'
        why = next((reason for where, pattern, reason in UNDETECTABLE
                    if re.fullmatch(where, f'{file} {card}') and re.search(pattern, what)), None)
        if code == 0:
            changed = difference(base, catalog)
            if not changed:
                counts['the same catalog' + (', with a warning' if told else '')] += 1
            elif told:
                counts['another catalog, with a warning'] += 1
            elif why:
                counts['another catalog, undetectable: ' + why] += 1
            else:
                broken += 1
                print(f'BROKEN {name}: {changed}, and no word')
        elif code in (2, 3, 5) and len(errors) == 1:
            counts['refused'] += 1
        else:
            broken += 1
            print(f'BROKEN {name}: ended with {code}: ' + ' | '.join(lines[-2:]))
        sys.stdout.flush()
    for kind, count in sorted(counts.items()):
        print(f'{count:5} {kind}')
    print(f'{broken:5} of {options.count} broken')
    if not options.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
