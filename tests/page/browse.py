#!/usr/bin/python3
"""browse.py PAGE.html [--shots DIR]: opens a run's page in chromium as a reader does and checks what it shows.

Switches pictures, hovers a galaxy and reads its flux, searches, uses the keyboard, counts what is in the tables, looks at
labels and contrast. Prints one line per thing checked. Exit 0 if all is well, 1 if not, 77 if there is no browser here.
"""
import argparse, json, math, os, re, socket, sys, time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("skipped: python3-selenium is not installed")
    sys.exit(77)
for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"):
    if not os.path.exists(program):
        print(f"skipped: there is no {program}")
        sys.exit(77)

try:
    socket.getaddrinfo("localhost", 0)
except OSError:
    print("skipped: the browser's driver is spoken to as localhost, which this machine cannot look up (/etc/hosts)")
    sys.exit(77)

parser = argparse.ArgumentParser()
parser.add_argument("page")
parser.add_argument("--shots", help="directory for screenshots")
parser.add_argument("--most-seconds", type=float,
                    help="until the page is there; without it the time is only told")
parser.add_argument("--most-megabytes", type=float, default=12)
parser.add_argument("--brief", action="store_true", help="opens it, switches pictures and hovers, and no more")
args = parser.parse_args()

wrong = []


def check(what, holds, told=""):
    print(("ok    " if holds else "WRONG ") + what + (f": {told}" if told != "" else ""))
    if not holds:
        wrong.append(what)


options = Options()
options.binary_location = "/usr/bin/chromium"
for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000",
             "--force-device-scale-factor=1", "--disable-background-networking", "--no-first-run", "--disable-extensions"):
    options.add_argument(word)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
driver.set_script_timeout(30)
# No network: what the page asked for outside of itself would fail, and be told below.
driver.execute_cdp_cmd("Network.enable", {})
driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                       {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})


def js(text, *values):
    return driver.execute_script(text, *values)


def settled():
    """Waits until what was asked for is drawn."""
    driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))")


def pixels():
    settled()
    return js("return brickPage.viewer.canvas.toDataURL()")


shots = 0


def shot(name):
    global shots
    if not args.shots:
        return
    os.makedirs(args.shots, exist_ok=True)
    driver.save_screenshot(os.path.join(args.shots, f"{shots:02d}-{name}.png"))
    shots += 1


def find(id):
    return driver.find_element(By.ID, id)


def search(text):
    box = find("search-text")
    box.clear()
    box.send_keys(text, Keys.RETURN)
    settled()
    return find("search-result").text


