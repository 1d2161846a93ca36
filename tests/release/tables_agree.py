#!/usr/bin/python3
"""Makes the tables and maps of a survey with `survey` and compares every column with independent.py's.

usage: tables_agree.py BUILD WORK [DATA]

DATA: of golden bricks there; without it, of a survey that is simulated and run first: four bricks around the corner where
they meet.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

SKIPPED = 77
try:
    import numpy as np
    import astropy_healpix  # noqa: F401
    import scipy  # noqa: F401
    from astropy.io import fits
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-astropy, python3-astropy-healpix, python3-scipy)")
    sys.exit(SKIPPED)
import independent
sys.path.append(str(Path(__file__).parents[1] / "campaign"))
from small_survey import environment

build, work = (Path(word).resolve() for word in sys.argv[1:3])
failed = 0


class Case:
    """A survey that tables are made of. `density`: of random points, so many that some are in the bricks' small parts."""

    def __init__(self, out, table, bands, density, counted, dust_dir=None, light_curves=False):
        self.light_curves = light_curves
        self.out, self.table, self.bands, self.density, self.counted = out, table, bands, density, counted
        self.bricks = independent.bricks(out, table)
        self.dust = independent.Dust(dust_dir) if dust_dir else None
        self.dust_words = ["--dust-dir", dust_dir] if dust_dir else ["--no-dust"]

    def survey(self, command, *words, out=None, code=0):
        return survey(command, out or self.out, "--bricks", self.table, *words, code=code)


def check(what, holds, otherwise=""):
    global failed
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {otherwise}"), flush=True)
    failed += not holds


