"""The pages that are made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.cli.main import COMMANDS
from provider.reasons import Reason
from scripts.reference import __main__ as writer
from scripts.reference import cli, limits, markdown, metrics, policies, reasons


def test_pages_are_as_the_code_says() -> None:
    assert writer.stale() == [], "run `make generate`"


def test_page_that_differs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(writer, "FOLDER", tmp_path)
    monkeypatch.setattr(writer, "PAGES", {"limits.md": limits.page, "reasons.md": reasons.page})
    assert writer.main([]) == 0
    assert writer.main(["--check"]) == 0
    (tmp_path / "limits.md").write_text("something else")
    assert writer.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/reference/limits.md differs from the code: run `make generate`\n"


def test_page_about_the_command_line_has_every_command_and_the_help_option() -> None:
    page = cli.page()
    assert [f"## `bestbefore {name}`" in page for name in COMMANDS] == [True] * len(COMMANDS)
    assert page.count("-h, --help") == len(COMMANDS)


def test_page_about_reasons_has_every_reason_once() -> None:
    page = reasons.page()
    assert [reason for reason in Reason if page.count(f"### {reason}\n") != 1] == []


def test_comment_of_limits_belongs_to_all_names_up_to_the_next() -> None:
    source = "KIB: Final = 1024\n\n# One,\n# two.\nA_BYTES: Final = 1\nB: Final = 2\n# Three.\nC: Final = 3\n"
    assert list(limits.groups(source)) == [("One, two.", ["A_BYTES", "B"]), ("Three.", ["C"])]


def test_limits_have_their_units() -> None:
    page = limits.page()
    assert "| `REQUEST_BYTES` | 2 MiB |" in page
    assert "| `HANDSHAKE_SECONDS` | 3 s |" in page


def test_metrics_are_listed_as_they_are_scraped() -> None:
    page = metrics.page()
    assert "| `bestbefore_requests_total` | counter | `endpoint`, `outcome` |" in page
    assert "| `bestbefore_request_duration_seconds` | histogram | `endpoint` |" in page


def test_fields_of_policies_are_carried_over_or_refused_with_a_reason() -> None:
    carried, refused = policies.page().split("## Refused")
    assert "`spec.images[].glob`" in carried
    assert "| `spec.authorities[].key.kms` | the public key in a key management service was not read" in refused


def test_bar_in_a_cell_is_escaped() -> None:
    assert markdown.table(["a"], [["x|y"]]).splitlines()[-1] == r"| x\|y |"