try:
    start = time.monotonic()
    driver.get("file://" + os.path.abspath(args.page))
    js("return document.readyState")
    settled()
    opened = time.monotonic() - start
    size = os.path.getsize(args.page) / 1e6
    if args.most_seconds:
        check(f"opens in less than {args.most_seconds} s", opened < args.most_seconds, f"{opened:.2f} s")
    else:
        print(f"      opened in {opened:.2f} s")
    check(f"is smaller than {args.most_megabytes} MB", size < args.most_megabytes, f"{size:.2f} MB")

    run = js("return brickPage.run")
    beside = json.load(open(re.sub(r"\.html$", ".json", args.page)))
    check("shows the data of the JSON file beside it", run == beside)
    shot("top")
    heading = driver.find_element(By.TAG_NAME, "h1").text
    check("names the brick and how the run went", run["brick"]["name"] in heading and run["run"]["status"] in heading, heading)
    catalog = run["catalog"]["columns"]
    pictures = [p["id"] for p in run["pictures"]]

    if pictures:
        seen = {}
        for picture in pictures:
            find(f"layer-{picture}").find_element(By.XPATH, "..").click()
            for _ in range(50):
                seen[picture] = pixels()
                if js("return brickPage.viewer.layer") == picture and seen[picture] not in [v for k, v in seen.items() if k != picture]:
                    break
                time.sleep(0.05)
            check(f"switches to the picture {picture}", js("return brickPage.viewer.layer") == picture)
            shot(f"layer-{picture}")
        check("the pictures differ", len(set(seen[p] for p in pictures if p != "blobmodel")) == len([p for p in pictures if p != "blobmodel"]))
        find(f"layer-{pictures[0]}").find_element(By.XPATH, "..").click()

    if catalog.get("objid"):
        band = "r" if "r" in run["brick"]["bands"] else run["brick"]["bands"][-1]
        flux, bands = catalog[f"flux_{band}"], run["brick"]["bands"]
        galaxies = [i for i, t in enumerate(catalog["type"]) if t.strip() in ("REX", "EXP", "DEV", "SER")]
        chosen = max(galaxies or range(len(flux)), key=lambda i: flux[i] or 0)
        said = search(str(catalog["objid"][chosen]))
        check("finds an objid", said.startswith(f"objid {catalog['objid'][chosen]} "), said)
        canvas = find("view")
        ActionChains(driver).move_to_element(canvas).perform()
        settled()
        hover = find("hover")
        words = hover.text
        check("tells which source is under the pointer", hover.is_displayed() and f"objid {catalog['objid'][chosen]} {catalog['type'][chosen].strip()}" in words,
              words.split("\n")[0])
        told = re.search(rf"flux {band} (-?[\d.]+)(?: ± ([\d.]+))?", words)
        error = catalog[f"flux_ivar_{band}"][chosen] ** -0.5 if catalog[f"flux_ivar_{band}"][chosen] else 0
        check(f"tells its flux in {band}", told and abs(float(told[1]) - flux[chosen]) <= max(0.06 * error, 0.001), f"{told and told[0]}, the catalog has {flux[chosen]}")
        shot("hover")
        if args.brief:
            raise StopIteration
        ActionChains(driver).click().perform()
        settled()
        detail = find("source").text
        check("a click tells more of it", f"Source {catalog['objid'][chosen]}" in detail and "half-light radius" in detail if galaxies else True)
        js("arguments[0].scrollIntoView()", find("source"))
        shot("source")
        js("window.scrollTo(0, 0)")

        # positions: in degrees, and as hours and degrees
        other = min(range(len(flux)), key=lambda i: flux[i] if flux[i] is not None else math.inf)
        ra, dec = catalog["ra"][other], catalog["dec"][other]
        said = search(f"{ra}, {dec}")
        check("finds a position in degrees", f"objid {catalog['objid'][other]} " in said and "0.00″" in said, said)
        ra, dec = catalog["ra"][chosen], catalog["dec"][chosen]
        h, d = ra / 15, abs(dec)
        text = "{:02d}:{:02d}:{:08.5f} {}{:02d}:{:02d}:{:07.4f}".format(int(h), int(h * 60) % 60, h * 3600 % 60, "-" if dec < 0 else "+", int(d), int(d * 60) % 60, d * 3600 % 60)
        said = search(text)
        check("finds a sexagesimal position", f"objid {catalog['objid'][chosen]} " in said, f"{text}: {said}")
        check("says that a position is elsewhere", "not in the brick" in search("0 -89"))
        check("says what it cannot read", "Neither" in search("somewhere"))
        check("says that an objid is not there", "There is no objid" in search("99999999"))

        # the catalog's own positions are the picture's
        at = js("const i = arguments[0], v = brickPage.viewer; const p = skyToPixel(catalog.ra[i], catalog.dec[i]); return [p.x - catalog.bx[i], p.y - catalog.by[i]]", chosen)
        check("RA, Dec and pixels agree", max(map(abs, at)) < 0.02, at)

        before = pixels()
        for box in ("all-types",):
            find(box).click()
            check("hides the sources", pixels() != before)
            find(box).click()
        for box in driver.find_elements(By.CSS_SELECTOR, "#outlines input"):
            before = pixels()
            js("arguments[0].click()", box)
            # A mask may have nothing where one looks.
            if box.get_attribute("id") == "blob-outlines":
                check("shows the blobs' outlines", pixels() != before)

        # by keyboard alone
        js("arguments[0].focus()", canvas)
        canvas.send_keys("0")
        whole = js("return brickPage.viewer.view.scale")
        settled()
        shot("outlines")
        canvas.send_keys("+", "+", Keys.ARROW_LEFT)
        check("zooms and moves by keys", js("return brickPage.viewer.view.scale") > whole * 1.5)
        canvas.send_keys("0", Keys.ESCAPE, "n")
        first = js("return brickPage.viewer.selected")
        canvas.send_keys("n")
        second = js("return brickPage.viewer.selected")
        check("goes from source to source by keys", first >= 0 and (second != first or len(flux) == 1), [first, second])
        check("tells the selected source to a screen reader", find("source").get_attribute("aria-live") == "polite" and "Source" in find("source").text)
        if len(pictures) > 1:
            layer = js("return brickPage.viewer.layer")
            canvas.send_keys("l")
            check("changes the picture by keys", js("return brickPage.viewer.layer") != layer)
            canvas.send_keys("b")
            check("and back", js("return brickPage.viewer.layer") == layer)
        canvas.send_keys(Keys.ESCAPE)
        check("lets the source go by keys", js("return brickPage.viewer.selected") == -1)
        # Everything that can be used is reached by the tabulator.
        js("window.scrollTo(0, 0); document.querySelector('.skip').focus()")
        reached = set()
        for _ in range(60):
            ActionChains(driver).send_keys(Keys.TAB).perform()
            active = driver.switch_to.active_element
            reached.add(active.get_attribute("id") or active.text)
        check("is reached by tabulators", {"view", "search-text", "zoom-in", "all-types"} <= reached, sorted(reached)[:4])

        before = js("return brickPage.viewer.view.scale")
        canvas = find("view")
        js("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(driver).scroll_from_origin(__import__("selenium.webdriver.common.actions.wheel_input", fromlist=["ScrollOrigin"]).ScrollOrigin.from_element(canvas), 0, -300).perform()
        check("zooms by the wheel", js("return brickPage.viewer.view.scale") > before)
        x = js("return brickPage.viewer.view.x")
        ActionChains(driver).move_to_element(canvas).click_and_hold().move_by_offset(80, 30).release().perform()
        check("is dragged", js("return brickPage.viewer.view.x") < x)
        check("has plots", len(driver.find_elements(By.CSS_SELECTOR, "#plots figure")) >= 2)

    # The tables have what the JSON has.
    rows = lambda id: len(driver.find_elements(By.CSS_SELECTOR, f"#{id} tbody tr"))
    check("lists every stage", rows("stage-table") == len(run["stages"]), rows("stage-table"))
    check("lists the CCDs that were used", rows("ccds-used") == min(100, run["ccds"]["used"]["rows"]), rows("ccds-used"))
    check("lists those left out", rows("ccds-left") == min(100, len(run["ccds"]["left_out"])), rows("ccds-left"))
    if any(name.startswith("blendedness") for name in run["catalog"]["columns"]):
        check("says that sources were fitted together", "fitted together" in find("blob-summary").text)
        check("says that a blob took all the work that it may", "1 blob took all the work" in find("blob-summary").text)
    check("lists the blobs", rows("blob-table") == min(50, len(run["blobs"]["number"])), rows("blob-table"))
    check("tells every warning", len(driver.find_elements(By.CSS_SELECTOR, "#warning-list li")) == len(run["messages"]), len(run["messages"]))
    costs = [cell.get_attribute("textContent") for cell in driver.find_elements(By.CSS_SELECTOR, "#blob-table tbody tr td:nth-child(2)")]
    listed = [float(c.split()[0]) for c in costs if c.endswith(" s")]
    check("puts the dearest blobs first", listed == sorted(listed, reverse=True))
    for section in ("warnings", "stages", "blobs", "plots", "ccds", "run"):
        js("arguments[0].scrollIntoView()", find(section))
        settled()
        shot(section)

    # For those who do not see it, or not well.
    unnamed = js("""return [...document.querySelectorAll('input,button,canvas,select,[role=img]')].filter((e) =>
        !(e.getAttribute('aria-label') || (e.labels && e.labels.length) || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))""")
    check("everything to be used has a name", not unnamed, unnamed)
    contrast = """
        const lum = (c) => { const f = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126*f[0]+.7152*f[1]+.0722*f[2]; };
        const rgb = (t) => t.match(/[\\d.]+/g).map(Number);
        const paper = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .9) return c.slice(0, 3); } return [255, 255, 255]; };
        const bad = new Map();
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode());) {
          const e = node.parentElement;
          if (!node.textContent.trim() || !e.offsetParent || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(e.tagName)) continue;
          const a = lum(rgb(getComputedStyle(e).color).slice(0, 3)), b = lum(paper(e));
          const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
          if (ratio < 4.5) bad.set(e.tagName + '.' + e.className, ratio.toFixed(2));
        }
        return [...bad];"""
    for scheme in ("light", "dark"):
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        bad = js(contrast)
        check(f"has contrast above 4.5 ({scheme})", not bad, bad)
        if scheme == "dark":
            js("window.scrollTo(0, 0)")
            settled()
            shot("dark")
    check("has one heading of the first rank and a language", js("return document.querySelectorAll('h1').length === 1 && document.documentElement.lang === 'en'"))
    outside = js("return performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith('data:'))")
    check("asks for nothing outside of itself", not outside, outside)
    complaints = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    check("the browser has nothing to complain about", not complaints, complaints[:3])
    driver.set_window_size(480, 900)
    settled()
    check("fits into a narrow window", js("return document.documentElement.scrollWidth <= window.innerWidth + 1"),
          js("return document.documentElement.scrollWidth"))
    shot("narrow")
except StopIteration:
    pass
finally:
    driver.quit()
print(f"{len(wrong)} wrong")
sys.exit(1 if wrong else 0)