def run(program, *words, code=0):
    result = subprocess.run([program, *map(str, words)], env=environment(), text=True, capture_output=True)
    if result.returncode != code:
        sys.exit(f"{program} {' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def survey(*words, code=0):
    return run(build / "bin/survey", *words, code=code)


def lay_out(golden, out, cases):
    """One output directory of several golden bricks. Their lists of checksums are of files before they were made to name
    no machine: they get lists of what they are."""
    for case in cases:
        products = golden / case / "products"
        for catalog in products.glob("tractor/*/tractor-*.fits"):
            group, brick = catalog.parent.name, catalog.name[8:-5]
            (out / "tractor" / group).mkdir(parents=True, exist_ok=True)
            (out / "tractor" / group / catalog.name).symlink_to(catalog)
            (out / "coadd" / group).mkdir(parents=True, exist_ok=True)
            (out / "coadd" / group / brick).symlink_to(products / "coadd" / group / brick)
            files = [out / "tractor" / group / catalog.name, *sorted((out / "coadd" / group / brick).iterdir())]
            (out / "tractor" / group / f"brick-{brick}.sha256sum").write_text(
                "".join(f"{hashlib.sha256(f.read_bytes()).hexdigest()} *{f.relative_to(out)}\n" for f in files))


def compare(name, found, expected, tolerance, floor=0):
    """Numbers to a relative tolerance, or to within `floor`."""
    if found.dtype.kind in "SU":
        same = np.array([str(v).strip() for v in found]) == np.array([str(v).strip() for v in expected])
        check(name, bool(same.all()), f"{found[~same][:3]} is not {expected[~same][:3]}")
    elif found.dtype.kind in "iub":
        check(name, bool((found == expected).all()), f"{found[found != expected][:3]} is not {expected[found != expected][:3]}")
    else:
        wrong = ~(np.isclose(found, expected, rtol=tolerance, atol=floor) | (np.isnan(found) & np.isnan(expected)))
        check(name, not wrong.any(), f"{found[wrong][:3]} is not {expected[wrong][:3]}")


def check_randoms(case):
    bands, density, bricks = case.bands, case.density, case.bricks
    words = ["--density", density, "--seed", 1, "--photsys", "N", *case.dust_words]
    told = case.survey("randoms", "--out", work / "randoms.fits", *words)
    table = fits.getdata(work / "randoms.fits", 1)
    by_brick = [independent.randoms(b, 1, density, bands, 0.75, case.dust) for b in bricks]
    rows = {name: np.concatenate([np.asarray(b[name]) for b in by_brick]) for name in by_brick[0]}
    order = np.lexsort((rows["OBJID"], rows["BRICKID"], rows["KEY"]))
    check("number of points", len(table) == len(order) > 50, f"{len(table)} is not {len(order)}")
    for name in ("APFLUX_IVAR_G", "PSFDEPTH_W1", "MASKBITS", "NOBS_G"):
        check(f"{name} is not zero everywhere", table[name].any() and len(np.unique(table[name])) > 1)
    check("columns", set(table.names) == set(rows) - {"KEY"}, set(table.names) ^ (set(rows) - {"KEY"}))
    for name in table.names:
        # Apertures by quadrature; positions are as exact as doubles are.
        tolerance = 1e-14 if name in ("RA", "DEC") else 2e-5 if "APFLUX" in name else 1e-6 if name != "EBV" else 1e-4
        floor = 0
        if name.startswith("APFLUX_") and "IVAR" not in name:  # noise about zero
            floor = 1e-4 / np.sqrt(np.maximum(rows[name.replace("FLUX_", "FLUX_IVAR_")][order], 1e-10))
        compare(f"randoms {name}", table[name], rows[name][order], tolerance, floor)
    for count in case.counted:
        check(f"told: {count}", count in told, told)
    header = fits.getheader(work / "randoms.fits", 0)
    check("the bits of MASKBITS are explained", header["MB_BRIGHT"] == 2 and header["MBIT_1"] == "BRIGHT")
    check("density and seed are told", header["DENSITY"] == density and header["SEED"] == 1)
    # Whatever the order, and with parts that are there already.
    groups = case.survey("randoms", "--out", work / "again.fits", *words, "--list-groups").split()
    for group in groups[::-1]:
        case.survey("randoms", "--out", work / "again.fits", *words, "--bands", ",".join(bands), "--group", group)
    parts = {path.name: path.stat().st_mtime_ns for path in (work / "again.fits.parts").iterdir()}
    case.survey("randoms", "--out", work / "again.fits", *words, "--keep-parts")
    again = {path.name: path.stat().st_mtime_ns for path in (work / "again.fits.parts").iterdir()}
    check("the same bytes from parts", (work / "randoms.fits").read_bytes() == (work / "again.fits").read_bytes())
    check("parts are made once", parts == again and set(parts) == {f"{group}.fits" for group in groups} and len(parts) > 1, parts)
    case.survey("randoms", "--out", work / "thin.fits", "--density", density / 4, "--seed", 1, "--no-dust", "--bands", bands[-1])
    thin = fits.getdata(work / "thin.fits", 1)
    check("a lower density is a part of a higher one",
          set(zip(thin["BRICKID"], thin["OBJID"])) ==
          set(zip(table["BRICKID"][table["LEVEL"] <= density / 4], table["OBJID"][table["LEVEL"] <= density / 4])))


def corner(word):
    """RA, Dec in degrees of a box's corner, such as 150p000."""
    return int(word[:3]), int(word[4:]) * (1 if word[3] == "p" else -1)


def check_sweeps(case):
    sweep = ["sweep", work / "sweeps", "--catalogs", case.out / "tractor", "--bricks", case.table]
    survey(*sweep)
    # Those that bricks touch; a file have those with sources.
    touched = survey(*sweep, "--list-boxes").split()
    boxes = sorted(path.name[6:-5] for path in (work / "sweeps/sweep").iterdir())
    check("all boxes are listed", set(boxes) <= set(touched), (boxes, touched))
    rows = 0
    for box in boxes:
        (ra1, dec1), (ra2, dec2) = (corner(word) for word in box.split("-"))
        expected = independent.sweep(case.bricks, (ra1, ra2, dec1, dec2))
        found, forms = {}, []
        for directory, ending in (("", ""), ("-lightcurves", "-lc"), ("-extra", "-ex")):
            table = fits.getdata(work / "sweeps" / f"sweep{directory}" / f"sweep-{box}{ending}.fits", 1)
            forms.append(len(table))
            ids = {"RELEASE", "BRICKID", "OBJID", "LS_ID_DR11"} & set(table.names)
            check(f"{box}{ending}: its rows are those of the main file", all(
                np.array_equal(table[name], found.get(name, table[name])) for name in ids) and len(ids) > 2, ids)
            check(f"{box}{ending}: each column is in one file", not (set(table.names) - ids) & set(found)
                  and {name for name in set(table.names) - ids if name.startswith("LC_")} ==
                  (set(table.names) - ids if ending == "-lc" else set()), table.names)
            found |= {name: table[name] for name in table.names}
        rows += forms[0]
        check(f"{box}: the three files have the same rows", len(set(forms)) == 1 and forms[0] == len(expected["OBJID"]), forms)
        check(f"{box}: every column of the catalog is there", set(found) == set(expected), set(found) ^ set(expected))
        same = lambda a, b: a.dtype.kind in "SU" or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        wrong = [name for name in found if not same(found[name], expected[name])
                 or found[name].dtype.kind in "SU" and (np.char.strip(found[name]) != np.char.strip(expected[name])).any()]
        check(f"{box}: every value is the catalog's", not wrong, wrong)
    primary = sum(int((c["brick_primary"] & (c["type"] != "NUN")).sum()) for c in (b.catalog() for b in case.bricks))
    check("there are light curves", any(name.startswith("LC_FLUX") for name in found) or not case.light_curves)
    check("every primary source is in one box", rows == primary > 0 and len(boxes) > 1, (rows, primary, boxes))
    files = {path: path.stat().st_mtime_ns for path in (work / "sweeps").rglob("*.fits")}
    survey(*sweep)
    check("boxes that are there are not made again", files == {path: path.stat().st_mtime_ns for path in files})
    survey(*sweep, "--layout", "dr11")
    check("but with other options they are", all(path.stat().st_mtime_ns > files[path] for path in files))
    return boxes


def check_summary(case):
    bands = case.bands
    words = ["--bands", ",".join(bands)]
    case.survey("summary", "--out", work / "summary.fits", *words)
    for group in case.survey("summary", "--out", work / "again.fits", "--list-groups").split():
        case.survey("summary", "--out", work / "again.fits", *words, "--group", group)
    case.survey("summary", "--out", work / "again.fits", *words)
    check("the summary is the same bytes from parts", (work / "summary.fits").read_bytes() == (work / "again.fits").read_bytes())
    table = fits.getdata(work / "summary.fits", 1)
    rows = [independent.summary(brick, bands) for brick in case.bricks]
    given = {"ra", "dec"}  # of the table of bricks
    check("summary columns", set(table.names) - given == set(rows[0]), (set(table.names) - given) ^ set(rows[0]))
    for name in table.names:
        if name not in given:
            compare(f"summary {name}", table[name], np.array([row[name] for row in rows]), 1e-6)


def check_ccds(case):
    bricks = case.bricks
    case.survey("ccds", "--out", work / "ccds.fits")
    table = fits.getdata(work / "ccds.fits", 1)
    rows = {}
    for brick in bricks:
        for row in fits.getdata(brick.file("ccds.fits"), 1):
            rows.setdefault((row["camera"].strip(), int(row["expnum"]), row["ccdname"].strip()), []).append((brick.name, row))
    check("CCDs, each once and in order", [(r["camera"], r["expnum"], r["ccdname"]) for r in table] == sorted(rows), len(table))
    wrong = [(r["expnum"], name) for r in table for brick, row in rows[(r["camera"], r["expnum"], r["ccdname"])][:1]
             for name in table.names if name not in ("nbricks", "first_brick")
             and str(r[name]).strip() != (str(row[name]).strip() if name in row.array.names else str(r[name]).strip())]
    check("their values are the bricks'", not wrong, wrong[:5])
    check("numbers of bricks", all(r["nbricks"] == len(rows[(r["camera"], r["expnum"], r["ccdname"])]) for r in table))
    # A file that is not what its brick's list says, and one that is gone.
    other = work / "other"
    shutil.copytree(case.out, other)
    there = lambda brick, what: other / brick.file(what).relative_to(case.out)
    damaged = there(bricks[-1], "depth-r.fits.fz")
    damaged.write_bytes(damaged.read_bytes()[:-2880])
    for what in ("it is not what", f"brick {bricks[-1].name} lacks it"):
        for words in (["randoms", "--no-dust", "--density", "1"], ["maps"]):
            told = case.survey(words[0], "--out", work / "not", *words[1:], out=other, code=3)
            check(f"{words[0]}: {what}", f"depth-r.fits.fz: {what}" in told and not (work / "not").exists(), told)
        damaged.unlink(missing_ok=True)
    there(bricks[-1], "nexp-r.fits.fz").unlink()
    for words in (["randoms", "--no-dust", "--density", "1"], ["maps"], ["summary"], ["hips", "--order", "6"]):
        told = case.survey(words[0], "--out", work / "not", *words[1:], out=other, code=3)
        check(f"{words[0]}: a band whose map is gone", f"nexp-r.fits.fz: brick {bricks[-1].name} lacks it" in told, told)
    shutil.rmtree(work / "not", ignore_errors=True)
    # Two bricks of unlike calibrations.
    for path in other.glob("tractor/*/*.sha256sum"):
        path.unlink()
    with fits.open(bricks[0].file("ccds.fits")) as hdus:
        hdus[1].data["ccdzpt"] += 0.1
        target = there(bricks[1], "ccds.fits")
        target.unlink()
        hdus.writeto(target)
    told = case.survey("ccds", "--out", work / "not.fits", out=other, code=3)
    check("another zero point is told", "ccdzpt is" in told and bricks[0].name in told and not (work / "not.fits").exists(), told)


def check_annotated(case, directory):
    """The table of all columns, of a simulated survey; then with what is missing or not what the bricks were made with."""
    dust_dir = Path(__file__).resolve().parents[3] / "shared/data/dust"
    there = dust_dir.is_dir()
    if not there:
        print(f"skipped: real data absent: {dust_dir}: ebv is not compared")
    out, words = work / "annotated.fits", ["--survey-dir", directory, "--plugin-dir", build / "plugins"]
    told = run("env", *([f"DUST_DIR={dust_dir}"] if there else []), build / "bin/survey", "ccds", case.out, "--bricks", case.table,
               "--out", work / "ccds2.fits", "--annotated", out, *words, *([] if there else ["--no-dust"]))
    with fits.open(out) as hdus:
        columns, table = hdus[1].columns, hdus[1].data.copy()
    check("annotated columns", columns.names == independent.ANNOTATED, set(columns.names) ^ set(independent.ANNOTATED))
    forms = ["A" if column.format.endswith("A") else column.format for column in columns]
    check("their types", forms == independent.ANNOTATED_FORMATS, forms)
    survey_rows = {int(row["expnum"]): row for row in fits.getdata(directory / "survey-ccds-sim.fits.gz", 1)}
    check("every CCD is annotated", len(table) == len(survey_rows) and table["annotated"].all(), len(table))
    dust = independent.Dust(dust_dir) if there else None
    expected = [independent.annotation(directory, survey_rows[int(row["expnum"])], dust) for row in table]
    for name in independent.ANNOTATED[51:]:
        compare(f"annotated {name}", table[name], np.array([row[name] for row in expected]),
                1e-4 if name.endswith("norm_std") else 1e-5)  # of stamps in single precision
    absent = [name for name in independent.ANNOTATED[:50] if name not in survey_rows[int(table["expnum"][0])].array.names]
    for name in independent.ANNOTATED[:50]:
        if name not in absent:
            compare(f"annotated {name}", table[name], np.array([survey_rows[int(row["expnum"])][name] for row in table]), 1e-14)
    check("columns without a value are told", "nobody tells of any CCD: " in told and all(
        name in told.split("nobody tells of any CCD: ")[1] for name in (*absent, "tileid", "humidity")), told)
    check("the list of CCDs is the same beside it", (work / "ccds2.fits").read_bytes() == (work / "ccds.fits").read_bytes())
    # A CCD without its model of the sky, and one whose PSF was made anew.
    other = work / "other-survey"
    shutil.copytree(directory, other, ignore=lambda path, names: {"wise", "gaia"} & set(names))
    models = lambda kind: sorted(other.glob(f"calib/{kind}/**/*.fits"))
    sky = models("sky")[0]
    sky.rename(work / "sky-aside.fits")
    with fits.open(models("psfex")[1], mode="update") as hdus:
        hdus[1].data["legpipev"] = "another version"
    damp = str(table["image_filename"][-1]).strip()
    with fits.open(other / "images" / damp, mode="update", disable_image_compression=True) as hdus:
        hdus[0].header["HUMIDITY"], hdus[0].header["OUTTEMP"] = 43.5, 11.25
    words[1] = other
    told = case.survey("ccds", "--out", work / "not.fits", "--annotated", work / "not-all.fits", "--no-dust", "--keep-parts", *words)
    some = fits.getdata(work / "not-all.fits", 1)
    check("CCDs with other files are not annotated",
          some["annotated"].sum() == len(table) - 2 and np.isnan(some["psfdepth"][~some["annotated"]]).all()
          and (some["ccdzpt"] == table["ccdzpt"]).all(), some["annotated"])
    check("weather is the header's", (some["humidity"][-1], some["outtemp"][-1]) == (43.5, 11.25), some["humidity"])
    check("and told", "2 CCDs are not annotated" in told and "its PSF is not that of the bricks" in told and "sky" in told, told)
    shutil.copy(work / "sky-aside.fits", sky)
    case.survey("ccds", "--out", work / "not.fits", "--annotated", work / "not-all.fits", "--no-dust", "--keep-parts", *words)
    check("what came since is looked at again", fits.getdata(work / "not-all.fits", 1)["annotated"].sum() == len(table) - 1)
    shutil.rmtree(other / "calib")
    told = case.survey("ccds", "--out", work / "not2.fits", "--annotated", work / "none.fits", "--no-dust", *words, code=3)
    check("a survey without calibrations is refused", "could be annotated" in told and not (work / "none.fits").exists(), told)
    check("and the table beside it is not there either", not (work / "not2.fits").exists())


def check_pairs(case):
    """Every pair of sources and places near them, by unit vectors."""
    chance, catalogs = np.random.default_rng(5), [(brick, brick.catalog()) for brick in case.bricks]
    chosen = [c[c["brick_primary"] & (c["type"] != "NUN")] for _, c in catalogs]
    ra, dec, number, brickid, objid = (np.concatenate(columns) for columns in zip(*(
        (c["ra"], c["dec"], c["ls_id_dr11"] if "ls_id_dr11" in c.names else
         (c["release"].astype(int) << 42) + (c["brickid"].astype(int) << 22) + c["objid"], c["brickid"], c["objid"]) for c in chosen)))
    near = np.concatenate([np.arange(len(ra)), chance.integers(0, len(ra), 30)])
    x = ra[near] + chance.normal(0, 3, len(near)) / 3600 / np.cos(np.radians(dec[near]))
    y = dec[near] + chance.normal(0, 3, len(near)) / 3600
    fits.BinTableHDU.from_columns([fits.Column("RA", "D", array=x), fits.Column("DEC", "D", array=y)]).writeto(work / "places.fits")
    survey("match", work / "places.fits", "--catalogs", case.out / "tractor", "--bricks", case.table, "--out", work / "pairs.fits",
           "--radius", 10, "--all")
    vector = lambda a, d: np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)
    chord = np.linalg.norm(vector(*np.radians([x, y]))[:, None] - vector(*np.radians([ra, dec]))[None], axis=2)
    apart = 3600 * np.degrees(2 * np.arcsin(chord / 2))
    row, source = np.nonzero(apart < 10)
    order = np.lexsort((apart[row, source], row))
    row, source = row[order], source[order]
    table = fits.getdata(work / "pairs.fits", 1)
    check("number of pairs", len(table) == len(row) > len(near), (len(table), len(row)))
    for name, expected in (("EXTROW", row), ("LS_ID", number[source]), ("BRICKID", brickid[source]), ("OBJID", objid[source]),
                           ("DIST", apart[row, source])):
        compare(f"pairs {name}", table[name], expected, 1e-6, 1e-6)


