#!/usr/bin/python3
"""Makes a HiPS of golden bricks and checks it: tiles against colours and places worked out here, its files against the
standard, and the page in chromium as a reader uses it: to a galaxy, its numbers, zoom, residuals.

usage: browse_hips.py BUILD WORK DATA [--shot FILE.png]
"""
import argparse
import functools
import hashlib
import http.server
import os
import socket
import subprocess
import shutil
import sys
import threading
import time
from pathlib import Path

SKIPPED = 77
try:
    import numpy as np
    from astropy.io import votable
    from astropy_healpix import HEALPix
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-astropy, python3-astropy-healpix)")
    sys.exit(SKIPPED)
import independent

parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("work", type=Path)
parser.add_argument("data", type=Path)
parser.add_argument("--shot")
args = parser.parse_args()
golden = args.data / "golden"
if not (golden / "survey-products").is_dir():
    print(f"skipped: real data absent: {golden}")
    sys.exit(SKIPPED)
TABLE = golden / "survey-products/brick-summary/survey-bricks.fits.gz"
BRICK = "1501p022"
failed = 0


def check(what, holds, otherwise=""):
    global failed
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {otherwise}"), flush=True)
    failed += not holds


def survey(*words):
    result = subprocess.run([args.build / "bin/survey", *map(str, words)], text=True, capture_output=True)
    if result.returncode:
        sys.exit(f"survey {' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def png(path):
    """Rows from the top, RGBA. Of 8 bits, without interlacing: all that is written here."""
    import struct
    import zlib
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width * 4 + 1)
    out = np.zeros((height, width * 4), np.uint8)
    for y in range(height):
        kind, line = raw[y, 0], raw[y, 1:].astype(int)
        above = out[y - 1].astype(int) if y else np.zeros(width * 4, int)
        if kind == 0:
            out[y] = line
        elif kind == 2:
            out[y] = line + above & 255
        elif kind == 1:
            out[y] = (np.cumsum(line.reshape(-1, 4), axis=0) & 255).reshape(-1)
        else:
            row = np.zeros(width * 4, int)
            for i in range(width * 4):
                left, up, corner = (row[i - 4] if i >= 4 else 0), above[i], (above[i - 4] if i >= 4 else 0)
                if kind == 3:
                    guess = (left + up) // 2
                else:
                    a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                    guess = left if a <= b and a <= c else up if b <= c else corner
                row[i] = line[i] + guess & 255
            out[y] = row
    return out.reshape(height, width, 4)


def expected_pixels(brick, order, tile, columns, rows):
    """RGB of pixels of a tile: bilinear in the coadds, g blue, r green, z red, asinh stretch (Lupton et al. 2004)."""
    ix, iy = rows, columns
    pixel = tile << 18
    for bit in range(9):
        pixel = pixel + ((ix >> bit & 1) << 2 * bit) + ((iy >> bit & 1) << 2 * bit + 1)
    ra, dec = HEALPix(nside=2 ** (order + 9), order="nested").healpix_to_lonlat(pixel)
    x, y = brick.wcs("image", "g").all_world2pix(ra.deg, dec.deg, 0)
    images = {band: brick.map("image", band) for band in "grz"}
    height, width = images["g"].shape
    inside = (x >= -0.5) & (y >= -0.5) & (x < width - 0.5) & (y < height - 0.5)
    cx, cy = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = cx.astype(int), cy.astype(int)
    x1, y1, fx, fy = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1), cx - x0, cy - y0
    value = {b: (1 - fy) * ((1 - fx) * v[y0, x0] + fx * v[y0, x1]) + fy * ((1 - fx) * v[y1, x0] + fx * v[y1, x1])
             for b, v in images.items()}
    m, q = 0.03, 20.0
    planes = [np.maximum(0, value[b] * s + m) for b, s in (("z", 2.2), ("r", 3.4), ("g", 6.0))]
    total = np.maximum(1e-6, sum(planes) / 3)
    stretched = np.arcsinh(q * total) / np.sqrt(q)
    rgb = np.stack([np.clip(p * stretched / total, 0, 1) for p in planes], -1)
    return np.where(inside[..., None], np.trunc(255 * rgb), 0), inside


