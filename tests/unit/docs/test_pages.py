"""What the pages say exists: files, commands, options, targets."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gatekeeper.cli.main import COMMANDS, cli
from provider.telemetry.events import Event
from tests import quick_yaml
from tests.unit.docs.pages import PAGES, ROOT, anchors, blocks, commands, links, name

_TARGETS = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def bestbefore_calls() -> Iterator[tuple[str, list[str]]]:
    """Each call of ours in a page: where, and its words."""
    for page in PAGES:
        for line in commands(page):
            for part in re.split(r"\||&&|\|\||;", line):
                words = shlex.split(part.strip()) if "bestbefore " in part else []
                if words[:1] == ["bestbefore"]:
                    yield f"{name(page)}: {part.strip()}", words[1:]


def command_of(words: list[str]) -> click.Command:
    if words[0].startswith("-"):
        return cli
    found = cli.get_command(click.Context(cli), words[0])
    assert found is not None, f"there is no command {words[0]}"
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        target = page.parent / path if path else page
        assert target.exists(), f"{path}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}: there is no such heading"


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    seen = set()
    for where, words in bestbefore_calls():
        options = {option for param in command_of(words).params for option in param.opts} | {"--help", "--version"}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= options, where
        seen.add(words[0])
    assert seen >= set(COMMANDS) - {"serve", "control"}


def test_every_target_of_make_that_a_page_shows_exists() -> None:
    shown = {
        (name(page), word)
        for page in PAGES
        for line in commands(page)
        if line.startswith("make ")
        for word in re.sub(r"#.*|\w+=(\"[^\"]*\"|\S+)", "", line).split()[1:]
    }
    assert {target for _, target in shown} >= {"demo", "test"}
    assert {pair for pair in shown if pair[1] not in _TARGETS} == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_yaml_and_json_of_a_page_can_be_read(page: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            list(quick_yaml.load_all(block.text))
        elif block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_fences_of_a_page_are_closed(page: Path) -> None:
    assert page.read_text("utf-8").count("```") == 2 * len(list(blocks(page)))


def test_index_leads_to_every_page() -> None:
    docs = ROOT / "docs"
    reached = {(docs / path).resolve() for path, _ in links(docs / "index.md")}
    pages = {page for page in PAGES if docs in page.parents and page.parent.name not in {"decisions", "runbooks"}}
    assert pages - reached == {docs / "index.md"}


def test_decisions_are_all_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = {path for path, _ in links(folder / "README.md")}
    assert {page.name for page in folder.glob("0*.md")} == {path for path in listed if path.startswith("0")}


def test_runbooks_are_all_listed() -> None:
    listed = {path for path, _ in links(ROOT / "docs" / "reference" / "alerts.md")}
    pages = {f"../runbooks/{page.name}" for page in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == {path for path in listed if path.startswith("../runbooks/")}


def test_page_about_logs_names_every_event() -> None:
    page = (ROOT / "docs" / "reference" / "logs.md").read_text("utf-8")
    assert {event.value for event in Event if f"`{event.value}`" not in page} == set()


def test_architecture_names_only_folders_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        folder = (ROOT / first).parent
        assert all(path.exists() for path in (ROOT / first, *(folder / other for other in others))), row


@pytest.mark.parametrize("package", ["gatekeeper", "provider"])
def test_architecture_names_every_room(package: str) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = {each.parent.name for each in (ROOT / package).glob("*/__init__.py")}
    assert {room for room in rooms if f"`{package}/{room}/`" not in text and f"`{room}/`" not in text} == set()


def test_metrics_that_a_page_names_exist() -> None:
    listed = set(re.findall(r"`(bestbefore_\w+)`", (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")))
    named = {
        (name(page), metric)
        for page in PAGES
        for metric in re.findall(r"\bbestbefore_[a-z0-9_]+[a-z0-9]\b", page.read_text("utf-8"))
    }
    assert len(named) > len(listed)
    assert {
        (page, metric) for page, metric in named if re.sub("_(bucket|sum|count)$", "", metric) not in listed
    } == set()


def test_values_of_the_chart_that_a_page_names_exist() -> None:
    values = quick_yaml.load((ROOT / "helm" / "bestbefore" / "values.yaml").read_text("utf-8"))
    roots = "|".join(key for key, value in values.items() if isinstance(value, dict) and value)
    # Of the limits some stand in modules of Python, whose names look alike.
    pages = [page for page in PAGES if page.name != "limits.md"]
    named = {
        (name(page), found)
        for page in pages
        for found in re.findall(rf"(?:`|--set )((?:{roots})\.[A-Za-z.]+)(?=[`=:,])", page.read_text("utf-8"))
        # A kind of the API is written alike.
        if not found.endswith(".bestbefore.dev")
    }
    assert len(named) > 20
    assert {(page, path) for page, path in named if not _has(values, path.split("."))} == set()


def _has(values: object, path: list[str]) -> bool:
    if not path or values in ({}, [], None):
        return True
    return isinstance(values, dict) and path[0] in values and _has(values[path[0]], path[1:])