def check_hips(case):
    """Tiles of bricks that are no longer there go, and a catalog that is not what its list says is refused."""
    def tree():
        return {path.relative_to(work / "sky"): path.read_bytes() for path in (work / "sky").rglob("*.png")}
    words = ["hips", case.out, "--bricks", case.table, "--out", work / "sky", "--order", 6, "--bands", "g,r,z"]
    survey(*words)
    every = tree()
    survey(*words, "--brick", "1501p022")
    less = tree()
    shutil.rmtree(work / "sky")
    survey(*words, "--brick", "1501p022")
    check("tiles of bricks that are gone are gone", less.keys() == tree().keys() < every.keys(), sorted(less.keys() - tree().keys())[:5])
    survey(*words)
    check("and are there again with them", tree() == every)
    other = work / "damaged"
    shutil.copytree(case.out, other)
    with (other / "tractor/150/tractor-1501p022.fits").open("ab") as file:
        file.write(b"x")
    words[1] = other
    check("a catalog that its list does not know", "it is not what" in survey(*words, code=3))
    check("unless it is believed", "sources" in survey(*words, "--no-verify"))
    listed = []
    for item in survey(*words, "--list-items").split():
        survey(*words, "--no-verify", "--item", item, "--checksums", work / "hips-item.sha256sum")
        listed += [line for line in (work / "hips-item.sha256sum").read_text().splitlines() if not line.startswith("#")]
        if listed:
            break
    check("items of tiles that are believed have no mark", len(listed) > 1 and all(line.endswith(".png") for line in listed), listed)


