"""What is said of vulnerabilities (OpenVEX) is of packages that are shipped, and still true."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "requirements" / "bestbefore.openvex.json").read_text(encoding="utf-8"))
STATEMENTS: list[dict[str, Any]] = DOCUMENT["statements"]
STATUSES = {"not_affected", "affected", "fixed", "under_investigation"}
JUSTIFICATIONS = {
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
}


def shipped() -> set[str]:
    """Every pin of the image as a package URL."""
    text = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE)
    return {f"pkg:pypi/{name}@{version}" for name, version in pins}


def test_document_has_what_openvex_asks_for() -> None:
    assert DOCUMENT["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert all(DOCUMENT[field] for field in ("@id", "author", "version"))
    assert dt.datetime.fromisoformat(DOCUMENT["timestamp"]).tzinfo is not None


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement["vulnerability"]["name"])
def test_each_statement_is_of_a_package_that_is_shipped_in_that_version(statement: dict[str, Any]) -> None:
    products = {product["@id"] for product in statement["products"]}
    assert products == {"pkg:pypi/bestbefore", "pkg:oci/bestbefore"}
    for product in statement["products"]:
        assert {part["@id"] for part in product["subcomponents"]} <= shipped()


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement["vulnerability"]["name"])
def test_each_statement_has_a_status_and_says_why(statement: dict[str, Any]) -> None:
    assert statement["status"] in STATUSES
    if statement["status"] == "not_affected":
        assert statement["justification"] in JUSTIFICATIONS
        assert statement["impact_statement"].endswith(".")
    if statement["status"] == "affected":
        assert statement["action_statement"].endswith(".")


def test_nothing_of_ours_signs_with_ecdsa_or_has_the_package_do_so() -> None:
    sources = [file for room in ("provider", "gatekeeper") for file in (ROOT / room).rglob("*.py")]
    imports = re.compile(r"^\s*(?:from|import) (?:ecdsa|jws|docker_registry_client)\b.*$", re.MULTILINE)
    found = {line.strip() for file in sources for line in imports.findall(file.read_text(encoding="utf-8"))}
    assert found == {"from docker_registry_client._BaseClient import BaseClientV2"}
    paths = (ROOT / "provider/registry/paths.py").read_text(encoding="utf-8")
    # Its texts only: no object of it is made.
    assert set(re.findall(r"BaseClientV2\b(?!\n)(.\w*)", paths)) == {".MANIFEST", ".BLOB"}
