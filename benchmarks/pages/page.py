"""`calmline bench page`: what the agent's page costs in a real headless Chromium, late in a call of three hours.

The page joins a call whose three hours are its past, over the real protocol. Then ten messages a second come, and the
processor time of the page's process is read; then an hour more comes as fast as the page takes it, and the heap is read
after a garbage collection every ten minutes of it. The messages are invented, of the sizes and kinds of a real call:
only the page is measured here, so the server around it has no ears.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from audio.errors import CalmlineError
from benchmarks.machine import Machine, this_machine
from benchmarks.pages.page_feed import MESSAGES, PAST_S, TURN_S, Feed, application, second

HOUR_S = 3600
STEP_S = 600  # between two readings of the heap


@dataclass(frozen=True, slots=True)
class PageResult:
    machine: Machine
    chromium: str
    past_h: float
    turns: int  # in the past
    joined_s: float  # from opening the page to all of the past on it
    measured_s: float
    messages_per_s: float
    cpu_share: float  # of one core, of the page's process
    heap_mb: list[float]  # after a collection: past loaded, then every ten minutes of an hour more
    nodes: list[int]  # in the document, at the same moments


class NoBrowserError(CalmlineError):
    """There is nothing to open the page with."""

    def __init__(self) -> None:
        super().__init__("Chromium was expected, to open the page in; it is not there: install the package chromium.")


def chromium() -> str:
    """The path of Chromium. Raises `NoBrowserError`."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        raise NoBrowserError
    return executable


async def bench_page(seconds: int) -> PageResult:
    """`seconds`: how long the processor time is measured for."""
    feed = Feed()
    async with _serving(feed) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        began = perf_counter()
        await page.goto(address)
        await _has_reached(page, PAST_S)
        joined = perf_counter() - began
        share, passed = await _processor_share(browser, page, feed, seconds)
        heap, nodes = await _memory(page, feed, PAST_S + seconds)
        version = browser.version
        await browser.close()
    return PageResult(
        machine=this_machine(),
        chromium=version,
        past_h=PAST_S / 3600,
        turns=PAST_S // TURN_S,
        joined_s=round(joined, 2),
        measured_s=round(passed, 1),
        messages_per_s=round(seconds * MESSAGES / passed, 2),
        cpu_share=round(share, 4),
        heap_mb=heap,
        nodes=nodes,
    )


@asynccontextmanager
async def _serving(feed: Feed) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application(feed), log_level="warning"))
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


async def _has_reached(page: Page, seconds: int) -> None:
    """Wait until the page shows that moment of the call."""
    hours, rest = divmod(seconds, 3600)
    text = f"{hours}:{rest // 60:02}:{rest % 60:02}"
    await page.locator("call-status .time").get_by_text(text, exact=True).wait_for(timeout=120_000)


async def _processor_share(browser: Browser, page: Page, feed: Feed, seconds: int) -> tuple[float, float]:
    """Processor time of the page's process per second while messages come evenly, and the seconds that it took."""
    session = await browser.new_browser_cdp_session()

    async def spent() -> float:
        told = await session.send("SystemInfo.getProcessInfo")
        return sum(float(process["cpuTime"]) for process in told["processInfo"] if process["type"] == "renderer")

    before, began = await spent(), perf_counter()
    due = began
    for number in range(PAST_S, PAST_S + seconds):
        for message in second(number):
            due += 1 / MESSAGES
            await feed.tell([message])
            await asyncio.sleep(max(0.0, due - perf_counter()))
    after, passed = await spent(), perf_counter() - began
    await _has_reached(page, PAST_S + seconds)
    return (after - before) / passed, passed


async def _memory(page: Page, feed: Feed, start: int) -> tuple[list[float], list[int]]:
    """Heap in MB and nodes in the document, at the start and after each step of an hour."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    heap, nodes = [], []
    for now in range(start, start + HOUR_S + 1, STEP_S):
        await _has_reached(page, now)
        await session.send("HeapProfiler.collectGarbage")
        told = await session.send("Performance.getMetrics")
        metrics = {metric["name"]: metric["value"] for metric in told["metrics"]}
        heap.append(round(metrics["JSHeapUsedSize"] / 1e6, 2))
        nodes.append(round(metrics["Nodes"]))
        if now < start + HOUR_S:
            await feed.tell(message for number in range(now, now + STEP_S) for message in second(number))
    return heap, nodes