def check_signals(case, external):
    """SIGTERM, which waits for the program when it begins, ends each command, and nothing is left half-written."""
    def sent_already():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.kill(os.getpid(), signal.SIGTERM)
    directory, catalogs = [case.out, "--bricks", case.table, "--out", work / "ended/x"], ["--catalogs", case.out / "tractor"]
    for words in (["randoms", *directory, "--no-dust"], ["maps", *directory], ["hips", *directory, "--order", 6],
                  ["ccds", *directory], ["summary", *directory], ["sweep", work / "ended", *catalogs],
                  ["match", external, *catalogs, "--out", work / "ended/x"]):
        result = subprocess.run([build / "bin/survey", *map(str, words)], text=True, capture_output=True, preexec_fn=sent_already)
        left = [path for path in (work / "ended").rglob("tmp-*")]
        check(f"{words[0]} is ended by SIGTERM", result.returncode == 75 and "ended by SIGTERM" in result.stderr and not left,
              f"{result.returncode} {result.stderr} {left}")


def check_stilts(box):
    """Another reader of FITS tables, where it is installed."""
    if not shutil.which("stilts"):
        print("skipped: stilts (a Debian package of that name) is not installed: nothing is opened with it")
        return
    for name in ("randoms.fits", "maps/survey-maps.fits", "maps/moc.fits", "summary.fits",
                 f"sweeps/sweep/sweep-{box}.fits"):
        told = subprocess.run(["stilts", "tpipe", f"in={work / name}", "omode=count"], text=True, capture_output=True)
        with fits.open(work / name) as hdus:
            table = hdus[1]
            wanted = f"columns: {len(table.columns)}   rows: {len(table.data)}"
        check(f"stilts opens {name}", told.returncode == 0 and wanted.split() == told.stdout.split(), told.stdout + told.stderr)


