"""Opens report.html of a result folder in a browser and uses it as a person would.

    python check_report.py DIR BROWSER SCREENSHOTS [MZ]

Needs playwright. Every feature is opened, the table is sorted and searched (for MZ, if given), blocks are compared and copied, and the page is
looked at in light and dark, on a desk and on a phone. An error of the page's script, anything it loads, and anything that does not fit the screen is
an error here.
"""

import csv
import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 400, "height": 800}

# What of an opened feature is kept as a screenshot, px.
FEATURE_HEIGHT = 1400

# The page has a digit less than the tables, rounded from a number that had more.
ROUNDING = (-1e-5, 0, 1e-5)


# How far the boxes of upright labels may reach into each other, px: a box is a little wider than its letters.
TOUCH = 1.0

# Boxes of the labels of the spectrum, of the texts of its axes, and of the picture: left, top, right, bottom.
BOXES = """() => {
  const svg = document.querySelector("#feature svg[class^=spectrum]");
  const boxes = (elements) => [...elements].map((element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return [left, top, right, bottom];
  });
  return svg && [boxes(svg.querySelectorAll("g[aria-label=text] text")), boxes(svg.querySelectorAll("g[aria-label^='x-axis'] text, g[aria-label^='y-axis'] text")), boxes([svg])[0]];
}"""


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    # An apostrophe keeps spreadsheets from calculating a text.
    return [{name: text.removeprefix("'") for name, text in row.items()} for row in rows]


