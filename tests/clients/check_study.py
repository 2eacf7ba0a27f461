"""Reads the tables of the folder of a study with pandas and pyteomics, and uses its page as a person would.

    python check_study.py DIR [BROWSER SCREENSHOTS]

Needs pandas, pyarrow and pyteomics, and for the page playwright. A warning of a reader, an error of the page's script, anything the page loads, and anything that does not fit the screen is an error here.
"""

import csv
import sys
import warnings
from pathlib import Path

warnings.simplefilter("error")
# Files that a reader leaves open are its own affair.
warnings.simplefilter("ignore", ResourceWarning)

import pandas  # noqa: E402
import pyteomics.mztab  # noqa: E402

from check_outputs import MZTAB_MANDATORY, close  # noqa: E402

STATUSES = {"detected", "filled", "below_limit", "not_scanned"}

# What is done with the keyboard in the table of compounds and runs.
KEYS = ["ArrowDown", "ArrowDown", "ArrowRight", "s", "PageDown", "End", "Home", "ArrowDown", "Enter"]


def matrix(folder, name):
    return pandas.read_csv(folder / f"{name}.tsv", sep="\t", index_col=0)


def check_matrices(folder):
    area, low, high, status = (matrix(folder, name) for name in ["abundance", "abundance_low", "abundance_high", "abundance_status"])
    features, runs = matrix(folder, "features"), matrix(folder, "runs")
    for table in [area, low, high, status]:
        assert list(table.index) == list(features.index)
        assert [str(name) for name in table.columns] == [str(name) for name in runs.index]
    assert all(kind.kind == "f" for table in [area, low, high] for kind in table.dtypes.values if table.shape[0])
    assert set(status.stack()) <= STATUSES, set(status.stack())
    seen = status.isin(["detected", "filled"])
    assert (area.notna() == seen).all(axis=None), "an area where nothing is seen, or none where something is"
    assert not ((low > area) | (area > high)).any(axis=None), "an area outside of its interval"
    quality = matrix(folder, "quality")
    assert list(quality.index) == list(features.index)
    used = runs["left_out"].isna().sum()
    assert (quality[["n_detected", "n_filled", "n_below_limit", "n_not_scanned"]].sum(axis=1) == used).all()
    return area


def check_mztab(folder, area):
    tables = pyteomics.mztab.MzTab(str(folder / "result.mztab"))
    assert (tables.version, tables.variant) == ("2.0.0-M", "M")
    assert [key for key in tables.metadata if key in MZTAB_MANDATORY] == MZTAB_MANDATORY
    features = tables.small_molecule_feature_table
    for number, run in enumerate(area.columns, 1):
        assert tables.metadata[f"assay[{number}]"] == str(run)
        for told, wanted in zip(features[f"abundance_assay[{number}]"], area[run]):
            absent = told is None or pandas.isna(told) or told == "null"
            assert absent == pandas.isna(wanted)
            if not absent:
                close(told, wanted, 0.06)


def check_gnps(folder, area):
    with (folder / "gnps_quant.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for run in area.columns:
            wanted = area.at[int(row["row ID"]), run]
            close(row[f"{run}.mzML Peak area"], 0 if pandas.isna(wanted) else wanted, 0.06)


def check_parquet(folder, area):
    long = pandas.read_parquet(folder / "abundance.parquet")
    wide = long.pivot(index="feature_id", columns="run", values="area")[[str(run) for run in area.columns]]
    assert wide.shape == area.shape
    difference = (wide.to_numpy(dtype=float) - area.to_numpy(dtype=float)) / area.to_numpy(dtype=float)
    assert not (abs(difference) > 1e-4).any()


def check_page(folder, executable, screenshots):
    from playwright.sync_api import sync_playwright

    screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, scheme, width in [("desk", "light", 1440), ("dark", "dark", 1440), ("phone", "light", 400)]:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page, complaints = context.new_page(), []
            page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith("file:") else None)
            page.goto((folder / "report.html").resolve().as_uri())
            page.wait_for_selector("#feature h2")
            page.focus("#grid")
            for key in KEYS:
                page.keyboard.press(key)
            for heading in page.locator("#heat thead button").all():
                heading.click()
            for box in ["show", "group", "scale"]:
                for choice in page.locator(f"#{box} option").all():
                    page.select_option(f"#{box}", index=choice.evaluate("option => option.index"))
            page.select_option("#show", "")
            page.locator("#runs summary").click()
            page.locator("#runs button").first.click()
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"the page is {wide} px wider than the screen"
            page.screenshot(path=screenshots / f"study-{name}.png", full_page=True)
            assert not complaints, complaints[:5]
            context.close()
        browser.close()


def main():
    folder = Path(sys.argv[1])
    area = check_matrices(folder)
    check_mztab(folder, area)
    check_gnps(folder, area)
    if (folder / "abundance.parquet").exists():
        check_parquet(folder, area)
    print(f"study: {area.shape[0]} features in {area.shape[1]} runs as in abundance.tsv")
    if len(sys.argv) > 2:
        check_page(folder, sys.argv[2], Path(sys.argv[3]))
        print("study: the page works by keyboard and pointer")


if __name__ == "__main__":
    main()