def check_maps(case, order):
    bands, nside = case.bands, 2 ** order
    told = case.survey("maps", "--out", work / "maps", "--nside", nside)
    with fits.open(work / "maps/survey-maps.fits") as hdus:
        header, table = hdus[1].header, hdus[1].data
    rows, covered = independent.maps(case.bricks, order, 13, bands)
    check("map columns", set(table.names) == set(rows), set(table.names) ^ set(rows))
    check("map cells", len(table) == len(rows["PIXEL"]) > 1, f"{len(table)} is not {len(rows['PIXEL'])}")
    for name in table.names:
        compare(f"map {name}", table[name], rows[name], 2e-6, 1e-12 if "FRAC" in name else 0)
    for key, value in (("PIXTYPE", "HEALPIX"), ("ORDERING", "NESTED"), ("NSIDE", nside), ("INDXSCHM", "EXPLICIT"),
                       ("OBJECT", "PARTIAL"), ("COORDSYS", "C")):
        check(f"map {key}", header.get(key) == value, header.get(key))
    for count in case.counted:
        check(f"maps tell: {count}", count in told or "WISE" in count, told)
    for band in ("", *bands):
        name = f"moc-{band}.fits" if band else "moc.fits"
        found, header, canonical = independent.moc_cells(work / "maps" / name, 13)
        check(f"{name} covers what has exposures", found == covered[band] and found, f"{len(found)}, {len(covered[band])} cells")
        check(f"{name} is canonical", canonical)
        for key, value in (("MOCVERS", "2.0"), ("MOCDIM", "SPACE"), ("ORDERING", "NUNIQ"), ("COORDSYS", "C"),
                           ("MOCORD_S", 13), ("TFORM1", "1J")):
            check(f"{name} {key}", header.get(key) == value, header.get(key))
    for group in {brick.name[:3] for brick in case.bricks}:
        case.survey("maps", "--out", work / "again", "--nside", nside, "--bands", ",".join(bands), "--group", group)
    case.survey("maps", "--out", work / "again", "--nside", nside)
    same = all((work / "maps" / name.name).read_bytes() == name.read_bytes() for name in (work / "again").iterdir())
    check("maps are the same bytes from parts", same)


