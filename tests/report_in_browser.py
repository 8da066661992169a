"""Opens a report of playbooks/report.yml in headless Chromium: at two widths, light and dark.

Usage: tests/report_in_browser.py REPORT.html [DIRECTORY-FOR-PICTURES]
Needs Debian's packages chromium and chromium-driver; installs nothing. Fails when a script reports an error, the page
is wider than its window, something is asked of the network, a chart is missing, or a number is shown that is not in
the report's JSON.
"""

import base64
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

WIDTHS = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# What is seen, without the ticks of the charts' axes; folds are opened first.
SHOWN = """
document.querySelectorAll("details").forEach(function (fold) { fold.open = true; });
var texts = Array.from(document.querySelectorAll(".chart .annotation-text, .chart .legendtext"), function (text) {
  return text.textContent;
});
document.querySelectorAll(".chart").forEach(function (chart) { chart.style.display = "none"; });
texts.push(document.title, document.querySelector("main").innerText);
document.querySelectorAll(".chart").forEach(function (chart) { chart.style.display = ""; });
return [texts.join("\\n"), document.getElementById("report").textContent];
"""
# Numbers that the charts draw: each is a number of the JSON.
DRAWN = """
var found = [];
document.querySelectorAll(".chart").forEach(function (chart) {
  (chart.data || []).forEach(function (trace) {
    var across = trace.orientation === "h" || chart.dataset.chart === "latency" ? trace.x : trace.y;
    if (chart.dataset.chart !== "tls") { found = found.concat(Array.from(across || [])); }
  });
});
return found.filter(function (n) { return n !== null; });
"""
FACTS = """
return {
  drawn: document.documentElement.getAttribute("data-drawn"),
  wide: [document.documentElement.scrollWidth, window.innerWidth],
  charts: Array.from(document.querySelectorAll("[data-chart]"), function (place) {
    var svg = place.querySelector("svg.main-svg");
    return [place.dataset.chart, svg ? svg.getBoundingClientRect().width : 0, place.clientWidth];
  }),
  resources: performance.getEntriesByType("resource").map(function (entry) { return entry.name; }),
  background: getComputedStyle(document.body).backgroundColor,
  ink: document.querySelector(".chart .annotation-text, .chart .legendtext")
    ? getComputedStyle(document.querySelector(".chart .annotation-text, .chart .legendtext")).fill : null
};
"""


class Browser:
    """Speaks WebDriver with a chromedriver of its own."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._base = f"http://127.0.0.1:{port}"
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self._profile = tempfile.TemporaryDirectory()
        for _attempt in range(100):
            try:
                if self._ask("GET", "/status")["ready"]:
                    break
            except urllib.error.URLError:
                time.sleep(0.1)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        wanted = {
            "goog:chromeOptions": {"args": [*arguments, f"--user-data-dir={self._profile.name}"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += "/session/" + session["sessionId"]
        # What the browser's own first page asked for is none of ours.
        self.open("about:blank")
        self.log("performance")

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"chromedriver: {json.load(error)['value']['message']}") from error

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script):
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def log(self, kind):
        return self._ask("POST", "/se/log", {"type": kind})

    def close(self):
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait()
            self._profile.cleanup()


def numbers(text):
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


def known_numbers(value):
    """Every number in JSON, those inside texts and names included."""
    if isinstance(value, dict):
        return set().union(*(numbers(key) | known_numbers(entry) for key, entry in value.items()), set())
    if isinstance(value, list):
        return set().union(*map(known_numbers, value), set())
    if isinstance(value, str):
        return numbers(value)
    return set() if value is None else {float(value)}


def wait_for(browser, scheme):
    for _attempt in range(100):
        if browser.run(FACTS)["drawn"] == scheme:
            return
        time.sleep(0.1)
    raise SystemExit(f"the page never drew its {scheme} charts")


def wrong(facts, width):
    if facts["wide"][0] > facts["wide"][1]:
        yield f"the page is {facts['wide'][0]} wide in a window of {facts['wide'][1]}"
    if facts["wide"][1] != width:
        yield f"the window is {facts['wide'][1]} wide"
    for name, drawn, place in facts["charts"]:
        if not drawn or drawn > place + 1:
            yield f"the chart {name} is {drawn} wide in a place of {place}"
    for name in facts["resources"]:
        yield f"asked for {name}"


def look(browser, report, width, scheme, pictures):
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.devtools(
        "Emulation.setDeviceMetricsOverride", width=width, height=WIDTHS[width], deviceScaleFactor=1, mobile=width < 500
    )
    browser.open(report.resolve().as_uri())
    wait_for(browser, scheme)
    facts = browser.run(FACTS)
    found = list(wrong(facts, width))
    if pictures:
        shot = browser.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        (pictures / f"{report.stem}-{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
    # The scheme changes while the page is open, then the button is used.
    other = SCHEMES[scheme == "light"]
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": other}])
    wait_for(browser, other)
    changed = browser.run(FACTS)
    if changed["background"] == facts["background"] or (facts["ink"] and changed["ink"] == facts["ink"]):
        found.append("the colours stay when the scheme changes")
    browser.run('document.getElementById("theme").click();')
    wait_for(browser, scheme)
    shown, embedded = browser.run(SHOWN)
    summary = json.loads(embedded)
    known = known_numbers(summary)
    found += [f"the number {number:g} is not in the JSON" for number in sorted(numbers(shown) - known)]
    # What is under 10 ms is drawn there.
    drawn = set(browser.run(DRAWN)) - {0.01}
    found += [f"the chart's number {number} is not in the JSON" for number in sorted(drawn - known)]
    found += [f"opened folds: {problem}" for problem in wrong(browser.run(FACTS), width)]
    for entry in browser.log("browser"):
        found.append(f"console: {entry['level']}: {entry['message']}")
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file:" if url == report.resolve().as_uri() else "data:", "data:")):
                found.append(f"asked for {url}")
    counted = f"{len(facts['charts'])} charts, {len(numbers(shown))} numbers"
    print(f"{width} px, {scheme}: {counted}: {'WRONG' if found else 'ok'}")
    for problem in found:
        print("    " + problem)
    return not found


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    report = Path(sys.argv[1])
    pictures = Path(sys.argv[2]) if len(sys.argv) == 3 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    try:
        # A list, not a generator: every combination is tried, whatever the first one says.
        results = [look(browser, report, width, scheme, pictures) for width in WIDTHS for scheme in SCHEMES]
    finally:
        browser.close()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
