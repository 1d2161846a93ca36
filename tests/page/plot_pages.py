"""What the tests of pages with plots have in common: a browser without a network, and checks that are printed."""
import os
import socket
import sys

SKIPPED = 77
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    print("skipped: python3-selenium is not installed")
    sys.exit(SKIPPED)
try:
    import astropy, numpy
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(SKIPPED)
for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"):
    if not os.path.exists(program):
        print(f"skipped: there is no {program}")
        sys.exit(SKIPPED)
try:
    socket.getaddrinfo("localhost", 0)
except OSError:
    print("skipped: the browser's driver is spoken to as localhost, which this machine cannot look up (/etc/hosts)")
    sys.exit(SKIPPED)

wrong = []


def check(what, holds, told=""):
    print(("ok    " if holds else "WRONG ") + what + (f": {told}" if told != "" else ""))
    if not holds:
        wrong.append(what)


def end():
    print(f"{len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


def open_browser():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000", "--force-device-scale-factor=1",
                 "--disable-background-networking", "--no-first-run", "--disable-extensions"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
    return driver


def shot(driver, directory, name):
    if directory:
        os.makedirs(directory, exist_ok=True)
        driver.save_screenshot(os.path.join(directory, f"{name}.png"))


def check_for_everyone(driver):
    """Names of what can be used, contrast, a narrow window; nothing from outside, no complaints."""
    js = driver.execute_script
    unnamed = js("return [...document.querySelectorAll('input,button,a,[role=img]')].filter((e) => !(e.getAttribute('aria-label') || (e.labels && e.labels.length) || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))")
    check("everything to be used has a name", not unnamed, unnamed)
    contrast = """
        const lum = (c) => { const f = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126*f[0]+.7152*f[1]+.0722*f[2]; };
        const rgb = (t) => t.match(/[\\d.]+/g).map(Number);
        const paper = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .9) return c.slice(0, 3); } return [255, 255, 255]; };
        const bad = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode());) {
          const e = node.parentElement;
          if (!node.textContent.trim() || !e.offsetParent || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(e.tagName)) continue;
          const a = lum(rgb(getComputedStyle(e).color).slice(0, 3)), b = lum(paper(e));
          if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) bad.add(e.tagName + '.' + e.className);
        }
        return [...bad];"""
    for scheme in ("light", "dark"):
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        bad = js(contrast)
        check(f"has contrast above 4.5 ({scheme})", not bad, bad)
    outside = js("return performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith('data:'))")
    check("asks for nothing outside of itself", not outside, outside)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_async_script("setTimeout(arguments[0], 300)")
    check("fits into a narrow window", js("return document.documentElement.scrollWidth <= 400"), js("return document.documentElement.scrollWidth"))
    complaints = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    check("the browser has nothing to complain about", not complaints, complaints[:3])
