#!/usr/bin/python3
"""Opens the page of a plan in chromium as a reader does: clicks a brick that failed and reads why, opens the log, follows
a link to the page of a brick; then that of a plan of tables.

usage: browse_status.py BUILD WORK [--shot FILE.png]
"""
import argparse
import os
import sys

from small_survey import SKIPPED, Checks, SmallSurvey, need_astropy

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
except ImportError:
    print("skipped: python3-selenium is not installed")
    sys.exit(SKIPPED)
for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"):
    if not os.path.exists(program):
        print(f"skipped: there is no {program}")
        sys.exit(SKIPPED)


def browser():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000",
                 "--force-device-scale-factor=1", "--disable-background-networking", "--no-first-run"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                           {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
    return driver


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("work")
    parser.add_argument("--shot")
    options = parser.parse_args()
    need_astropy()
    check = Checks()
    survey = SmallSurvey(options.build, options.work, count=2)
    gone = survey.add_missing_image()
    without_page = survey.options
    survey.options = lambda out: [word for word in without_page(out) if word != "--no-page"]
    plan, out = survey.plan("page")
    survey.survey("run", plan, "--local", "--jobs", "2", ok=(6,))
    page = survey.work / "status.html"
    survey.survey("status", plan, "--page", page)
    driver = browser()
    try:
        driver.get(page.as_uri())
        check("the sums are there", "1 given up" in driver.find_element(By.ID, "sums").text)
        canvas = driver.find_element(By.ID, "sky")

        def click(number):
            """Where the brick is drawn, in pixels of the element from its middle."""
            name = survey.name(number)
            x, y = driver.execute_script(
                "const i = Number(Object.keys(data.names).find(i => data.names[i][0] === arguments[0])),"
                " r = canvas.getBoundingClientRect();"
                "return [px(i) / canvas.width * r.width - r.width / 2, py(i) / canvas.height * r.height - r.height / 2];", name)
            ActionChains(driver).move_to_element_with_offset(canvas, x, y).click().perform()
            return driver.find_element(By.ID, "picked")

        told = click(gone).text
        check("a click on the brick that failed tells why", survey.name(gone) in told and "given up" in told and "gone" in told, told)
        driver.find_element(By.CSS_SELECTOR, "#groups summary").click()
        log = driver.find_element(By.CSS_SELECTOR, "#groups pre").text
        check("its reason opens to the log's last words", "runbrick: error" in log and "gone" in log, log)
        if options.shot:
            driver.save_screenshot(options.shot)
        done = next(number for number in range(4) if survey.rows(plan)[survey.name(number)]["state"] == "done")
        driver.execute_script("view.scale *= 2000; view.ra = ra[arguments[0]]; view.dec = dec[arguments[0]]; draw()", done)
        link = click(done).find_element(By.TAG_NAME, "a")
        check.equal("another click tells of another", link.text, survey.name(done))
        link.click()
        check("the link leads to the page of the brick", survey.name(done) in driver.title, driver.title)
        # A plan of tables, of which one cannot be made.
        tables, lines = survey.work / "tables", survey.work / "tables.txt"
        lines.write_text(f"match {survey.work}/status.html --catalogs {out}/tractor --out {survey.work}/matched.fits\n")
        survey.survey("plan", tables, "--tables", lines)
        survey.survey("run", tables, "--local", ok=(6,))
        survey.survey("status", tables, "--page", page)
        driver.get(page.as_uri())
        check("of tables the products are there, and no sky", not driver.find_element(By.ID, "sky").is_displayed()
              and "0 of 1" in driver.find_element(By.ID, "products").text, driver.find_element(By.ID, "products").text)
        driver.find_element(By.CSS_SELECTOR, "#products .part").click()
        told = driver.find_element(By.ID, "picked").text
        check("a click on a part tells why it failed", told.startswith("match: given up: ") and "there is no catalog" in told, told)
        errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        check.equal("the console is silent", errors, [])
    finally:
        driver.quit()
    check.end()


if __name__ == "__main__":
    main()
