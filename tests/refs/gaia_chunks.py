#!/usr/bin/python3
"""Makes Gaia's tables in every form that people have them in, and looks at what gaia-chunks makes of them.

usage: gaia_chunks.py GAIA_CHUNKS WORK [--kills N] [--seed S]

The forms are written by astropy, or as Gaia's own files are; pixels are astropy_healpix's. Exits with 77 where these
are not installed.
"""
import argparse
import gzip
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

try:
    import numpy as np
    from astropy import units as u
    from astropy.io import fits, votable as votables
    from astropy.table import MaskedColumn, Table
    from astropy_healpix import lonlat_to_healpix
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-astropy, python3-astropy-healpix)")
    sys.exit(77)
warnings.simplefilter("ignore")

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("work", type=Path)
parser.add_argument("--kills", type=int, default=8)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
work = options.work.resolve()
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
chance = np.random.default_rng(options.seed)
failed = 0

EXTRA = ["g_sdss_mag", "bp_coefficients:5D"]
FLOATS = {"ra_error": "mas", "dec_error": "mas", "pmra": "mas/yr", "pmdec": "mas/yr", "parallax": "mas",
          "pmra_error": "mas/yr", "pmdec_error": "mas/yr", "parallax_error": "mas", "ref_epoch": "yr",
          "phot_g_mean_mag": "mag", "phot_bp_mean_mag": "mag", "phot_rp_mean_mag": "mag",
          "phot_g_mean_flux_over_error": "", "phot_bp_mean_flux_over_error": "", "phot_rp_mean_flux_over_error": "",
          "astrometric_excess_noise": "mas", "astrometric_excess_noise_sig": "", "phot_bp_rp_excess_factor": "",
          "astrometric_sigma5d_max": "mas", "g_sdss_mag": "mag"}
COUNTS = ["phot_g_n_obs", "phot_bp_n_obs", "phot_rp_n_obs", "astrometric_n_obs_al", "astrometric_n_good_obs_al"]
NULLABLE = ["pmra", "pmdec", "parallax", "pmra_error", "pmdec_error", "parallax_error", "phot_bp_mean_mag",
            "phot_rp_mean_mag", "phot_bp_mean_flux_over_error", "g_sdss_mag"]


def check(what, holds, otherwise=""):
    global failed
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {otherwise}"), flush=True)
    failed += not holds


