#!/usr/bin/env python3
"""Draw the PNG icons from static/img/favicon.svg with Chromium. Run it after changing the mark."""

from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "static" / "img"
SIZES = {"apple-touch-icon.png": 180, "icon-512.png": 512}
PAGE = """<!doctype html><style>
  html, body {{ margin: 0; height: 100%; background: #f8f6f3; }}
  body {{ display: grid; place-items: center; }}
  svg {{ width: {width}px; height: {width}px; }}
</style>{svg}"""


def main() -> None:
    svg = (IMAGES / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, size in SIZES.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            # The mark keeps to the middle two thirds: what a round mask leaves.
            page.set_content(PAGE.format(width=round(size * 0.66), svg=svg))
            page.screenshot(path=IMAGES / name)
        browser.close()


if __name__ == "__main__":
    main()