def check_published_maps(case):
    """Cells of single bricks that others have counted."""
    one = lambda brick, nside, *words: (case.survey("maps", "--out", work / "one", "--brick", brick, "--nside", nside, *words),
                                        fits.getdata(work / "one/survey-maps.fits", 1))[1]
    row = one("1501p022", 256, "--moc-order", 14)[0]
    uniq = fits.getdata(work / "one/moc-g.fits", 1)["UNIQ"]
    check("coverage of 1501p022 at order 14", (len(uniq), int(uniq.sum())) == (31, 71503526704), (len(uniq), int(uniq.sum())))
    found = [row["PIXEL"], round(float(row["FRAC_G"]), 9), round(float(row["NEXP_G"]), 6), round(float(row["PSFDEPTH_G"]), 3)]
    check("numbers of 1501p022 at nside 256", found == [436132, 0.009087536, 1.911567, 856.076], found)
    pixels = lambda table, band, nside: {
        int(row["PIXEL"]): round(float(row["FRAC_" + band]) * 41252.96124941927 / (12 * nside ** 2) / (0.262 / 3600) ** 2)
        for row in table if row["FRAC_" + band] > 0}
    deep = one("1501p022", 4096)
    check("pixels of 1501p022 at nside 4096", pixels(deep, "G", 4096) ==
          {111649898: 17117, 111649899: 9630, 111649941: 560, 111649984: 28717, 111649985: 29622, 111649986: 1552,
           111649987: 2728, 111649988: 74}, pixels(deep, "G", 4096))
    other = one("1102p240", 256)
    check("pixels of 1102p240 at nside 256", pixels(other, "G", 256) == {98869: 8189}, pixels(other, "G", 256))
    found = [round(float(other[0][name]), digits) for name, digits in (("FRAC_G", 9), ("NEXP_G", 6), ("PSFDEPTH_G", 3))]
    check("its numbers", found == [0.000826865, 1.967273, 1139.775], found)
    north = one("1773p595", 256)
    check("pixels of 1773p595 at nside 256", pixels(north, "R", 256) == {96239: 37210}, pixels(north, "R", 256))


def same_files(one, other):
    """Whether two directories hold the same files, but parts."""
    files = lambda root: {path.relative_to(root): path.read_bytes() for path in root.rglob("*")
                          if path.is_file() and not any(".parts" in name for name in path.relative_to(root).parts[:-1])}
    a, b = files(one), files(other)
    check(f"{one.name}: the plan's files are those of the commands", a == b and len(a) > 10,
          [str(name) for name in a.keys() | b.keys() if a.get(name) != b.get(name)][:5])


