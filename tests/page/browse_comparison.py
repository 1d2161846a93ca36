#!/usr/bin/python3
"""Opens the page of simulate-survey compare in chromium: a catalog is made of a truth with known errors, and the page must tell
what was done to it, as the printed tables do.

usage: browse_comparison.py BUILD WORK [--shots DIR]
"""
import argparse
import os
import re
import shutil
import subprocess

from plot_pages import check, check_for_everyone, end, open_browser, shot
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

import numpy as np
from astropy.io import fits

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("work")
parser.add_argument("--shots")
args = parser.parse_args()

SIDE, KINDS = 36, np.array(["PSF", "REX", "EXP", "DEV", "SER"])
HOSTILE = "<b>out&amp;<img src=x onerror=alert(1)>"


def write(rng):
    """Sources on a grid, far from each other; every seventh EXP is found as a SER of twice its error's flux too little, every
    tenth of the faint is not found, twelve rows are of nothing."""
    n = SIDE * SIDE
    kind = rng.choice(5, n, p=[0.4, 0.15, 0.2, 0.15, 0.1])
    ra, dec = 150 + (np.arange(n) % SIDE) * 10 / 3600, 2 + (np.arange(n) // SIDE) * 10 / 3600
    error = 0.1
    flux = error * 10 ** rng.uniform(0.8, 2.6, n)
    columns = [fits.Column("ra", "D", array=ra), fits.Column("dec", "D", array=dec), fits.Column("type", "3A", array=KINDS[kind]), fits.Column("shape_r", "E", array=np.where(kind > 0, 0.8, 0))]
    columns += [fits.Column(f"flux_{b}", "E", array=flux) for b in "gr"]
    fits.BinTableHDU.from_columns(columns).writeto(os.path.join(args.work, "truth.fits"))
    found, order = kind.copy(), np.arange(n)
    wrong_kind = (kind == 2) & (np.cumsum(kind == 2) % 7 == 0)
    found[wrong_kind] = 4
    lost = (flux < 10 * error) & (order % 10 == 0)
    keep = ~lost
    shift = lambda width: np.where(wrong_kind, -20, 0) * error + width * error * rng.standard_normal(n)
    extra = 12
    also = lambda values, more: np.concatenate([values[keep], more])
    far = np.full(extra, 150 - 0.05), 2 + np.arange(extra) * 0.01
    rows = [fits.Column("ra", "D", array=also(ra + 0.02 / 3600 * rng.standard_normal(n), far[0])), fits.Column("dec", "D", array=also(dec + 0.02 / 3600 * rng.standard_normal(n), far[1])),
            fits.Column("type", "3A", array=also(KINDS[found], np.array(["PSF"] * extra)))]
    for name, value in (("ra_ivar", (3600 / 0.02) ** 2), ("dec_ivar", (3600 / 0.02) ** 2), ("shape_r", 0.8), ("shape_r_ivar", 100.0)):
        rows.append(fits.Column(name, "E", array=np.full(keep.sum() + extra, value)))
    for b, width in (("g", 1), ("r", 2)):  # errors in r are too small by half
        rows += [fits.Column(f"flux_{b}", "E", array=also(flux + shift(width), np.full(extra, 0.7))), fits.Column(f"flux_ivar_{b}", "E", array=np.full(keep.sum() + extra, 1 / error ** 2)), fits.Column(f"fracflux_{b}", "E", array=np.zeros(keep.sum() + extra))]
    products = os.path.join(args.work, HOSTILE)
    os.makedirs(os.path.join(products, "tractor", "150"))
    fits.BinTableHDU.from_columns(rows).writeto(os.path.join(products, "tractor", "150", "tractor-1500p020.fits"))
    return products, int((wrong_kind & keep).sum())


shutil.rmtree(args.work, ignore_errors=True)
os.makedirs(args.work)
products, wrong_kinds = write(np.random.default_rng(3))
page = os.path.join(args.work, "page.html")
simulate = os.path.join(args.build, "bin", "simulate-survey")
printed = subprocess.run([simulate, "compare", args.work, products], capture_output=True, text=True)
made = subprocess.run([simulate, "compare", args.work, products, "--page", page], capture_output=True, text=True)
check("what is printed is the same with a page and without", made.returncode == 0 and made.stdout == printed.stdout and len(made.stdout) > 500, made.stderr)

driver = open_browser()
js = driver.execute_script
try:
    driver.get("file://" + os.path.abspath(page))
    shot(driver, args.shots, "comparison-top")
    check("names of directories stay texts", HOSTILE in driver.find_element(By.TAG_NAME, "h1").text and not driver.find_elements(By.CSS_SELECTOR, "body img, h1 b"))
    words = re.search(r"found ([\d.]+) of the (\d+) .*spurious ([\d.]+)", printed.stdout)
    summary = driver.find_element(By.ID, "summary").text.replace(",", "")
    check("tells what is found and what is spurious", f"Found {100 * float(words[1]):.1f} % of the {words[2]}" in summary and abs(float(re.search(r"([\d.]+) % of the rows", summary)[1]) - 100 * float(words[3])) < 0.06, summary)

    cells = js("return [...document.querySelectorAll('#class-table tbody tr')].map((r) => [...r.children].map((c) => c.textContent))")
    lines = {}
    for line in printed.stdout.split("\n"):
        match = re.match(r"(all.*?|stars.*?|galaxies.*?)\s{2,}(\d.*)", line)
        if match and len(match[2].split()) == 8:
            lines[match[1]] = match[2].split()
    number = lambda text: float(text.replace("−", "-").replace("+", "").replace(" %", "").replace("–", "nan"))
    same = len(cells) == len(lines) > 8
    for row in cells:
        there = lines.get(row[0], [])
        for k, text in enumerate(there):
            value = 100 * float(text) if k % 4 == 3 else float(text)
            same = same and (abs(number(row[k + 1]) - value) < 0.06 or value != value or text == "nan")
    check("the table is the printed one", same, f"{len(cells)} rows")

    legend = lambda title: js("const f = [...document.querySelectorAll('figure')].find((f) => f.querySelector('figcaption').textContent === arguments[0]); return f ? f.querySelector('.key').textContent : ''", title)
    widths = [float(w) for w in re.findall(r"width ([\d.]+)", legend("Stars, isolated"))]
    check("the width of pulls is what errors lack", len(widths) == 2 and abs(widths[0] - 1) < 0.15 and abs(widths[1] - 2) < 0.3, widths)
    check("a class that is off shows", "median −20" in legend("Galaxies of another kind") or "median −19" in legend("Galaxies of another kind"), legend("Galaxies of another kind"))
    check("histograms compare with the normal distribution", js("return document.querySelectorAll('#pull-plots path.ideal').length === document.querySelectorAll('#pull-plots figure').length"))
    before = js("return document.querySelector('#pull-plots path.line').getAttribute('d')")
    driver.find_element(By.ID, "logarithmic").click()
    check("the scale can be logarithmic", js("return document.querySelector('#pull-plots path.line').getAttribute('d')") != before)

    titles = lambda: js("return [...document.querySelectorAll('#snr-plots figcaption, #found-plots figcaption')].map((f) => f.textContent)")
    check("has curves by S/N, completeness and purity", {"Median of pulls", "Width of pulls", "Completeness", "Purity"} <= set(titles()), titles())
    labels = lambda: js("return document.querySelector('#snr-plots svg').getAttribute('aria-label')")
    Select(driver.find_element(By.ID, "class")).select_by_visible_text("stars, isolated")
    check("a class can be chosen for the curves", "stars, isolated" in labels(), labels())
    completeness = js("return document.querySelector('#found-plots svg').getAttribute('aria-label')")
    values = [float(v) for v in re.findall(r"([\d.]+) at S/N", completeness)]
    check("completeness rises from what was lost to all", min(values[:5]) < 0.97 and values[-1] == 1, completeness)

    Select(driver.find_element(By.ID, "kinds-snr")).select_by_visible_text("5")
    matrix = js("return document.querySelector('#kinds-plot svg').getAttribute('aria-label')")
    check("kinds that were taken for others are counted", re.search(r"EXP: .*?SER (\d+)", matrix)[1] == str(wrong_kinds), matrix)
    js("arguments[0].scrollIntoView()", driver.find_element(By.ID, "found"))
    shot(driver, args.shots, "comparison-found")
    boxes = driver.find_elements(By.CSS_SELECTOR, "#bands input")
    boxes[1].click()
    check("a band can be taken away", len(re.findall("width", legend("Stars, isolated"))) == 1)
    check_for_everyone(driver)
    shot(driver, args.shots, "comparison-narrow")
finally:
    driver.quit()
end()
