"""What people do on the page, in a real browser."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser
Browse = Callable[..., Any]
BOX = "[class*='st-key-w-q'] input"


def downloaded(page: Any, ending: str) -> Path:
    folder: Path = page.folder / "downloads"
    found: list[Path] = page.until(
        lambda: [p for p in folder.glob(f"*{ending}") if p.stat().st_size], 60, ending
    )
    return found[0]


def ask(page: Any, words: str) -> None:
    box = page.one(BOX)
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(words, Keys.ENTER)


def test_from_a_search_to_a_change_to_a_report_to_a_file(
    browse: Browse, sample_page: str, screenshots: Path
) -> None:
    page = browse(sample_page)
    page.open("/")
    page.sees("What changed, when, and why")
    ask(page, "fp8 cache on Hopper")
    page.sees("results ·")
    page.sees("Chroma")
    page.shoot(screenshots / "search.png")
    page.link("fp8 KV cache on Hopper")
    page.sees("What the importance is made of")
    assert "/change?id=" in page.path()
    page.shoot(screenshots / "change.png")
    page.link("Risks of this")
    page.one("iframe", 90)
    page.sees("Based on")
    page.settle()
    page.shoot(screenshots / "risks.png")
    for form in ("MD", "HTML", "PDF", "JSON"):
        page.button(form)
        downloaded(page, "." + form.lower())
    assert downloaded(page, ".pdf").read_bytes().startswith(b"%PDF")
    assert json.loads(downloaded(page, ".json").read_text(encoding="utf-8"))["kind"] == "risks"
    assert "Risk" in downloaded(page, ".md").read_text(encoding="utf-8")


def test_filters_and_the_back_button(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/?q=queue")
    page.sees("results ·")
    box = page.one("[data-testid='stSidebar'] [data-testid='stMultiSelect'] input")
    box.click()
    page.click("[role='option']", "bug fix")
    page.until(lambda: "type=bugfix" in page.path(), what="the filter in the address")
    page.sees("Type: bug fix ×")
    page.driver.back()
    page.until(lambda: "type=" not in page.path(), what="the address before")
    page.until(lambda: "Type: bug fix ×" not in page.text(), what="the filter to be gone")
    page.driver.forward()
    page.sees("Type: bug fix ×")
    page.button("Type: bug fix ×")
    page.until(lambda: "type=" not in page.path(), what="the chip to take the filter away")


HEIGHTS = """
window.heights = [];
const look = () => {
  const table = document.querySelector(".st-key-table-found");
  const tall = table && Math.round(table.getBoundingClientRect().height);
  if (tall && tall !== window.heights.at(-1)) window.heights.push(tall);
  requestAnimationFrame(look);
};
look();
"""


def test_what_is_below_a_table_does_not_move_when_it_comes(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HEIGHTS})
    page.open("/?type=bugfix&view=table")
    page.still("[data-testid='stDataFrame']")
    assert len(page.driver.execute_script("return heights")) == 1


def test_an_address_of_no_page_says_so_in_the_readers_language(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page, lang="zh-CN")
    page.open("/nowhere?q=cache")
    page.sees("没有这个页面")
    page.button("EN")
    page.sees("There is no such page.")
    assert page.all("[role='dialog']") == []
    page.click(".st-key-examples a", "Browse")
    page.sees("Over the weeks")
    page.open("/search?q=queue")
    page.sees("条结果")
    assert page.all("[role='dialog']") == []


def test_back_from_a_change_leads_to_the_same_results(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/?q=lost+jobs&mode=lexical&sort=newest")
    page.sees("results ·")
    page.driver.execute_script("window.loaded = 'once'")
    page.click(".card .title")
    page.sees("Files:")
    page.driver.back()
    page.sees("results ·")
    assert page.path() == "/?q=lost+jobs&mode=lexical&sort=newest"
    assert page.one(BOX).get_attribute("value") == "lost jobs"
    page.link("Similar")
    page.until(lambda: page.path().startswith("/?like="), what="similar changes")
    page.sees("Changes like")
    assert page.driver.execute_script("return window.loaded") == "once"  # nothing was loaded anew


SCROLLED = "return document.querySelector('[data-testid=stMain]').scrollTop"


def test_back_from_a_change_leads_to_the_same_place_in_the_list(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.open("/?q=queue+worker")
    page.sees("results ·")
    page.click(".card:nth-of-type(9) .title")  # scrolls there
    page.sees("Files:")
    page.until(lambda: page.driver.execute_script(SCROLLED) == 0, 5, "the top of the change")
    page.driver.back()
    page.sees("results ·")
    page.until(lambda: page.driver.execute_script(SCROLLED) > 300, 5, "the ninth result")
    page.driver.forward()
    page.sees("Files:")
    page.until(lambda: page.driver.execute_script(SCROLLED) == 0, 5, "the top of the change")


def test_back_leaves_a_page_that_completed_its_address_by_itself(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.open("/change?id=lanternworks/ember%231246")
    page.sees("Files:")
    page.link("Risks of this")
    page.one("iframe", 90)
    page.until(lambda: "saved=" in page.path(), what="the number of the kept report")
    page.driver.back()
    page.sees("What the importance is made of")
    page.link("Reports")
    page.until(lambda: "on=" in page.path(), what="the day of the report")
    page.driver.back()
    page.sees("What the importance is made of")


def test_on_a_phone_a_link_in_the_sidebar_shows_where_it_leads(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page, size=(390, 844))
    page.open("/")
    page.click("[data-testid='stExpandSidebarButton']")
    page.click("[data-testid='stSidebar'] [data-testid='stPageLink'] a", "Browse")
    page.sees("Activity")
    edge = "return document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right"
    page.until(lambda: page.driver.execute_script(edge) <= 0, 5, "the sidebar to make way")


BOXES = """return [...document.querySelectorAll(arguments[0])].map(each => {
  const {top, bottom, width} = each.getBoundingClientRect(); return [top, bottom, width]})"""


def test_the_links_of_the_sidebar_do_not_lie_over_each_other(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.open("/")
    page.sees("Sources")
    links = page.driver.execute_script(BOXES, ".st-key-navigation a")
    assert len(links) == 5
    for (_, bottom, _), (top, _, _) in itertools.pairwise(links):
        assert bottom <= top + 1


@pytest.mark.parametrize("size", [(1440, 1000), (1024, 800), (390, 844)])
def test_the_figures_of_browse_are_equally_wide(
    browse: Browse, sample_page: str, size: tuple[int, int]
) -> None:
    page = browse(sample_page, size=size)
    page.open("/browse")
    page.sees("Mean importance")
    widths = {round(width) for _, _, width in page.driver.execute_script(BOXES, ".stMetric")}
    assert len(widths) == 1


def test_whoever_goes_by_keyboard_sees_which_link_is_next(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/?q=lost+jobs")
    page.sees("results ·")
    for selector in (".st-key-search-head a", ".st-key-navigation a"):
        page.one(selector)
        page.driver.execute_script(
            "document.querySelector(arguments[0]).focus({focusVisible: true})", selector
        )
        style = "return getComputedStyle(document.activeElement).outlineStyle"
        assert page.driver.execute_script(style) != "none"


def test_a_report_without_changes_is_no_taller_than_its_words(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.open("/report?kind=day&on=2020-01-01")
    page.button("Make the report")
    page.one("iframe", 90)
    height = "return document.querySelector('iframe').getBoundingClientRect().height"
    page.until(lambda: page.driver.execute_script(height) < 500, 5, "a frame that fits")


def test_a_card_opens_in_a_new_tab_where_the_reader_wants_it(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page)
    page.open("/?q=lost+jobs")
    page.sees("results ·")

    def beside() -> bool:
        """Clicks where the link is now: what is drawn above it may still move it."""
        link = page.one(".card .title")
        ActionChains(page.driver).key_down(Keys.CONTROL).click(link).key_up(Keys.CONTROL).perform()
        time.sleep(0.5)
        return len(page.driver.window_handles) > 1

    page.until(beside, what="the second tab")
    assert page.path() == "/?q=lost+jobs"
    page.driver.switch_to.window(page.driver.window_handles[1])
    page.sees("Files:")


def test_a_cold_link_shows_what_it_says(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/?type=security&view=table&lang=zh&tz=Asia/Shanghai")
    page.sees("类型：安全 ×")
    page.one("[data-testid='stDataFrame']")
    page.click(".st-key-zone button", "Asia/Shanghai")
    assert page.one("[class*='st-key-pick-tz'] input").get_attribute("value") == "Asia/Shanghai"


def test_a_bad_link_helps(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/change?id=no/such%2399")
    page.sees("There is no change no/such#99 here")
    page.link("Search for")
    page.until(lambda: page.path().startswith("/?q="), what="the search")


def test_the_language_is_the_browsers_and_then_the_readers(
    browse: Browse, sample_page: str, screenshots: Path
) -> None:
    page = browse(sample_page, lang="zh-CN", tz="Asia/Shanghai")
    page.open("/change?id=1246")
    page.sees("重要度的构成")
    page.sees("2026-10-28 22:22")
    page.shoot(screenshots / "change-zh.png")
    page.button("EN")
    page.sees("What the importance is made of")
    page.until(lambda: "lang=en" in page.path(), what="the language in the address")
    page.link("Browse")
    page.sees("Activity")
    assert "lang=en" in page.path()


def test_selected_rows_lead_to_their_risks(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/?type=bugfix&view=table")
    for line in (1, 2):
        page.point("[data-testid='stDataFrame'] canvas", 18, 36 * line + 18)
        page.sees(f"{line} selected")
    page.link("Risks of the 2 selected")
    page.one("iframe", 90)
    assert page.path().count("id=") == 2


def test_a_brush_becomes_a_range_and_a_click_a_filter(
    browse: Browse, sample_page: str, screenshots: Path
) -> None:
    page = browse(sample_page, size=(1440, 2000))
    page.open("/browse")
    page.still("[class*='st-key-modules'] canvas")
    chart = page.still("[class*='st-key-activity'] canvas, [class*='st-key-activity'] svg")
    page.shoot(screenshots / "browse.png")
    ActionChains(page.driver).move_to_element_with_offset(
        chart, -100, 0
    ).click_and_hold().move_by_offset(200, 0).release().perform()
    page.until(lambda: "since=" in page.path() and "until=" in page.path(), what="a range")
    page.sees("From: 2026-10")
    page.point("[class*='st-key-modules'] canvas", 20, 20)
    page.until(lambda: "module=" in page.path(), what="a module")


def test_a_kept_report_is_found_by_its_address(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/report?on=2026-10-28")
    page.button("Make the report")
    page.one("iframe", 90)
    page.until(lambda: "saved=" in page.path(), what="the kept report in the address")
    link = page.path()
    page.open(link)
    page.one("iframe", 60)
    page.sees("Reports made before")


def test_on_a_phone_a_report_is_as_tall_as_its_text(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page, size=(390, 844))
    page.open("/report?on=2026-10-28")
    page.button("Make the report")
    frame = page.one("iframe", 90)
    page.until(lambda: frame.size["height"] > 3000, 10, "the frame to grow")

    def below() -> bool:
        past = next(each for each in page.all("h3") if each.text == "Reports made before")
        return bool(past.location["y"] > frame.location["y"] + frame.size["height"])

    page.until(below, what="a report that nothing lies over")
    before = page.driver.execute_script(SCROLLED)
    page.driver.switch_to.frame(frame)
    room = "return document.documentElement.scrollHeight - window.innerHeight"
    page.until(lambda: page.driver.execute_script(room) <= 0, what="a frame that does not scroll")
    links = page.all("a[href^='#']")
    links[-1].click()
    page.driver.switch_to.default_content()
    page.until(
        lambda: page.driver.execute_script(SCROLLED) > before + 3000, 5, "the place of the link"
    )


def test_a_report_is_cancelled_while_the_model_is_asked_and_made_again(
    browse: Browse, served_home: Path, tmp_path: Path, screenshots: Path
) -> None:
    from browser_page import served
    from openai_server import OpenAIServer, honest

    def slow(request: Any) -> Any:
        time.sleep(1.5)
        return honest(request)

    home = Path(shutil.copytree(served_home, tmp_path / "home"))
    with (
        OpenAIServer(author=slow) as model,
        served(home, KB_CHAT_MODEL="openai:test", KB_CHAT_BASE_URL=model.url) as address,
    ):
        page = browse(address)
        page.open("/report?on=2026-10-28")
        page.button("Make the report")
        page.sees("Asking the model")
        page.until(lambda: model.requests, what="the first question to the model")
        page.shoot(screenshots / "report-progress.png")
        page.button("Cancel")
        page.sees("The report was cancelled.", 5)
        assert "Asking the model" not in page.text()
        time.sleep(4)  # what was under way ends; nothing new is asked
        asked = len(model.requests)
        time.sleep(4)
        assert len(model.requests) == asked
        assert "saved=" not in page.path()
        page.button("Make the report")
        page.sees("Asking the model")
        assert "The report was cancelled." not in page.text()
        page.button("Cancel")
        page.sees("The report was cancelled.", 5)


@pytest.mark.parametrize("size", [(1440, 1000), (390, 844)], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_screen_is_seen(
    browse: Browse, sample_page: str, screenshots: Path, size: tuple[int, int], dark: bool
) -> None:
    page = browse(sample_page, size=size, dark=dark)
    kind = ("phone" if size[0] < 600 else "wide") + ("-dark" if dark else "")
    for name, path in (
        ("search", "/?q=queue+worker"), ("change", "/change?id=1246"), ("browse", "/browse"),
        ("report", "/report"), ("ask", "/ask"), ("sources", "/sources"),
    ):  # fmt: skip
        page.open(path)
        time.sleep(0.6)
        page.settle()
        page.shoot(screenshots / f"{kind}-{name}.png")
        assert "Something went wrong" not in page.text()
        wide = page.driver.execute_script(
            "return document.scrollingElement.scrollWidth - window.innerWidth"
        )
        assert wide <= 1, f"{name} is wider than the screen by {wide}"


def test_beside_the_sidebar_no_figure_and_no_button_is_cut(
    browse: Browse, sample_page: str
) -> None:
    page = browse(sample_page, size=(1024, 800))
    cut = """
        return [...document.querySelectorAll("[data-testid='stMain'] :is(button, [data-testid='stMetric']) *")]
            .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "hidden")
            .map((e) => e.innerText)
    """
    for path in ("/change?id=1246", "/report?kind=range", "/report", "/browse", "/sources"):
        page.open(path)
        page.one("[data-testid='stMetric'], [class*='st-key-make'] button")
        page.until(lambda: page.driver.execute_script(cut) == [], what=f"all words of {path}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_caption_is_told_in_full_colour(browse: Browse, sample_page: str, dark: bool) -> None:
    """Streamlit lets the page shine through its captions, which leaves text 4.1 : 1."""
    page = browse(sample_page, dark=dark)
    page.open("/browse")
    told = ["1", "rgba(163, 174, 170, 1)" if dark else "rgba(92, 104, 99, 1)"]

    def as_told() -> bool:
        caption = page.one("[data-testid='stCaptionContainer']")
        return [caption.value_of_css_property(name) for name in ("opacity", "color")] == told

    page.until(as_told, what="a caption in full colour")  # our style comes with the first drawing


def test_the_keyboard_is_enough_to_search(browse: Browse, sample_page: str) -> None:
    page = browse(sample_page)
    page.open("/")
    box = page.one(BOX)
    for _ in range(60):
        if page.driver.switch_to.active_element == box:
            break
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
    ActionChains(page.driver).send_keys("lost jobs", Keys.ENTER).perform()
    page.sees("results ·")


# --- a chat model ----------------------------------------------------------------------------------


def test_an_answer_is_streamed_and_its_citation_opens(
    browse: Browse, served_home: Path, tmp_path: Path, screenshots: Path
) -> None:
    from browser_page import served
    from openai_server import OpenAIServer

    home = Path(shutil.copytree(served_home, tmp_path / "home"))
    with (
        OpenAIServer(piece_s=0.05) as model,
        served(home, KB_CHAT_MODEL="openai:test", KB_CHAT_BASE_URL=model.url) as address,
    ):
        page = browse(address)
        page.open("/ask?q=How+were+lost+jobs+fixed%3F", wait=False)
        grown = []

        def written() -> bool:
            shown = page.one("[data-testid='stMain']").text
            grown.append(len(shown))
            return "Written by" in shown

        page.until(written, 60, "the answer")
        assert len(set(grown)) > 3  # it grew before the reader's eyes
        assert model.requests[-1].stream
        page.shoot(screenshots / "ask-model.png")
        for place in ("[data-testid='stMain'] .st-key-answer a", ".stHtml a"):
            page.settle()  # a click on what is about to be drawn anew is lost
            page.click(place, "[1]")
            page.sees("What the importance is made of")
            page.driver.back()
            page.sees("Written by")
        assert len(page.driver.window_handles) == 1
        assert len(model.requests) == 1  # a kept answer is not asked for again


# --- an ingest while the page is open --------------------------------------------------------------


def test_an_ingest_runs_by_itself_and_its_data_appears(
    browse: Browse, tmp_path: Path, sample_path: Path
) -> None:
    from browser_page import served

    home = tmp_path / "home"
    home.mkdir()
    with served(home) as address:
        page = browse(address)
        page.open("/")
        page.sees("Nothing is indexed yet")
        page.link("Or start it here")
        page.sees("Index a repository")
        page.one("[data-testid='stForm'] input").send_keys(str(sample_path))
        page.button("Start")
        page.sees("Indexing")
        other = browse(
            address
        )  # a second page sees the same one, and closing this one stops nothing
        other.open("/sources")
        other.sees("Indexing")
        page.driver.get("about:blank")
        other.sees("lanternworks/ember", 120)
        other.until(lambda: "Indexing ·" not in other.text(), 120, "the ingest to end")
        other.link("Search")
        other.sees("lanternworks/ember: 61 changes")
        ask(other, "lost jobs")
        other.sees("results ·", 40)


# --- hostile text ----------------------------------------------------------------------------------


def test_hostile_text_is_inert_on_every_screen(
    browse: Browse, hostile_home: Path, screenshots: Path
) -> None:
    from browser_page import served

    with served(hostile_home) as address:
        page = browse(address, size=(1440, 2000))
        for path in (
            "/", "/?q=outside+example", "/?type=bugfix&type=refactor&type=feature", "/?since=2026-01-01&view=table",
            *(f"/change?id=evil/repo%23{number}" for number in range(1, 8)),
            "/browse", "/ask?q=What+did+outside+example+change", "/sources",
            "/report?kind=risks&id=evil/repo%231&id=evil/repo%234",
        ):  # fmt: skip
            page.open(path)
            if path.startswith("/report"):
                page.one("iframe", 90)
            time.sleep(0.3)
            assert page.driver.execute_script("return window.pwned") is None, path
            assert "Something went wrong" not in page.text(), path
            main = page.one("[data-testid='stMain']")
            images = [
                image.get_attribute("src") for image in main.find_elements(By.TAG_NAME, "img")
            ]
            assert not [source for source in images if source and "outside" in source], path
            links = [
                link.get_attribute("href") or "" for link in main.find_elements(By.TAG_NAME, "a")
            ]
            assert not [link for link in links if link.startswith("javascript:")], path
        page.shoot(screenshots / "hostile.png")
        page.open("/change?id=evil/repo%233")
        shown = page.text().replace("\u2060", "")
        assert ":material/home: :smile: :streamlit:" in shown  # as written, not as icons