def run(*words, code=0):
    result = subprocess.run([options.program, *map(str, words)], text=True, capture_output=True)
    if result.returncode != code:
        check(" ".join(map(str, words)), False, f"exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def made_stars(n=3000):
    """Fields that many pixels meet in: both poles, both sides of RA 0, the border of HEALPix's caps; and exact places."""
    places = [(0, 90), (0, -90), (123, 90), (0, 0), (360, 10), (359.9999999999, 0), (45, 45), (90, 0), (180, 41.8103149)]
    centres = [(0, 89), (77, -89.5), (0, 0), (180, 41.8), (266.4, -29)]
    ra, dec = map(list, zip(*places))
    for i in range(n - len(places)):
        r, d = centres[i % len(centres)]
        d += chance.uniform(-1.5, 1.5)
        d = d if abs(d) <= 90 else np.sign(d) * 180 - d
        r += chance.uniform(-1.5, 1.5) / max(np.cos(np.radians(d)), 1e-2)
        ra.append(r % 360)
        dec.append(d)
    t = Table()
    ids = chance.choice(10**9, n, replace=False)
    t["source_id"] = ids.astype(np.int64) * 6917528997 + 2**53 + 1
    t["ra"], t["dec"] = np.array(ra), np.array(dec)
    t["ra"].unit = t["dec"].unit = u.deg
    for name, unit in FLOATS.items():
        t[name] = MaskedColumn(chance.normal(10, 4, n).astype(np.float32), mask=np.zeros(n, bool), unit=unit or None)
    t["ref_epoch"] = np.full(n, 2016, np.float64)
    t["ref_epoch"].unit = u.yr
    for name in NULLABLE:
        t[name].mask = chance.random(n) < 0.1
    for name in COUNTS:
        t[name] = MaskedColumn(chance.integers(0, 900, n).astype(np.int16), mask=np.zeros(n, bool))
    t["phot_bp_n_obs"].mask = chance.random(n) < 0.1
    t["astrometric_params_solved"] = chance.choice([3, 31, 95], n).astype(np.int16)
    t["phot_variable_flag"] = chance.choice(["NOT_AVAILABLE", "VARIABLE", "CONSTANT"], n)
    t["duplicated_source"] = chance.random(n) < 0.3
    t["bp_coefficients"] = chance.normal(0, 100, (n, 5))
    t["solution_id"] = np.full(n, 1636148068921376768)  # not wanted
    return t[list(chance.permutation(t.colnames))]


def cell(column, i, null, true, false):
    value = column[i]
    if value is np.ma.masked:
        return null
    if isinstance(value, (np.bool_, bool)):
        return true if value else false
    if isinstance(value, np.ndarray):
        return '"[' + ", ".join(repr(float(v)) for v in value) + ']"'
    return str(value)


def text(t, names, head, null, true, false):
    lines = [",".join(cell(t[name], i, null, true, false) for name in t.colnames) for i in range(len(t))]
    return head + ",".join(names) + "\n" + "".join(line + "\n" for line in lines)


def write_gaia(t, path):
    head = "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
    for name in t.colnames:
        head += f"# -\n#   name: {name}\n#   datatype: float64\n#   description: unit: none\n"
        if t[name].unit:
            head += f"#   unit: {str(t[name].unit).replace(' / yr', '.yr**-1')}\n"
    with gzip.open(path.with_suffix(".csv.gz"), "wt", 1) as file:
        file.write(text(t, t.colnames, head, "null", '"True"', '"False"'))


def write_csv(t, path):
    path.with_suffix(".csv").write_text(text(t, [n.upper() for n in t.colnames], "", "", "true", "false"))


def write_ecsv(t, path):
    t = t.copy()
    t["bp_coefficients"] = [str(list(map(float, row))).replace("[", "(") for row in t["bp_coefficients"]]
    t.write(path.with_suffix(".ecsv"), format="ascii.ecsv")


def write_fits(t, path):
    t.write(path.with_suffix(".fits.gz"))


def votable(form):
    def write(t, path):
        t = t.copy()
        t["phot_variable_flag"] = t["phot_variable_flag"].astype(object)  # of variable length
        document = votables.from_table(t)
        document.get_first_table().get_field_by_id("phot_bp_n_obs").values.null = -9999
        votables.writeto(document, str(path.with_suffix(".vot")), tabledata_format=form)
    return write


def parts_of(t, write, where):
    where.mkdir()
    order = chance.permutation(len(t))
    for k, rows in enumerate(np.array_split(order, 3)):
        write(t[rows], where / f"part{k}")
    return where


def chunks(out):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(out.glob("chunk-*.fits"))}


def same(a, b):
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


stars = made_stars()
forms = {"gaia": write_gaia, "csv": write_csv, "ecsv": write_ecsv, "fits": write_fits,
         "tabledata": votable("tabledata"), "binary2": votable("binary2")}
columns = ["--columns", ",".join(EXTRA)]
for name, write in forms.items():
    parts_of(stars, write, work / f"in-{name}")
    run(work / f"in-{name}", "--out", work / f"out-{name}", *columns, "--threads", 2)
whole = chunks(work / "out-gaia")
for name in forms:
    check(f"{name}: the same bytes", chunks(work / f"out-{name}") == whole)