def check_plan_of_tables(case):
    """The same by a plan: parts first, in any order and on any machine; what is damaged is found out and made again."""
    out, table = case.out, case.table
    lines = lambda root: [f"sweep {root}/sweeps --catalogs {out}/tractor --bricks {table}",
                          f"summary {out} --bricks {table} --out {root}/summary.fits --depth-out {root}/depth.fits",
                          f"randoms {out} --bricks {table} --out {root}/randoms.fits --density 200000 --no-dust",
                          f"randoms {out} --bricks {table} --out {root}/randoms2.fits --seed 2 --density 200000 --no-dust",
                          f"maps {out} --bricks {table} --out {root}/maps",
                          f"ccds {out} --bricks {table} --out {root}/ccds.fits --annotated {root}/annotated.fits --no-dust "
                          f"--survey-dir {work}/survey --plugin-dir {build}/plugins",
                          f"hips {out} --bricks {table} --out {root}/sky --order 9"]
    for root in ("by-hand", "by-plan"):
        (work / root).mkdir()
    for line in lines(work / "by-hand"):
        survey(*line.split())
    (work / "tables.txt").write_text("# what comes of all bricks\n" + "\n".join(lines(work / "by-plan")) + "\n")
    plan = work / "plan-of-tables"
    survey("plan", plan, "--tables", work / "tables.txt")
    items = lambda: {str(row["brickname"]).strip(): row for row in fits.getdata(plan / "manifest.fits", 1)}
    states = lambda: {name: str(row["state"]).strip() for name, row in items().items()}
    parts = {name for name, row in items().items() if row["phase"] == 0}
    check("items are parts and what puts them together",
          {"sweep-150p000-155p005", "summary-149", "summary-150", "randoms-149", "randoms.2-150", "maps-150", "ccds-149"} < parts
          and set(states()) - parts == {"sweep", "summary", "randoms", "randoms.2", "maps", "ccds", "hips"}, sorted(states()))
    # A round of tasks has the parts alone; the rest is for whoever comes then.
    number, tasks = survey("hand-out", plan, "--task-minutes", 60).split()[:2]
    for index in reversed(range(int(tasks))):
        survey("task", plan, "--round", number, "--index", index)
    survey("advance", plan, "--after", number, code=7)
    check("parts come before what is put together",
          {name for name, state in states().items() if state in ("done", "nothing")} == parts, states())
    survey("run", plan, "--local", "--jobs", 2)
    check("the plan is finished", set(states().values()) <= {"done", "nothing"} and states()["hips"] == "done", states())
    same_files(work / "by-plan", work / "by-hand")
    check("verify finds nothing wrong", " 0 not what they should be" in survey("verify", plan))
    for victim, item in ((next((work / "by-plan/sweeps/sweep").iterdir()), "sweep-"), (work / "by-plan/randoms.fits", "randoms"),
                         (next((work / "by-plan/sky/image").rglob("Norder9/Dir*/*.png")), "hips-")):
        content = victim.read_bytes()
        victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        told = survey("verify", plan, code=6)
        check(f"one bit of {victim.name} is found", item in told and victim.name in told, told)
    survey("verify", plan, "--mend", code=6)
    survey("run", plan, "--local", "--jobs", 2)
    survey("verify", plan)
    same_files(work / "by-plan", work / "by-hand")
    check("its story names the command", f"--group 149 --again --checksums {plan}" in survey("why", plan, "maps-149"))
    check_end_of_plan(plan, work / "by-plan", work / "by-hand")
    check_killed_plan(lines(work / "by-kill"), work / "by-hand")


def check_end_of_plan(plan, made, by_hand):
    """Looked at, cleaned and sealed."""
    page = work / "tables.html"
    survey("status", plan, "--page", page)
    data = json.loads(page.read_text().split('id="data">')[1].split("</script>")[0])
    shown = {product["name"]: [data["names"][str(i)][0] for i in product["items"]] for product in data["products"]}
    check("the page shows each product with its parts",
          shown["maps"] == ["maps-149", "maps-150", "maps"] and set(shown) >= {"sweep", "randoms.2", "ccds", "hips"}, shown)
    parts = list(made.glob("*.parts/*"))
    survey("clean", plan)
    check("clean removes parts that are put together", len(parts) > 5 and not list(made.glob("*.parts")), parts)
    same_files(made, by_hand)
    check("verify knows of it", " 0 not what they should be" in survey("verify", plan))
    other = made / "not-mine.txt"
    other.write_text("what stands beside the products")
    survey("seal", plan)
    sums = {str(row["path"]).strip(): str(row["sha256"]) for row in fits.getdata(plan / "survey-checksums.fits", 1)}
    check("every product is in the table of checksums", sums == {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in made.rglob("*") if path.is_file() and path != other},
        len(sums))
    writable = [str(path.relative_to(made)) for path in (made, *made.rglob("*")) if path.stat().st_mode & 0o222]
    check("they, and what holds them alone, may not be written any more", sorted(writable) == [".", "not-mine.txt"], writable)
    run("chmod", "-R", "u+w", made)


