#!/usr/bin/python3
"""Opens the page of zero points in chromium as a reader does, of a made-up night of which is known what is wrong with it: finds
the clouded exposures, the CCD that is off and the one with another amplifier, sorts, chooses CCDs by link and in a plot, and
reads headers that would be markup.

usage: browse_zero_points.py BUILD WORK [--shots DIR]
"""
import argparse
import os
import re
import shutil
import subprocess

from plot_pages import check, check_for_everyone, end, open_browser, shot as save_shot
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from astropy.io import fits

import made_zero_points

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("work")
parser.add_argument("--shots")
args = parser.parse_args()

shutil.rmtree(args.work, ignore_errors=True)
os.makedirs(args.work)
night = made_zero_points.write_night(args.work, ccds=12, exposures=16, stars=60, camera="decam")
page, again = os.path.join(args.work, "page.html"), os.path.join(args.work, "again.html")
for out in (page, again):
    made = subprocess.run([os.path.join(args.build, "bin", "make-ccds"), "report", os.path.join(args.work, "survey.fits"), os.path.join(args.work, "zpt"), "--plugin-dir",
                           os.path.join(args.build, "plugins"), "--no-user-plugins", "--out", out], capture_output=True, text=True)
    check("make-ccds report ends well", made.returncode == 0 and made.stderr == "", made.stdout + made.stderr)
check("the same tables give the same page", open(page, "rb").read() == open(again, "rb").read())

with fits.open(os.path.join(args.work, "survey.fits")) as tables:
    tables[1].data["ccdzpt"] += 0.01
    tables.writeto(os.path.join(args.work, "other.fits"))
refused = subprocess.run([os.path.join(args.build, "bin", "make-ccds"), "report", os.path.join(args.work, "other.fits"), os.path.join(args.work, "zpt"), "--plugin-dir",
                          os.path.join(args.build, "plugins"), "--no-user-plugins", "--out", os.path.join(args.work, "other.html")], capture_output=True, text=True)
check("stars of another measurement are refused", refused.returncode == 3 and "not of one measurement" in refused.stderr and not os.path.exists(os.path.join(args.work, "other.html")), refused.stderr)

driver = open_browser()
js = driver.execute_script


def column(table, k):
    return js("return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].map((row) => row.children[arguments[1]].textContent)", table, k)


def shot(name):
    save_shot(driver, args.shots, f"zero-points-{name}")


def heading():
    return driver.find_element(By.ID, "ccd-title").text