# Against the stars themselves.
for scheme, order in ("ring", "ring"), ("nested", "nested"):
    out = work / "out-gaia"
    if scheme == "nested":
        out = work / "out-nested"
        said = run(work / "in-fits", "--out", out, *columns, "--scheme", "nested", "--prefix", "star", "--release", "3")
        check("what to set is told", "GAIA_CAT_VER=3 GAIA_CAT_SCHEME=nested GAIA_CAT_PREFIX=star" in said, said)
    pixel = lonlat_to_healpix(stars["ra"].quantity, stars["dec"].quantity, 32, order=order)
    made = {int(f.name[-10:-5]): f for f in out.glob("*.fits")}
    check(f"{scheme}: a file for each pixel", sorted(made) == sorted(set(map(int, pixel))))
    wrong = []
    for number, file in made.items():
        with fits.open(file, checksum=True) as hdus:
            head, table = hdus[0].header, hdus[1].data
            if (head["HPXPIXEL"], head["HPXNSIDE"], head["HPXNEST"], head["GAIADR"]) != (number, 32, scheme == "nested", "3"):
                wrong.append((number, "header"))
            truth = stars[pixel == number]
            truth.sort("source_id")
            for column in ["source_id", "ra", "dec", *FLOATS, *COUNTS, "astrometric_params_solved", "bp_coefficients",
                           "duplicated_source"]:
                expected = truth[column]
                if hasattr(expected, "filled"):
                    expected = expected.filled(np.nan if expected.dtype.kind == "f" else 0)
                expected = np.asarray(expected)
                if not same(np.asarray(table[column], expected.dtype), expected):
                    wrong.append((number, column))
            if not same(table["phot_variable_flag"], np.asarray(truth["phot_variable_flag"] == "VARIABLE")):
                wrong.append((number, "phot_variable_flag"))
    check(f"{scheme}: every value of every star", not wrong, wrong[:5])

# Again, otherwise, and too much.
out = work / "out-gaia"
check("all done: nothing to do", run(work / "in-gaia", "--out", out, *columns).startswith("nothing to do"))
check("other chunks are not replaced", "--force" in run(work / "in-csv", "--out", out, *columns, code=3))
some = work / "in-csv/part0.csv"
run(some, "--out", out, *columns, "--force")
check("--force leaves only its own", set(chunks(out)) < set(whole) and not (out / "chunk-work").exists())
run(work / "in-csv", "--out", out, *columns, "--force")
said = run(work / "in-csv", some.parent / ".." / "in-csv/part0.csv", work / "in-fits/part1.fits.gz", "--out", work / "twice",
           *columns)
check("rows that stand twice count once", chunks(work / "twice") == whole == chunks(out) and "1000 rows stood" in said, said)


# Joined by source_id: for some of the stars, in any order, spread over files; and rows of stars that are not there.
GSPC = [f"{band}_{what}" for band in ["u_jkc", "b_jkc", "v_jkc", "r_jkc", "i_jkc", "u_sdss", "g_sdss", "r_sdss", "i_sdss",
                                      "z_sdss", "y_ps1"] for what in ["mag", "flag"]]


def side_table(share, columns):
    some = chance.permutation(len(stars))[:int(share * len(stars))]
    t = Table()
    t["solution_id"] = np.full(len(some) + 5, 375316653866487565)
    t["source_id"] = np.append(np.asarray(stars["source_id"])[some], np.arange(1, 6))
    for name, count in columns:
        v = chance.normal(15, 3, (len(t), count)[:1 + (count > 1)]).astype(np.float32)
        t[name] = np.round(np.abs(v) / 20) if name.endswith("flag") else v
        if name == "g_sdss_mag":
            t[name] = MaskedColumn(t[name], mask=chance.random(len(t)) < 0.2)
    return t


def write_side(t, directory, parts):
    directory.mkdir()
    for i in range(parts):
        write_gaia(t[i::parts], directory / f"part{i}")


