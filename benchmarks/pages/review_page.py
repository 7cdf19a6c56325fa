"""`calmline bench review`: how the QA page bears a call of three hours, in a real headless Chromium.

The page is driven as a reviewer would drive it: opened, zoomed in and out, scrolled, clicked, played. A step is done
when the browser has drawn the frame after it; frames are drawn without a graphics card here.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from playwright.sync_api import CDPSession, Page, sync_playwright

from audio.speech.vad import load_vad
from benchmarks.load.long_call import lay_long_call
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.pages.page import chromium
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.app import ServerSettings
from server.live.registry import Engine
from server.loading import load_engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.serve import serving
from server.settings import Settings
from server.store.store import Store

_FRAME = "() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 0)))"


@dataclass(frozen=True, slots=True)
class ReviewResult:
    machine: Machine
    chromium: str
    hours: float
    events: int
    first_opened_s: float  # the first time, when the peaks of the sound are found
    opened_s: float
    zoom_ms: Spread
    scroll_ms: Spread
    click_ms: Spread
    playing_cpu_share: float  # of one core: the page's main thread, 60 frames a second
    heap_mb: float


def bench_review(hours: float, seconds: int) -> ReviewResult:
    """`seconds`: how long playback is measured for."""
    with tempfile.TemporaryDirectory() as folder:
        with Store(Path(folder)) as store:
            long = lay_long_call(store, load_engine(Settings()), hours)
            events = store.last(long.id)
        deaf = Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())
        with serving(ServerSettings(port=0, data_folder=folder), deaf) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 900})
            first_opened, opened = _open(page), _open(page)
            zoom = [_step(page, ".zoom [aria-label='Zoom in']") for _ in range(8)]
            scroll = [_scroll(page) for _ in range(30)]
            click = [_click(page, share) for share in (0.1, 0.5, 0.9)]
            zoom += [_step(page, ".zoom [aria-label='Zoom out']") for _ in range(8)]
            click += [_click(page, share) for share in (0.1, 0.5, 0.9)]
            playing, heap = _play(page, page.context.new_cdp_session(page), seconds)
            version = browser.version
            browser.close()
    return ReviewResult(
        machine=this_machine(),
        chromium=version,
        hours=hours,
        events=events,
        first_opened_s=round(first_opened, 2),
        opened_s=round(opened, 2),
        zoom_ms=spread(zoom),
        scroll_ms=spread(scroll),
        click_ms=spread(click),
        playing_cpu_share=round(playing, 3),
        heap_mb=round(heap, 1),
    )


def _open(page: Page) -> float:
    began = perf_counter()
    page.goto("/review.html?call=long")
    page.locator("call-timeline[data-waveform]").wait_for(timeout=60_000)
    page.evaluate(_FRAME)
    return perf_counter() - began


def _step(page: Page, button: str) -> float:
    return _timed(page, f"document.querySelector({button!r}).click()")


def _scroll(page: Page) -> float:
    return _timed(page, "document.querySelector('call-timeline .window').scrollLeft += 200")


def _click(page: Page, share: float) -> float:
    box = "document.querySelector('call-timeline .window')"
    at = f"clientX: {box}.getBoundingClientRect().left + {share} * {box}.clientWidth"
    return _timed(page, f"{box}.dispatchEvent(new MouseEvent('click', {{ {at}, bubbles: true }}))")


def _timed(page: Page, act: str) -> float:
    """Milliseconds from an act to the frame that shows it."""
    began, passed = "const began = performance.now()", "return performance.now() - began"
    return float(page.evaluate(f"async () => {{ {began}; {act}; await ({_FRAME})(); {passed} }}"))


def _play(page: Page, session: CDPSession, seconds: int) -> tuple[float, float]:
    """The share of a core that the page's main thread takes while it plays, and its heap in MB after that."""
    session.send("Performance.enable")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    before, began = _metrics(session), perf_counter()
    page.wait_for_timeout(seconds * 1000)
    after, passed = _metrics(session), perf_counter() - began
    session.send("HeapProfiler.collectGarbage")
    return (after["TaskDuration"] - before["TaskDuration"]) / passed, _metrics(session)["JSHeapUsedSize"] / 1e6


def _metrics(session: CDPSession) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
