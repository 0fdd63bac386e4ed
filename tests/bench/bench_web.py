"""The page in a real browser, over a whole knowledge base (KB_BENCH_HOME): what a reader waits for.

    KB_BENCH_HOME=... python tests/bench/bench_web.py [first search again filter browse memory]

Medians in seconds, from the key press or click as the browser saw it until what was asked for is
painted, beside what must hold; then the server's memory with five sessions open.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from selenium.webdriver.common.keys import Keys

ROUNDS = 5
QUESTIONS = (
    "server hangs after half an hour", "speculative decoding crash", "memory leak in the cache",
    "LoRA adapters load slowly", "wrong output with quantized weights", "scheduler overlap",
)  # fmt: skip
BOX = "[class*='st-key-w-q'] input"


def page_module() -> Any:
    path = Path(__file__).parents[1] / "browser" / "page.py"
    spec = importlib.util.spec_from_file_location("browser_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    home = Path(os.environ["KB_BENCH_HOME"])
    wanted = set(sys.argv[1:])
    browser = page_module()
    with ExitStack() as stack:
        address = stack.enter_context(browser.served(home))
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(5)]
        pages = [stack.enter_context(browser.browsing(address, folders[0]))]
        page = pages[0]
        page.open("/browse")
        time.sleep(3)
        page.open("/?q=warm+up")
        for name, must, task in (
            ("first", 3.0, first_paint), ("search", 0.5, search),
            ("again", 0.5, search_again), ("filter", 0.5, narrow), ("browse", 1.5, browse),
        ):  # fmt: skip
            if wanted and name not in wanted:
                continue
            taken = [task(page, turn) for turn in range(ROUNDS)]
            median = statistics.median(taken)
            mark = "ok" if median <= must else "TOO SLOW"
            print(
                f"{name:8} {median:6.2f}  (must {must:g})  {mark}  {sorted(round(t, 2) for t in taken)}"
            )
        if not wanted or "memory" in wanted:
            for folder in folders[1:]:
                pages.append(stack.enter_context(browser.browsing(address, folder)))
            for place, each in enumerate(pages):
                each.open("/browse" if place % 2 else "/?q=cache")
            print(
                f"memory with {len(pages)} sessions: {server_memory(address):.0f} MiB (goal 1229)"
            )
        print(f"outside requests: {sum(len(each.outside()) for each in pages)}")
    return 0


SETTLED = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"

# The page itself keeps the moment of the act and looks at every frame: a driver's round trips are
# no part of what a reader waits for, and would take the processor from it.
ACT = """
window.acted = undefined;
for (const kind of ['keydown', 'click'])
  window.addEventListener(kind, event => { window.acted = event.timeStamp; }, true);
"""
PAINTED = """
const done = arguments[0];
const look = () => (%s)
  ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - (window.acted ?? 0))))
  : requestAnimationFrame(look);
look();
"""


def painted(page: Any, condition: str) -> float:
    """Seconds from the last act (or from the navigation, without one) until a condition holds in
    the page and the frame that shows it was painted."""
    page.driver.set_script_timeout(60)
    return float(page.driver.execute_async_script(PAINTED % condition)) / 1000


def first_paint(page: Any, turn: int) -> float:
    """A new tab on the start page until its examples stand."""
    del turn
    page.driver.get("about:blank")
    page.driver.get(page.address + "/")
    return painted(page, "document.querySelector('.card')")


# The link to the risks of all results names each of them.
RESULTS = "document.querySelector('.st-key-search-head a')?.href.replace(/.*[?]/, '')"


def search(page: Any, turn: int) -> float:
    """Enter in the box until the results of this question stand."""
    return _ask(page, f"{QUESTIONS[turn]} {turn}")


def search_again(page: Any, turn: int) -> float:
    return _ask(page, QUESTIONS[turn % 2])


def _ask(page: Any, words: str) -> float:
    box = page.one(BOX)
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(words)
    page.driver.execute_script(ACT + f"window.before = {RESULTS};")
    box.send_keys(Keys.ENTER)
    return painted(
        page,
        f"new URLSearchParams(location.search).get('q') === {words!r} && {SETTLED}"
        f" && {RESULTS} && {RESULTS} !== window.before",
    )


def narrow(page: Any, turn: int) -> float:
    """A value chosen in a filter until the list holds only it."""
    page.open(f"/?since=2026-0{turn % 3 + 1}-01")
    page.click("[data-testid='stSidebar'] [data-testid='stMultiSelect'] input")
    option = page.until(lambda: page.all("[role='option']"), 20)[turn]
    page.driver.execute_script(ACT)
    option.click()
    return painted(
        page,
        f"location.search.includes('type=') && {SETTLED}"
        " && document.querySelector('[class*=st-key-chip-type] button')",
    )


def browse(page: Any, turn: int) -> float:
    """The link in the sidebar until the charts and the ledger stand."""
    page.open("/?q=" + QUESTIONS[turn].replace(" ", "+"))
    page.driver.execute_script(ACT)
    page.link("Browse")
    return painted(
        page,
        " && ".join(
            f"document.querySelector({selector!r})"
            for selector in (
                "[class*=st-key-activity] :is(svg, canvas)",
                "[class*=st-key-modules] canvas",
                "[class*=st-key-importance] :is(svg, canvas)",
                "[class*=st-key-weeks] :is(svg, canvas)",
                "[class*=st-key-authors] :is(svg, canvas)",
                "[data-testid=stDataFrame]",
            )
        ),
    )


def server_memory(address: str) -> float:
    """MiB that the server holds (proportional set size, so that shared pages count once)."""
    port = address.rsplit(":", 1)[-1]
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"--server.port={port}" in status.read_bytes().decode("utf-8", "replace"):
                lines = (status.parent / "smaps_rollup").read_text().splitlines()
                return (
                    int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
                )
        except OSError:
            continue
    return float("nan")


if __name__ == "__main__":
    sys.exit(main())