side = {"gspc": (side_table(0.7, [(c, 1) for c in ["c_star", *GSPC, "g_sdss_flux"]]), {c: c for c in GSPC}),
        "xp-sampled": (side_table(0.03, [("flux", 343), ("flux_error", 343)]), {"xp_flux": "flux"}),
        "xp-continuous": (side_table(0.1, [("bp_coefficients", 55), ("rp_coefficients", 55), ("rp_n_parameters", 1)]),
                          {"bp_coefficients": "bp_coefficients", "rp_coefficients": "rp_coefficients"})}
side["xp-sampled"][0]["flux"].unit = u.W / u.m**2 / u.nm
joins = []
for kind, (table, _) in side.items():
    write_side(table, work / f"in-{kind}", 3)
    joins += [f"--{kind}", work / f"in-{kind}"]
said = run(work / "in-gaia", "--out", work / "joined", *joins, "--threads", 2)
check("joined: how many are told", all(f"{len(t) - 5} stars have" in said for t, _ in side.values()), said)
wrong = []
for file in sorted((work / "joined").glob("*.fits")):
    table = fits.getdata(file)
    for kind, (t, kept) in side.items():
        rows = {int(i): k for k, i in enumerate(t["source_id"])}
        at = [rows.get(int(i), -1) for i in table["source_id"]]
        for to, name in kept.items():
            v = t[name].filled(np.nan) if hasattr(t[name], "filled") else np.asarray(t[name])
            expected = np.array([v[k] if k >= 0 else np.full(v.shape[1:], np.nan) for k in at], np.float32)
            if not same(np.asarray(table[to], np.float32), expected):
                wrong.append((file.name, to))
check("joined: every value of every star, and NaN without a row", not wrong, wrong[:5])
check("joined: all done", run(work / "in-gaia", "--out", work / "joined", *joins).startswith("nothing to do"))
check("joined: other tables are other chunks",
      all("--force" in run(work / "in-gaia", "--out", work / "joined", *less, code=3)
          for less in (joins[2:], joins[:-2], [])))
twice = side["gspc"][0][:40]
write_side(twice, work / "in-again", 1)
again = ["--gspc", work / "in-gspc", "--gspc", work / "in-again"]
run(work / "in-gaia", "--out", work / "joined-twice", *again)
twice["r_sdss_mag"][3] += 1
write_gaia(twice, work / "in-again" / "part0")
said = run(work / "in-gaia", "--out", work / "joined-differ", *again, code=3)
check("joined: two rows of a star that differ", "differ" in said and str(twice["source_id"][3]) in said, said)
joined = chunks(work / "joined")
other = side["xp-sampled"][0][:2]
other["flux"].unit = "erg / (s cm2 Angstrom)"
write_side(other, work / "in-cgs", 1)
said = run(work / "in-gaia", "--out", work / "joined-cgs", "--xp-sampled", work / "in-cgs", code=3)
check("joined: spectra in another unit", "flux" in said and "W m-2 nm-1" in said, said)
for k, unit in enumerate(["mW / (m2 nm)", "W / (cm2 nm)"]):
    other["flux"].unit = unit
    write_side(other, work / f"in-unit{k}", 1)
    said = run(work / "in-gaia", "--out", work / "joined-cgs", "--xp-sampled", work / f"in-unit{k}", code=3)
    check(f"joined: spectra in {unit}", "flux" in said and "W m-2 nm-1" in said, said)


# What cannot be read right.
def refused(what, make, *texts, some_written=False):
    file, out = work / "bad" / what, work / "bad-out" / what
    file.parent.mkdir(exist_ok=True)
    make(file)
    said = run(file, "--out", out, *columns, code=3)
    left = chunks(out) if out.exists() else {}
    check(f"refused: {what}", all(t in said for t in (what, *texts)) and (some_written or not left), said)
    return left


packed = (work / "in-gaia/part0.csv.gz").read_bytes()
plain = (work / "in-csv/part0.csv").read_bytes()
xml = (work / "in-binary2/part0.vot").read_bytes()
lines = plain.split(b"\n")
at = {name: i for i, name in enumerate(lines[0].decode().lower().split(","))}