def check_killed_plan(lines, by_hand):
    """SIGKILL of a run of a plan, which then goes on to the same bytes."""
    made, plan = work / "by-kill", work / "plan-that-is-killed"
    made.mkdir()
    (work / "some.txt").write_text("\n".join(line for line in lines if line.split()[0] in ("summary", "randoms", "maps", "ccds")))
    # Where the survey is, a variable says when the plan is made, and to nobody later.
    words = f" --survey-dir {work}/survey"
    (work / "some.txt").write_text((work / "some.txt").read_text().replace(words, ""))
    run("env", f"LEGACY_SURVEY_DIR={work}/survey", build / "bin/survey", "plan", plan, "--tables", work / "some.txt")
    check("its line says what a variable said", words in survey("why", plan, "ccds"))
    killed = 0
    for events in range(2, 40, 6):  # once so much has begun or ended
        process = subprocess.Popen([build / "bin/survey", "run", plan, "--local", "--jobs", "2"], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and sum(f.read_text().count("\t.\n") for f in plan.rglob("*.journal")) < events:
            time.sleep(0.005)
        killed += process.poll() is None
        process.kill()
        process.wait()
    survey("run", plan, "--local", "--jobs", 2)
    survey("verify", plan)
    survey("clean", plan)
    files = {path.relative_to(made): path for path in made.rglob("*") if path.is_file() and ".parts" not in str(path)}
    wrong = [str(name) for name, path in files.items() if path.read_bytes() != (by_hand / name).read_bytes()]
    check(f"killed {killed} times, it comes to the same bytes", killed > 2 and not wrong and len(files) > 6, (killed, wrong, sorted(files)))
    left = [str(path) for path in (*made.rglob("tmp-*"), *made.glob("*.parts"))]
    check("cleaned, nothing is left behind", not left, left)


def golden_case(data):
    golden = data / "golden"
    if not (golden / "survey-products").is_dir():
        print(f"skipped: real data absent: {golden}")
        sys.exit(SKIPPED)
    lay_out(golden, work / "out", ["testcase6", "sim300", "mzlsbass2", "testcase3", "testcase4"])
    return Case(work / "out", golden / "survey-products/brick-summary/survey-bricks.fits.gz", ["g", "r", "z"], 100000,
                ["1 bricks without band g", "4 bricks without WISE W1"], data / "dust")


def simulated_case():
    """Each brick's corner of a hundred pixels' side, all on the same CCDs; one brick has one band alone and no WISE."""
    directory, out = work / "survey", work / "out"
    run(build / "bin/simulate-survey", directory, "--seed", 4, "--size", 150, "--radec", 150.0, 2.375, "--bands", "gr",
        "--nexp", 2, "--density", 150, "--bright", 12, "--wise", 1, "--wise-epochs", 2, "--quiet")
    (work / "bricks.txt").write_text("1498p022 --zoom 32 132 3467 3567\n"
                                     "1501p022 --zoom 3467 3567 3467 3567\n"
                                     "1498p025 --zoom 32 132 32 132\n"
                                     "1501p025 --zoom 3467 3567 32 132 --bands r --no-wise\n")
    survey("plan", work / "plan", "--bricks", work / "bricks.txt", "--", "--survey-dir", directory, "--outdir", out,
           "--plugin-dir", build / "plugins", "--bands", "g,r", "--no-page", "--gaia-dir", directory / "gaia", "--no-tycho", "--no-large-galaxies",
           "--no-star-clusters", "--unwise-dir", directory / "wise/unwise", "--unwise-psf-dir", directory / "wise/psf",
           "--unwise-tr-dir", directory / "wise/unwise-tr", "--wise-epochs", 3)
    survey("run", work / "plan", "--local", "--jobs", 2)
    return Case(out, directory / "survey-bricks.fits.gz", ["g", "r"], 1500000,
                ["1 bricks without band g", "1 bricks without WISE W1"], light_curves=True)


def main():
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    data = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
    case = golden_case(data) if data else simulated_case()
    check_randoms(case)
    check_maps(case, 10 if data else 12)
    if data:
        check_published_maps(case)
    boxes = check_sweeps(case)
    check_summary(case)
    check_ccds(case)
    check_pairs(case)
    if not data:
        check_annotated(case, work / "survey")
        check_plan_of_tables(case)
    else:
        check_hips(case)
        check_signals(case, data / "golden/survey-products/match/external.fits")
    check_stilts(boxes[0])
    print(f"{failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