class Report:
    """The page, with everything it complained of or asked for."""

    def __init__(self, browser, folder, **options):
        self.folder = folder
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.complaints.append(request.url) if not request.url.startswith("file:") else None)
        self.page.goto((folder / "report.html").resolve().as_uri())
        self.page.wait_for_selector("#feature h2")

    def rows(self):
        return self.page.locator("#table tbody tr")

    def column(self, name):
        """The cells of the compounds, without those of their ions."""
        heads = self.page.locator("#table thead th").all_inner_texts()
        return self.page.locator(f"#table tbody tr:not(.ion) td:nth-child({heads.index(name) + 1})").all_inner_texts()

    def open(self, key):
        self.page.evaluate(f"location.hash = '{key}'")
        self.page.wait_for_function("id => document.querySelector('#feature dl dd').textContent === `#${id}`", arg=key)

    def fits(self, what):
        """Nothing makes the page wider than the screen; every table that is wider can be scrolled."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{what}: the page is {wide} px wider than the screen"

    def end(self):
        assert not self.complaints, self.complaints[:5]
        self.context.close()


def legible(report, key):
    """No label of the spectrum lies on another, on the text of an axis or outside the picture."""
    labels, axes, picture = report.page.evaluate(BOXES)
    assert labels and axes, f"feature {key}: a spectrum without labels"

    def overlap(a, b):
        return min(min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1]))

    for at, label in enumerate(labels):
        beyond = [picture[0] - label[0], picture[1] - label[1], label[2] - picture[2], label[3] - picture[3]]
        assert max(beyond) <= TOUCH, f"feature {key}: label {at} is cut"
        for other in labels[at + 1 :] + axes:
            assert overlap(label, other) <= TOUCH, f"feature {key}: label {at} lies on another text"


def times(report, features, mz):
    """How long the page takes to sort, to search, and to open features, at most, in ms, as told by the browser."""
    timed = "act => { const begin = performance.now(); eval(act); document.body.offsetHeight; return performance.now() - begin; }"
    look = "const query = document.getElementById('query'); query.value = '{}'; query.dispatchEvent(new Event('input'))"
    acts = {
        "sort": [f"document.querySelectorAll('#table thead button')[{at}].click()" for at in (1, 1, 2, 4)],
        "search": [look.format(words) for words in [*(mz[:end] for end in range(1, len(mz) + 1)), "own", ""]],
        "open a feature": [f"location.hash = '{key}'; dispatchEvent(new HashChangeEvent('hashchange'))" for key in features],
    }
    return ", ".join(f"{name} {max(report.page.evaluate(timed, act) for act in every):.0f}" for name, every in acts.items())


def open_every_feature(report, features, peaks):
    """Each feature shows its m/z, its fragments with their names, and why it has none."""
    for key, feature in features.items():
        report.open(key)
        shown = report.page.locator("#feature").inner_text()
        assert "failed" not in shown, shown
        assert any(f"m/z {float(feature['precursor_mz']) + by:.4f}" in shown for by in ROUNDING), shown[:300]
        assert ("Copy MGF block" in shown) == (key in peaks), f"feature {key}: {shown[:300]}"
        if key in peaks:
            legible(report, key)
        for row in peaks.get(key, []):
            assert any(f"{float(row['fragment_mz']) + by:.4f}" in shown for by in ROUNDING), f"feature {key}: m/z {row['fragment_mz']} is not shown"
            assert row["label"] in shown, f"feature {key}: {row['label']} is not named"
        head = feature["spectrum_of"]
        assert head in ("", key) or f"Its spectrum stands under #{head}" in shown, f"feature {key}: {shown[:500]}"
        assert not feature["compound_id"] or f"C{feature['compound_id']}, neutral mass" in shown, f"feature {key}: {shown[:500]}"
    report.fits("features")


def sort(report):
    """A click sorts, another one turns it round."""
    heads = report.page.locator("#table thead th")
    for name, kind in [("m/z", float), ("RT (s)", float), ("height", float)]:
        at = heads.all_inner_texts().index(name)
        orders = []
        for _ in range(2):
            heads.nth(at).locator("button").click()
            orders.append(heads.nth(at).get_attribute("aria-sort"))
            values = [kind(text) for text in report.column(name)]
            assert values == sorted(values, reverse=orders[-1] == "descending"), f"{name}: {values[:5]}"
        assert sorted(orders) == ["ascending", "descending"], orders


def search(report, mz, features, compounds):
    """Typing an m/z leaves only compounds that have it, as their mass or that of an ion, and opens the first."""
    report.page.fill("#query", mz)

    def fits(text):
        return text.startswith(mz) or (text and f"{float(text):.{len(mz.split('.')[1])}f}" == mz)

    wanted = {feature["compound_id"] for feature in features.values() if feature["compound_id"] and fits(feature["precursor_mz"])}
    wanted |= {compound["compound_id"] for compound in compounds if fits(compound["neutral_mass"])}
    assert set(report.column("id")) == {f"C{key}" for key in wanted}, f"{mz}: {report.column('id')} instead of {wanted}"
    opened = report.page.locator("#feature dl dd").first.inner_text().removeprefix("#")
    assert features[opened]["compound_id"] in wanted, f"{mz}: {opened} was opened"
    report.page.fill("#query", "no such thing")
    assert report.rows().count() == 0
    report.page.fill("#query", mz)


def list_ions(report, compounds):
    """An opened compound shows its ions; what is no ion of a compound has a list of its own."""
    most = max(compounds, key=lambda compound: int(compound["n_ions"]))
    report.page.fill("#query", f"C{most['compound_id']}")
    report.open(most["main_ion"])
    shown = report.page.locator("#table tr.ion td:first-child").all_inner_texts()
    ions = [f"#{ion.partition(':')[0]}" for ion in most["ions"].split(",")]
    assert shown == (ions if len(ions) > 1 else []), f"{shown} instead of {ions}"
    report.page.fill("#query", "")


def filter_rows(report, features, compounds):
    """The parts of the list make up the whole."""
    def many(show):
        report.page.select_option("#show", show)
        return int(report.page.locator("#pager").inner_text().split(" of ")[-2].split()[-1])

    counts = {show: many(show) for show in ("own", "mixture", "spectrum", "none", "rest", "")}
    assert counts["own"] + counts["mixture"] == counts["spectrum"], counts
    assert counts["spectrum"] + counts["none"] == counts[""] == len(compounds), counts
    assert counts["rest"] == sum(not feature["compound_id"] for feature in features.values()), counts


def compare_blocks(report, blocks):
    """The page has every block of spectra.mgf."""
    told = report.page.evaluate("() => { const data = readData(); return data.features.filter((f) => foundFragments(f).length).map((f) => [f.id, mgf(f, data)]); }")
    assert {str(key) for key, _ in told} == blocks.keys()
    for key, block in told:
        assert block.strip() == blocks[str(key)].strip(), f"of the page:\n{block}\nin the file:\n{blocks[str(key)]}"


def copy(report, key, blocks):
    """What is copied is what spectra.mgf holds."""
    report.open(key)
    report.page.locator("button", has_text="Copy MGF block").click()
    report.page.locator("button", has_text="Copied").wait_for()
    report.page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'pasted' }))")
    report.page.locator("#pasted").focus()
    report.page.keyboard.press("Control+V")
    pasted = report.page.locator("#pasted").input_value()
    report.page.evaluate("document.getElementById('pasted').remove()")
    assert pasted.strip() == blocks[key].strip(), f"copied:\n{pasted}\nin the file:\n{blocks[key]}"


def blocks_of(path):
    blocks = re.findall(r"BEGIN IONS\n.*?END IONS\n", path.read_text(encoding="utf-8"), re.DOTALL)
    return {re.search(r"^FEATURE_ID=(.*)$", block, re.MULTILINE)[1]: block for block in blocks}


def main():
    folder, browser, screenshots = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    screenshots.mkdir(parents=True, exist_ok=True)
    features = {row["feature_id"]: row for row in table(folder / "features.tsv")}
    compounds = table(folder / "compounds.tsv")
    peaks = {}
    for row in table(folder / "fragments.tsv"):
        if row["status"] == "matched":
            peaks.setdefault(row["feature_id"], []).append(row)
    # With a spectrum and candidates if there is one: the fullest page.
    by_height = sorted(peaks, key=lambda key: (not features[key]["best_candidate"], -float(features[key]["height"])))
    mz = next(iter(sys.argv[4:]), "") or f"{float(features[by_height[0]]['precursor_mz']):.3f}"
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        report = Report(chromium, folder, viewport=DESK)
        report.page.screenshot(path=screenshots / "overview.png")
        open_every_feature(report, features, peaks)
        sort(report)
        filter_rows(report, features, compounds)
        list_ions(report, compounds)
        search(report, mz, features, compounds)
        blocks = blocks_of(folder / "spectra.mgf")
        compare_blocks(report, blocks)
        copy(report, by_height[0], blocks)
        report.page.locator("#table tbody tr").first.click()
        report.fits("desk")
        for box in report.page.locator(".scroll").all():
            cut = box.evaluate("box => box.scrollWidth - box.clientWidth")
            assert cut <= 0, f"a table is {cut} px wider than its place on a desk: {box.inner_text()[:80]}"
        report.page.screenshot(path=screenshots / "search.png")
        if features[by_height[0]]["best_candidate"]:
            report.page.locator("#feature h3", has_text="Candidates").locator("xpath=following-sibling::div[1]").screenshot(path=screenshots / "candidates.png")
        box = report.page.locator("#feature").bounding_box()
        top = box["y"] + report.page.evaluate("scrollY")
        report.page.screenshot(path=screenshots / "feature.png", full_page=True, clip={"x": box["x"], "y": top, "width": box["width"], "height": min(box["height"], FEATURE_HEIGHT)})
        report.page.fill("#query", "")
        cut = report.page.locator("#features .scroll").evaluate("box => box.scrollWidth - box.clientWidth")
        assert cut <= 0, f"the table of all compounds is {cut} px wider than its place on a desk"
        report.page.pdf(path=screenshots / "print.pdf", format="A4")
        report.end()
        report = Report(chromium, folder, viewport=DESK)
        opened = report.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        print(f"times of the page, at most, ms: load {opened:.0f}, {times(report, features, mz)}")
        report.end()
        for name, options in {"dark": {"viewport": DESK, "color_scheme": "dark"}, "phone": {"viewport": PHONE, "device_scale_factor": 2}}.items():
            report = Report(chromium, folder, **options)
            report.page.fill("#query", mz)
            report.page.wait_for_selector("#feature h2")
            report.fits(name)
            legible(report, mz)
            report.page.screenshot(path=screenshots / f"{name}.png", full_page=name == "phone")
            report.end()
        version = chromium.version
        chromium.close()
    print(f"report: {len(features)} features opened in Chromium {version}; searched for {mz}")


if __name__ == "__main__":
    main()