def changed(column, value):
    words = lines[5].split(b",")
    k = at[column] + (4 if at[column] > at["bp_coefficients"] else 0)  # the array has four commas
    words[k] = value
    return b"\n".join([*lines[:5], b",".join(words), *lines[6:]])


refused("short.csv.gz", lambda f: f.write_bytes(packed[:-3000]), "cut short")
refused("no-tail.csv.gz", lambda f: f.write_bytes(packed[:-5]), "cut short")
refused("damaged.csv.gz", lambda f: f.write_bytes(packed[:-6] + b"\xff\xff" + packed[-4:]))
refused("short.csv", lambda f: f.write_bytes(plain[:-3]), "cut short")
refused("lacks.csv", lambda f: f.write_bytes(plain.replace(b"PMRA_ERROR", b"X", 1).replace(b"G_SDSS_MAG", b"Y", 1)),
        "pmra_error", "g_sdss_mag")
refused("values.csv", lambda f: f.write_bytes(plain + b"1,2,3\n"), "3 values")
refused("words.csv", lambda f: f.write_bytes(changed("pmra", b"fast")), "pmra", "fast")
refused("nowhere.csv", lambda f: f.write_bytes(changed("dec", b"")), "no position")
refused("nameless.csv", lambda f: f.write_bytes(changed("source_id", b"")), "source_id")
refused("timeless.csv", lambda f: f.write_bytes(changed("ref_epoch", b"2015.5")), "ref_epoch")
left = refused("differs.csv", lambda f: f.write_bytes(plain + changed("phot_g_mean_mag", b"3").split(b"\n")[5] + b"\n"),
               "differ", some_written=True)
star = lines[5].split(b",")
number = int(lonlat_to_healpix(*(float(star[at[n] + (4 if at[n] > at["bp_coefficients"] else 0)]) * u.deg
                                 for n in ("ra", "dec")), 32, order="ring"))
check("no chunk with a star of which nobody knows what it is", f"chunk-{number:05d}.fits" not in left)
refused("unit.fits", lambda f: Table(stars, copy=True).write(f) or fits.setval(
    f, f"TUNIT{stars.colnames.index('pmra') + 1}", value="arcsec/yr", ext=1), "arcsec/yr")
refused("short.fits", lambda f: f.write_bytes(gzip.decompress((work / "in-fits/part0.fits.gz").read_bytes())[:-9000]))
refused("short.vot", lambda f: f.write_bytes(xml[:-300]))
refused("overflow.vot", lambda f: f.write_bytes(
    xml.replace(b"</TABLE>", b'</TABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/>')), "OVERFLOW")

# Killed at any moment and started again.
pick = random.Random(options.seed)
begin = time.monotonic()
run(work / "in-gaia", "--out", work / "timed", *joins)
seconds = time.monotonic() - begin
moments = {}
for k in range(options.kills):
    out = work / f"killed{k}"
    for _ in range(pick.randint(1, 3)):
        process = subprocess.Popen([options.program, work / "in-gaia", "--out", out, *map(str, joins), "--threads", "2"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pick.uniform(0, seconds))
        process.send_signal(pick.choice([signal.SIGKILL, signal.SIGTERM]))
        code = process.wait()
        there = chunks(out) if out.exists() else {}
        stage = "no chunk" if not there else "some chunks" if len(there) < len(joined) else "all chunks"
        moments[(code, stage)] = moments.get((code, stage), 0) + 1
        if code not in (0, -signal.SIGKILL, -signal.SIGTERM, 75) or any(joined[n] != h for n, h in there.items()):
            check(f"killed {k}: what is there is whole", False, code)
    run(work / "in-gaia", "--out", out, *joins)
    left = sorted(f.name for f in out.iterdir())
    if chunks(out) != joined or left != sorted([*joined, "chunk-files.txt"]):
        check(f"killed {k}: the same files", False, left)
check(f"{options.kills} runs that were killed: {moments}", True)
sys.exit(1 if failed else 0)