def check_tree(sky, brick):
    image = sky / "image"
    deepest = sorted(path.name for path in image.glob("Norder11/Dir*/*.png"))
    check("the tiles of the brick", deepest == [f"Npix{n}.png" for n in (27912474, 27912485, 27912496, 27912497)], deepest)
    numbers = [len(list(image.glob(f"Norder{order}/Dir*/*.png"))) for order in range(12)]
    check("tiles of all orders", numbers == [1] * 9 + [3, 3, 4], numbers)
    tile = png(image / "Norder11/Dir27910000/Npix27912496.png")
    columns, rows = np.meshgrid(np.arange(0, 512, 3), np.arange(0, 512, 3))
    rgb, inside = expected_pixels(brick, 11, 27912496, columns, rows)
    found = tile[rows, columns]
    check("what is transparent", ((found[..., 3] > 0) == inside).mean() > 0.9999, ((found[..., 3] > 0) != inside).sum())
    off = np.abs(found[..., :3].astype(int) - rgb)[inside]
    check("colours of a tile", off.max() <= 1, f"up to {off.max()} apart, {np.mean(off > 1):.4f} by more than 1")
    # A parent's quadrants are its children's means.
    parent, child = png(image / "Norder10/Dir6970000/Npix6978124.png"), tile.astype(float)  # child 0: top left
    every = child[..., 3].reshape(256, 2, 256, 2).min(axis=(1, 3)) > 0
    mean = child[..., :3].reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    check("a parent's quadrant", np.abs(parent[:256, :256, :3][every] - mean[every]).max() <= 0.5)
    allsky = png(image / "Norder3/Allsky.png")
    check("Allsky", allsky.shape == (1856, 1728, 4) and allsky[15 * 64:16 * 64, 20 * 64:21 * 64, 3].any()
          and allsky[..., 3].sum() == allsky[15 * 64:16 * 64, 20 * 64:21 * 64, 3].sum())
    covered, header, canonical = independent.moc_cells(image / "Moc.fits", 15)
    area = len(covered) * 4 * np.pi * np.degrees(1) ** 2 / (12 * 4 ** 15)
    check("Moc.fits", canonical and 1 < area / (300 * 0.262 / 3600) ** 2 < 1.3, area)
    for kind in ("image", "resid", "catalog"):
        told = dict(line.split(" = ", 1) if " = " in line else line.split("=", 1)
                    for line in (sky / kind / "properties").read_text().splitlines())
        told = {key.strip(): value.strip() for key, value in told.items()}
        needed = {"creator_did", "obs_title", "dataproduct_type", "hips_version", "hips_release_date", "hips_status",
                  "hips_frame", "hips_order", "hips_tile_format"}
        check(f"{kind}/properties", needed <= told.keys() and told["hips_frame"] == "equatorial", needed - told.keys())


def check_catalog(sky, brick):
    catalog = brick.catalog()
    primary = catalog[catalog["brick_primary"] & (catalog["type"] != "NUN")]
    fields = [f.name for f in votable.parse(sky / "catalog/Metadata.xml").get_first_table().fields]
    seen, order_of = [], {}
    for path in sorted((sky / "catalog").rglob("*.tsv")):
        lines = path.read_text().split("\n")
        order = int(path.relative_to(sky / "catalog").parts[0][6:])
        check(f"{path.relative_to(sky)} says what it is", lines[0].startswith("# Completeness = ") and lines[1].split("\t") == fields)
        for line in lines[2:-1]:
            row = dict(zip(fields, line.split("\t")))
            seen.append(int(row["objid"]))
            order_of[int(row["objid"])] = order
            source = primary[primary["objid"] == int(row["objid"])][0]
            if abs(float(row["ra"]) - source["ra"]) > 1e-8 or not np.isclose(float(row["flux_r"]), source["flux_r"], rtol=1e-5):
                check("a source's numbers", False, line)
            if path.name != "Allsky.tsv":
                cell = independent.cells(order, np.array([source["ra"]]), np.array([source["dec"]]))[0]
                if path.name != f"Npix{cell}.tsv":
                    check("a source's tile", False, f"{line} in {path}")
    check("every source once", sorted(seen) == sorted(primary["objid"].tolist()), f"{len(seen)} of {len(primary)}")
    flux = {int(r["objid"]): float(sum(r["flux_" + b] for b in "grz")) for r in primary}
    by_order = [[flux[i] for i in order_of if order_of[i] == order] for order in sorted(set(order_of.values()))]
    check("the brightest come first", len(by_order) > 2 and all(min(a) >= max(b) for a, b in zip(by_order, by_order[1:])), len(by_order))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *words):
        """A browser that is closed hangs up."""


