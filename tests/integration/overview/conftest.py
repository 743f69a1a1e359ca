"""The page of `bestbefore report` in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from gatekeeper.freshness.overview.overview import Overview
from gatekeeper.freshness.overview.page import page as html
from tests.programs import program


@dataclass
class OpenPage:
    """A page that a browser shows, and what went wrong in it.

    Attributes:
        page: the tab.
        complaints: of the console, and errors of scripts.
        requests: what it fetched beside itself.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def rows(self) -> list[str]:
        """The workloads of the rows that are seen, in their order."""
        return self.page.locator("#rows tbody tr:visible .c-workload b").all_inner_texts()


Opens = Callable[..., OpenPage]


# Of a module, no longer: while it is there its event loop runs in this thread, and no other one can.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # Everything runs as root in CI, where chromium has no sandbox; the page is our own.
        browser = driver.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opens]:
    """Shows an overview."""
    contexts = []

    def show(overview: Overview, **options: object) -> OpenPage:
        file = tmp_path / "report.html"
        file.write_text(html.render(overview), "utf-8")
        context = browser.new_context(viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options)
        contexts.append(context)
        context.set_offline(True)
        found = OpenPage(context.new_page())
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(file.as_uri())
        return found

    yield show
    for context in contexts:
        context.close()
