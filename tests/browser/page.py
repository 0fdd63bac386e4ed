"""A server of ours and a real browser, for journeys and measurements."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from ui.web.launch import command, environment

WIDE, PHONE = (1440, 1000), (390, 844)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def browser_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def served(home: Path, **variables: str) -> Iterator[str]:
    """The page over a knowledge base, on a free port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "page.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command(home, port), env={**environment(home), **variables}, stdout=out, stderr=out
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _until_up(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            with urllib.request.urlopen(address + "/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the page did not come up: " + log.read_text())


class Page:
    """A browser on our page: it waits for what a reader would see."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str = "/", *, wait: bool = True) -> None:
        self.driver.get(self.address + path)
        if wait:
            self.settle()

    def settle(self, timeout: float = 30) -> None:
        """Until the script has run and nothing is drawn any more."""
        self.until(lambda: self._state() == "notRunning", timeout, "the page to settle")
        time.sleep(0.05)

    def _state(self) -> str:
        found = self.driver.find_elements(By.CSS_SELECTOR, "[data-testid='stApp']")
        return found[0].get_attribute("data-test-script-state") or "" if found else ""

    def until(self, condition: Callable[[], Any], timeout: float = 20, what: str = "") -> Any:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                if found := condition():
                    return found
            except Exception:  # noqa: BLE001 - elements vanish while the page is drawn
                pass
            time.sleep(0.02)
        raise AssertionError(
            f"waited {timeout} s for {what or condition}; the page: {self.text()[:1500]}"
        )

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def sees(self, words: str, timeout: float = 20) -> None:
        self.until(lambda: words in self.text(), timeout, repr(words))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str, timeout: float = 20) -> WebElement:
        found: WebElement = self.until(
            lambda: next((e for e in self.all(selector) if e.is_displayed()), None),
            timeout,
            selector,
        )
        return found

    def click(self, selector: str, words: str = "", timeout: float = 20) -> None:
        """Click the first visible element whose text holds the words."""

        def hit() -> bool:
            for element in self.all(selector):
                if element.is_displayed() and words in element.text:
                    self.driver.execute_script(
                        "arguments[0].scrollIntoView({block: 'center'})", element
                    )
                    element.click()
                    return True
            return False

        self.until(hit, timeout, f"{selector} {words!r}")

    def still(self, selector: str, timeout: float = 30) -> WebElement:
        """The first visible element, once it has neither moved nor grown for half a second."""
        rect: dict[str, float] | None = None
        since = 0.0

        def stands() -> WebElement | None:
            nonlocal rect, since
            element = next(e for e in self.all(selector) if e.is_displayed())
            if element.rect != rect:
                rect, since = element.rect, time.monotonic()
            return element if time.monotonic() - since > 0.5 else None

        found: WebElement = self.until(stands, timeout, f"{selector} to stand still")
        return found

    def point(self, selector: str, x: int, y: int) -> None:
        """Click in what is drawn on a canvas, so many pixels from its upper left corner."""
        element = self.still(selector)
        width, height = element.size["width"], element.size["height"]
        ActionChains(self.driver).move_to_element_with_offset(
            element, x - width // 2, y - height // 2
        ).click().perform()

    def link(self, words: str) -> None:
        self.click("[data-testid='stPageLink'] a, .stHtml a", words)

    def button(self, words: str) -> None:
        self.click("button", words)

    def shoot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))

    def path(self) -> str:
        parts = urlsplit(self.driver.current_url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def requests(self) -> list[str]:
        """Every address that the browser asked for since the last look."""
        addresses = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                addresses.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                addresses.append(message["params"]["url"])
        return addresses

    def outside(self) -> list[str]:
        """Requests that left this machine."""
        return [
            address
            for address in self.requests()
            if urlsplit(address).scheme in ("http", "https", "ws", "wss")
            and urlsplit(address).hostname not in LOOPBACK
        ]


@contextmanager
def browsing(
    address: str,
    folder: Path,
    *,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    lang: str = "en-US",
    tz: str = "UTC",
) -> Iterator[Page]:
    """A fresh browser profile in `folder`."""
    options = Options()
    options.binary_location = browser_path() or "chromium"
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
        f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}",
        f"--lang={lang}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs",
        {
            "intl.accept_languages": lang,
            "download.default_directory": str(folder / "downloads"),
        },
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = Service(
        shutil.which("chromedriver") or "chromedriver", env={**os.environ, "LANG": lang, "TZ": tz}
    )
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_window_size(*size)
        driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": tz})
        driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": lang.replace("-", "_")})
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600},
        )
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]},
        )
        yield Page(driver, address)
    finally:
        driver.quit()
