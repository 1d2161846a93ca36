#!/usr/bin/python3
"""Makes the tables and maps of golden bricks with `survey` and compares every column with independent.py's.

usage: tables_agree.py BUILD WORK DATA
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
try:
    import numpy as np
    import astropy_healpix  # noqa: F401
    from astropy.io import fits
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-astropy, python3-astropy-healpix)")
    sys.exit(SKIPPED)
import independent

build, work, data = (Path(word).resolve() for word in sys.argv[1:4])
golden = data / "golden"
if not (golden / "survey-products").is_dir():
    print(f"skipped: real data absent: {golden}")
    sys.exit(SKIPPED)
TABLE = golden / "survey-products/brick-summary/survey-bricks.fits.gz"
failed = 0


def check(what, holds, otherwise=""):
    global failed
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {otherwise}"), flush=True)
    failed += not holds


def survey(*words, code=0):
    result = subprocess.run([build / "bin/survey", *map(str, words)], text=True, capture_output=True)
    if result.returncode != code:
        sys.exit(f"survey {' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def lay_out(out, cases):
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


def check_randoms(out, bricks):
    bands, density = ["g", "r", "z"], 100000  # the golden bricks are small parts of bricks
    told = survey("randoms", out, "--bricks", TABLE, "--out", work / "randoms.fits", "--density", density, "--seed", 1,
                  "--dust-dir", data / "dust", "--photsys", "N")
    table = fits.getdata(work / "randoms.fits", 1)
    dust = independent.Dust(data / "dust")
    by_brick = [independent.randoms(b, 1, density, bands, 0.75, dust) for b in bricks]
    rows = {name: np.concatenate([np.asarray(b[name]) for b in by_brick]) for name in by_brick[0]}
    order = np.lexsort((rows["OBJID"], rows["BRICKID"], np.array(rows["KEY"], dtype=np.uint64)))
    check("number of points", len(table) == len(order) > 50, f"{len(table)} is not {len(order)}")
    for name in ("APFLUX_IVAR_G", "PSFDEPTH_W1", "MASKBITS", "NOBS_Z"):
        check(f"{name} is not zero everywhere", table[name].any() and len(np.unique(table[name])) > 1)
    check("columns", set(table.names) == set(rows) - {"KEY"}, set(table.names) ^ (set(rows) - {"KEY"}))
    for name in table.names:
        # Apertures by quadrature; positions are as exact as doubles are.
        tolerance = 1e-14 if name in ("RA", "DEC") else 2e-5 if "APFLUX" in name else 1e-6 if name != "EBV" else 1e-4
        floor = 0
        if name.startswith("APFLUX_") and "IVAR" not in name:  # noise about zero
            floor = 1e-4 / np.sqrt(np.maximum(rows[name.replace("FLUX_", "FLUX_IVAR_")][order], 1e-10))
        compare(f"randoms {name}", table[name], rows[name][order], tolerance, floor)
    check("bands that bricks lack are counted", "1 bricks without band g" in told, told)
    check("bricks without WISE are counted", "4 bricks without WISE W1" in told, told)
    header = fits.getheader(work / "randoms.fits", 0)
    check("the bits of MASKBITS are explained", header["MB_BRIGHT"] == 2 and header["MBIT_1"] == "BRIGHT")
    check("density and seed are told", header["DENSITY"] == density and header["SEED"] == 1)
    # Whatever the order, and with parts that are there already.
    for brick in bricks[::-1]:
        survey("randoms", out, "--bricks", TABLE, "--out", work / "again.fits", "--density", density, "--seed", 1,
               "--dust-dir", data / "dust", "--photsys", "N", "--bands", "g,r,z", "--group", brick.name[:3])
    parts = {path.name: path.stat().st_mtime_ns for path in (work / "again.fits.parts").iterdir()}
    survey("randoms", out, "--bricks", TABLE, "--out", work / "again.fits", "--density", density, "--seed", 1,
           "--dust-dir", data / "dust", "--photsys", "N", "--keep-parts")
    again = {path.name: path.stat().st_mtime_ns for path in (work / "again.fits.parts").iterdir()}
    check("the same bytes from parts", (work / "randoms.fits").read_bytes() == (work / "again.fits").read_bytes())
    check("parts are made once", parts == again and len(parts) == len(bricks))
    survey("randoms", out, "--bricks", TABLE, "--out", work / "thin.fits", "--density", density / 4, "--seed", 1,
           "--no-dust", "--bands", "z")
    thin = fits.getdata(work / "thin.fits", 1)
    check("a lower density is a part of a higher one",
          set(zip(thin["BRICKID"], thin["OBJID"])) ==
          set(zip(table["BRICKID"][table["LEVEL"] <= density / 4], table["OBJID"][table["LEVEL"] <= density / 4])))


def check_sweeps(out, bricks):
    survey("sweep", work / "sweeps", "--catalogs", out / "tractor", "--bricks", TABLE)
    box = "150p000-155p005"
    expected = independent.sweep(bricks, (150, 155, 0, 5))
    found, forms = {}, []
    for directory, ending in (("", ""), ("-lightcurves", "-lc"), ("-extra", "-ex")):
        table = fits.getdata(work / "sweeps" / f"sweep{directory}" / f"sweep-{box}{ending}.fits", 1)
        forms.append(len(table))
        found |= {name: table[name] for name in table.names}
    check("the three files of a sweep have the same rows", len(set(forms)) == 1 and forms[0] == len(expected["OBJID"]), forms)
    check("every column of the catalog is in a sweep", set(found) == set(expected), set(found) ^ set(expected))
    same = lambda a, b: a.dtype.kind in "SU" or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    wrong = [name for name in found if not same(found[name], expected[name])
             or found[name].dtype.kind in "SU" and (np.char.strip(found[name]) != np.char.strip(expected[name])).any()]
    check("every value of a sweep is the catalog's", not wrong, wrong)
    files = {path: path.stat().st_mtime_ns for path in (work / "sweeps").rglob("*.fits")}
    boxes = survey("sweep", work / "sweeps", "--catalogs", out / "tractor", "--bricks", TABLE, "--list-boxes").split()
    survey("sweep", work / "sweeps", "--catalogs", out / "tractor", "--bricks", TABLE)
    check("boxes that are there are not made again", files == {path: path.stat().st_mtime_ns for path in files} and box in boxes)
    survey("sweep", work / "sweeps", "--catalogs", out / "tractor", "--bricks", TABLE, "--layout", "dr11")
    check("but with other options they are", all(path.stat().st_mtime_ns > files[path] for path in files))


def check_summary(out, bricks):
    bands = ["g", "r", "z"]
    survey("summary", out, "--bricks", TABLE, "--out", work / "summary.fits", "--bands", ",".join(bands))
    for group in survey("summary", out, "--bricks", TABLE, "--out", work / "again.fits", "--list-groups").split():
        survey("summary", out, "--bricks", TABLE, "--out", work / "again.fits", "--bands", ",".join(bands), "--group", group)
    survey("summary", out, "--bricks", TABLE, "--out", work / "again.fits", "--bands", ",".join(bands))
    check("the summary is the same bytes from parts", (work / "summary.fits").read_bytes() == (work / "again.fits").read_bytes())
    table = fits.getdata(work / "summary.fits", 1)
    rows = [independent.summary(brick, bands) for brick in bricks]
    given = {"ra", "dec"}  # of the table of bricks
    check("summary columns", set(table.names) - given == set(rows[0]), (set(table.names) - given) ^ set(rows[0]))
    for name in table.names:
        if name not in given:
            compare(f"summary {name}", table[name], np.array([row[name] for row in rows]), 1e-6)


def check_ccds(out, bricks):
    survey("ccds", out, "--bricks", TABLE, "--out", work / "ccds.fits")
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
    shutil.copytree(out, other)
    damaged = other / "coadd/244/2447p120/legacysurvey-2447p120-depth-r.fits.fz"
    damaged.write_bytes(damaged.read_bytes()[:-2880])
    for what in ("it is not what", "brick 2447p120 lacks it"):
        for words in (["randoms", "--no-dust", "--density", "1"], ["maps"]):
            told = survey(words[0], other, "--bricks", TABLE, "--out", work / "not", *words[1:], code=3)
            check(f"{words[0]}: {what}", f"depth-r.fits.fz: {what}" in told and not (work / "not").exists(), told)
        damaged.unlink(missing_ok=True)
    nexp = other / "coadd/244/2447p120/legacysurvey-2447p120-nexp-r.fits.fz"
    nexp.unlink()
    for words in (["randoms", "--no-dust", "--density", "1"], ["maps"], ["summary"], ["hips", "--order", "6"]):
        told = survey(words[0], other, "--bricks", TABLE, "--out", work / "not", *words[1:], code=3)
        check(f"{words[0]}: a band whose map is gone", "nexp-r.fits.fz: brick 2447p120 lacks it" in told, told)
    shutil.rmtree(work / "not", ignore_errors=True)
    # Two bricks of unlike calibrations.
    for path in other.glob("tractor/*/*.sha256sum"):
        path.unlink()
    source = bricks[0].file("ccds.fits")
    with fits.open(source) as hdus:
        hdus[1].data["ccdzpt"] += 0.1
        target = other / "coadd/177/1773p595/legacysurvey-1773p595-ccds.fits"
        target.unlink()
        hdus.writeto(target)
    told = survey("ccds", other, "--bricks", TABLE, "--out", work / "not.fits", code=3)
    check("another zero point is told", "ccdzpt is" in told and bricks[0].name in told and not (work / "not.fits").exists(), told)


def check_hips(out):
    """Tiles of bricks that are no longer there go, and a catalog that is not what its list says is refused."""
    def tree():
        return {path.relative_to(work / "sky"): path.read_bytes() for path in (work / "sky").rglob("*.png")}
    words = ["hips", out, "--bricks", TABLE, "--out", work / "sky", "--order", 6, "--bands", "g,r,z"]
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
    shutil.copytree(out, other)
    with (other / "tractor/150/tractor-1501p022.fits").open("ab") as file:
        file.write(b"x")
    words[1] = other
    check("a catalog that its list does not know", "it is not what" in survey(*words, code=3))
    check("unless it is believed", "sources" in survey(*words, "--no-verify"))


def check_signals(out):
    """SIGTERM, which waits for the program when it begins, ends each command before it has written anything."""
    def sent_already():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.kill(os.getpid(), signal.SIGTERM)
    directory, catalogs = [out, "--bricks", TABLE, "--out", work / "ended/x"], ["--catalogs", out / "tractor"]
    for words in (["randoms", *directory, "--no-dust"], ["maps", *directory], ["hips", *directory, "--order", 6],
                  ["ccds", *directory], ["summary", *directory], ["sweep", work / "ended", *catalogs],
                  ["match", golden / "survey-products/match/external.fits", *catalogs, "--out", work / "ended/x"]):
        result = subprocess.run([build / "bin/survey", *map(str, words)], text=True, capture_output=True, preexec_fn=sent_already)
        left = [path for path in (work / "ended").rglob("*") if path.is_file()]
        check(f"{words[0]} is ended by SIGTERM", result.returncode == 75 and "ended by SIGTERM" in result.stderr and not left,
              f"{result.returncode} {result.stderr} {left}")


def check_stilts():
    """Another reader of FITS tables, where it is installed."""
    if not shutil.which("stilts"):
        print("skipped: stilts (a Debian package of that name) is not installed: nothing is opened with it")
        return
    for name in ("randoms.fits", "maps/survey-maps.fits", "maps/moc.fits", "summary.fits",
                 "sweeps/sweep/sweep-150p000-155p005.fits"):
        told = subprocess.run(["stilts", "tpipe", f"in={work / name}", "omode=count"], text=True, capture_output=True)
        with fits.open(work / name) as hdus:
            table = hdus[1]
            wanted = f"columns: {len(table.columns)}   rows: {len(table.data)}"
        check(f"stilts opens {name}", told.returncode == 0 and wanted.split() == told.stdout.split(), told.stdout + told.stderr)


def check_maps(out, bricks):
    bands, nside, order = ["g", "r", "z"], 1024, 10
    told = survey("maps", out, "--bricks", TABLE, "--out", work / "maps", "--nside", nside)
    with fits.open(work / "maps/survey-maps.fits") as hdus:
        header, table = hdus[1].header, hdus[1].data
    rows, covered = independent.maps(bricks, order, 13, bands)
    check("map columns", set(table.names) == set(rows), set(table.names) ^ set(rows))
    check("map cells", len(table) == len(rows["PIXEL"]) > 5, f"{len(table)} is not {len(rows['PIXEL'])}")
    for name in table.names:
        compare(f"map {name}", table[name], rows[name], 2e-6, 1e-12 if "FRAC" in name else 0)
    for key, value in (("PIXTYPE", "HEALPIX"), ("ORDERING", "NESTED"), ("NSIDE", nside), ("INDXSCHM", "EXPLICIT"),
                       ("OBJECT", "PARTIAL"), ("COORDSYS", "C")):
        check(f"map {key}", header.get(key) == value, header.get(key))
    check("bands that bricks lack are counted", "1 bricks without band g" in told, told)
    for band in ("", *bands):
        name = f"moc-{band}.fits" if band else "moc.fits"
        found, header, canonical = independent.moc_cells(work / "maps" / name, 13)
        check(f"{name} covers what has exposures", found == covered[band], f"{len(found)}, {len(covered[band])} cells")
        check(f"{name} is canonical", canonical)
        for key, value in (("MOCVERS", "2.0"), ("MOCDIM", "SPACE"), ("ORDERING", "NUNIQ"), ("COORDSYS", "C"),
                           ("MOCORD_S", 13), ("TFORM1", "1J")):
            check(f"{name} {key}", header.get(key) == value, header.get(key))
    for brick in bricks:
        survey("maps", out, "--bricks", TABLE, "--out", work / "again", "--nside", nside, "--bands", "g,r,z", "--group",
               brick.name[:3])
    survey("maps", out, "--bricks", TABLE, "--out", work / "again", "--nside", nside)
    same = all((work / "maps" / name.name).read_bytes() == name.read_bytes() for name in (work / "again").iterdir())
    check("maps are the same bytes from parts", same)
    # Published ones of single bricks.
    survey("maps", out, "--bricks", TABLE, "--out", work / "one", "--brick", "1501p022", "--moc-order", 14)
    uniq = fits.getdata(work / "one/moc-g.fits", 1)["UNIQ"]
    check("coverage of 1501p022 at order 14", (len(uniq), int(uniq.sum())) == (31, 71503526704), (len(uniq), int(uniq.sum())))
    row = fits.getdata(work / "one/survey-maps.fits", 1)[0]
    found = [row["PIXEL"], round(float(row["FRAC_G"]), 9), round(float(row["NEXP_G"]), 6), round(float(row["PSFDEPTH_G"]), 3)]
    check("numbers of 1501p022 at nside 256", found == [436132, 0.009087536, 1.911567, 856.076], found)


def main():
    shutil.rmtree(work, ignore_errors=True)
    out = work / "out"
    lay_out(out, ["testcase6", "sim300", "mzlsbass2", "testcase3", "testcase4"])
    bricks = independent.bricks(out, TABLE)
    check_randoms(out, bricks)
    check_maps(out, bricks)
    check_sweeps(out, bricks)
    check_summary(out, bricks)
    check_ccds(out, bricks)
    check_hips(out)
    check_signals(out)
    check_stilts()
    print(f"{failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