def browse(sky, brick):
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.ui import Select
        socket.getaddrinfo("localhost", 0)
    except (ImportError, OSError) as missing:
        print(f"skipped: the page is not looked at: {missing}")
        return
    for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"):
        if not os.path.exists(program):
            print(f"skipped: the page is not looked at: there is no {program}")
            return
    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=sky))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,800",
                 "--force-device-scale-factor=1", "--disable-background-networking", "--no-first-run",
                 "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    catalog = brick.catalog()
    galaxies = catalog[(catalog["type"] == "EXP") | (catalog["type"] == "DEV")]
    galaxy = galaxies[np.argmax(galaxies["flux_r"])]

    def waited(text):
        """Until it holds."""
        for _ in range(600):
            if driver.execute_script(text):
                return True
            time.sleep(0.1)
        return False

    # Every tile in sight is there, or there is none; the mean red, green and blue about the middle.
    whole = ("return [...cellsInSight(orderOf())].every(c => { const t = tile(orderOf(), c); return t.absent || t.naturalWidth > 0; })"
             " && !asked")
    colour = ("drawNow(); const c = document.getElementById('sky');"
              "const d = c.getContext('2d').getImageData(c.width / 2 - 5, c.height / 2 - 5, 10, 10).data, s = [0, 0, 0];"
              "for (let i = 0; i < d.length; ++i) if (i % 4 < 3) s[i % 4] += d[i] / 100; return s")

    try:
        driver.get((sky / "index.html").as_uri())
        check("pictures are seen from the file alone", waited("return [...tiles.values()].some(t => t.naturalWidth > 0)"))
        driver.get(f"http://127.0.0.1:{server.server_port}/index.html")
        canvas = driver.find_element(By.ID, "sky")
        driver.find_element(By.ID, "sources").click()
        driver.find_element(By.ID, "place").send_keys(f"{galaxy['ra']:.6f} {galaxy['dec']:.6f}")
        driver.find_element(By.CSS_SELECTOR, "#go button").click()
        check("the galaxy's sources are drawn", waited("return inSight.length > 3"))
        wide = driver.execute_script("return view.scale")
        driver.find_element(By.ID, "in").click()
        ActionChains(driver).double_click(canvas).perform()
        check("button and double click zoom in", driver.execute_script("return view.scale") < wide / 3.9)
        check("the galaxy is where it should be", waited(
            f"const s = toScreen({galaxy['ra']}, {galaxy['dec']}); return Math.hypot(s[0] - canvas.width / 2, s[1] - canvas.height / 2) < 3"))
        loaded = waited(whole)
        red, green, blue = driver.execute_script(colour)
        check("it is bright and red there", loaded and red > green + 20 and green > blue + 20 and red > 150, (red, green, blue))
        ActionChains(driver).move_to_element(canvas).click().perform()
        told = driver.find_element(By.ID, "picked").text
        check("a click tells of it", f"objid {galaxy['objid']} " in told + " " and f"type {galaxy['type']}" in told, told)
        if args.shot:
            driver.save_screenshot(args.shot)
        Select(driver.find_element(By.ID, "kind")).select_by_value("resid")
        loaded = waited(whole)
        left = driver.execute_script(colour)
        check("of the residuals it is gone: grey is left", loaded and all(abs(v - 127) < 25 for v in left), left)
        ra = driver.execute_script("return view.ra")
        ActionChains(driver).drag_and_drop_by_offset(canvas, 80, 0).perform()
        check("a drag moves the sky", driver.execute_script("return view.ra") > ra + 1e-5)
        Select(driver.find_element(By.ID, "kind")).select_by_value("image")
        driver.execute_script("view.scale = 0.2; draw()")
        check("the whole sky is drawn from order 0", waited("return orderOf() === 0 && tiles.has('image/Norder0/Dir0/Npix4') || "
                                                            "[...tiles.keys()].some(k => k.startsWith('image/Norder0/'))"))
        check("of the whole sky the brightest sources alone are asked for", driver.execute_script(
            "lists.clear(); drawNow(); return [...lists.keys()].every(k => k.endsWith('Allsky'))"))
        errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE" and "404" not in entry["message"]
                  and "ERR_FILE_NOT_FOUND" not in entry["message"]]
        check("the console is silent", errors == [], errors)
    finally:
        driver.quit()
        server.shutdown()


def main():
    shutil.rmtree(args.work, ignore_errors=True)
    out, sky = args.work / "out", args.work / "sky"
    products = golden / "sim300/products"
    (out / "tractor/150").mkdir(parents=True)
    (out / "coadd").mkdir()
    (out / "tractor/150" / f"tractor-{BRICK}.fits").symlink_to(products / "tractor/150" / f"tractor-{BRICK}.fits")
    (out / "coadd/150").symlink_to(products / "coadd/150")
    files = [out / f"tractor/150/tractor-{BRICK}.fits", *sorted((out / "coadd/150" / BRICK).iterdir())]
    (out / f"tractor/150/brick-{BRICK}.sha256sum").write_text(
        "".join(f"{hashlib.sha256(f.read_bytes()).hexdigest()} *{f.relative_to(out)}\n" for f in files))
    words = ["hips", out, "--bricks", TABLE, "--out", sky, "--title", "A test", "--per-tile", 8]
    for item in survey(*words, "--list-items").split():
        survey(*words, "--item", item)
    items = {path: path.stat().st_mtime_ns for path in sky.glob("image/Norder11/Dir*/*.png")}
    survey(*words)
    check("items are made once", items == {path: path.stat().st_mtime_ns for path in items} and len(items) == 4)
    brick = independent.bricks(out, TABLE)[0]
    check_tree(sky, brick)
    check_catalog(sky, brick)
    browse(sky, brick)
    print(f"{failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