try:
    driver.get("file://" + os.path.abspath(page))
    shot("top")
    summary = driver.find_element(By.ID, "summary").text
    check("counts CCDs, exposures and what was not measured", all(words in summary for words in (f"{night['ccds']} CCDs", "16 exposures", f"{len(night['failed'])} not measured")), summary)
    names, why = column("ccds", 0), column("ccds", 2)
    check("what was not measured comes first, with its reason", set(names[:len(night["failed"])]) == set(night["failed"]) and all(w.startswith("not measured: ") and len(w) > 30 for w in why[:len(night["failed"])]), names[:4])
    after = list(zip(names, why))[len(night["failed"]):]
    check("then the CCD that is off and the one of another amplifier, and no other", {n: w.split(",")[0] for n, w in after if w} == {night["shifted"]: "offset", night["amplifier"]: "halves differ"}, after[:3])
    clouded = [str(n) for n in night["clouded"]]
    check("clouded exposures, and no others, stand out", {n for n, z in zip(column("exposures", 0), column("exposures", 2)) if z.startswith("zero point")} == set(clouded), column("exposures", 0)[:4])
    check("texts of headers stay texts", driver.title != "caught" and made_zero_points.HOSTILE in driver.find_element(By.ID, "failed").text and not driver.find_elements(By.CSS_SELECTOR, "main img, main b, header b"), driver.title)

    button = driver.find_element(By.XPATH, "//*[@id='ccds']//th/button[starts-with(normalize-space(), 'Zero point')]")
    k = js("return arguments[0].parentNode.cellIndex", button)
    sorted_values = {}
    for turn in ("falling", "rising"):
        driver.find_elements(By.CSS_SELECTOR, "#ccds th button")[k].click()
        sorted_values[turn] = [float(v) for v in column("ccds", k) if v != "–"]
    check("a heading sorts, and the other way", len(sorted_values["falling"]) > 50 and sorted_values["falling"] == sorted(sorted_values["falling"], reverse=True) and sorted_values["rising"] == sorted(sorted_values["rising"]))

    link = driver.find_element(By.LINK_TEXT, night["failed"][0])
    js("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    check("a link leads to a CCD, which has its reason", heading().startswith(night["failed"][0]) and made_zero_points.HOSTILE in driver.find_element(By.ID, "ccd-message").text and driver.current_url.endswith(f"#ccd={night['failed'][0]}"), heading())

    # In a plot: where the page says that the CCD is, which one sees there, too.
    figure = driver.find_element(By.XPATH, "//figure[figcaption[text()='Offsets of CCDs']]//*[name()='svg']")
    js("arguments[0].scrollIntoView({block: 'center'})", figure)
    x, y = js("""const ring = rings.find((r) => r.node.ownerSVGElement === arguments[0]), box = arguments[0].getBoundingClientRect();
                 const at = ring.place(known.get(arguments[1])); return [at[0] - box.width / 2, at[1] - box.height / 2];""", figure, night["shifted"])
    ActionChains(driver).move_to_element_with_offset(figure, x, y).pause(0.05).perform()
    hint = js("return document.querySelector('.hint').textContent")
    check("a point tells its CCD", night["shifted"] in hint, hint.split("\n")[0])
    ActionChains(driver).click().perform()
    check("a click on a point chooses its CCD", heading().startswith(night["shifted"]) and night["shifted"] in driver.find_element(By.ID, "chosen").text, heading())
    check("its numbers have units", all(unit in driver.find_element(By.ID, "ccd-numbers").text for unit in ("mag", "mmag", "mas", "arcsec", "mag/arcsec²")))
    shot("plot")
    driver.find_element(By.CSS_SELECTOR, "#chosen a").click()
    check("and the bar leads to its stars", js("const box = document.getElementById('ccd').getBoundingClientRect(); return box.top > -5 && box.top < 400") and len(driver.find_elements(By.CSS_SELECTOR, "#ccd-plots figure svg")) >= 3)
    shot("ccd")

    texts = js("return [...document.querySelectorAll('figure')].map((f) => [f.querySelector('figcaption').textContent, f.textContent])")
    fitted = {t[0][0]: re.search(r"Fitted: k = (\d\.\d+) ± (\d\.\d+)", t[1]) for t in texts if t[0].endswith("zero point by airmass")}
    check("extinction is fitted, clouds or not", all(fitted.get(b) and abs(float(fitted[b][1]) - k) < 0.02 for b, k in (("g", 0.17), ("r", 0.10))), {b: m and m[0] for b, m in fitted.items()})
    titles = [t[0] for t in texts]
    check("has all plots", all(any(words in t for t in titles) for words in ("zero point over time", "over the focal plane", "Transparency", "Seeing", "Brightness of the sky", "Residuals of stars in the focal plane", "colour term of ps1", "residuals by colour")), titles)
    term = next(t[1] for t in texts if t[0].startswith("g: colour term"))
    check("the colour term is the camera's, with the range of colours", "the line is the camera's polynomial in g − i. Stars of 0.40 < g − i < 2.70 are used" in term, term[-150:])
    before = len(titles)
    driver.find_element(By.CSS_SELECTOR, "#bands input").click()
    check("a band can be taken away", len(driver.find_elements(By.TAG_NAME, "figure")) < before and "g" not in column("ccds", 1))
    driver.find_element(By.CSS_SELECTOR, "#bands input").click()

    driver.get("about:blank")
    driver.get("file://" + os.path.abspath(page) + f"#ccd={night['amplifier']}")
    check("an address with a CCD opens at it", heading().startswith(night["amplifier"]), heading())
    check_for_everyone(driver)
    shot("narrow")
finally:
    driver.quit()
end()
