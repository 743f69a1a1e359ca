"""What the templates make of references and globs is what the reference implementations in Python make of them.

The pairs are generated, and all of a test's are evaluated in one run of the real OPA.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.policy.validation import globs
from gatekeeper.translation import library
from provider.errors import ImageError
from provider.registry import reference
from tests.engine import engine

pytestmark = pytest.mark.integration

COUNT = 4000
_COVERS = """found := [
\t\t{true | glob.covers_as_written(given[0], given[1])} == {true},
\t\t{true | glob.covers(given[0], given[1])} == {true},
\t]"""
DIGEST = "sha256:" + "0123456789abcdef" * 4

_HOSTS = (
    "docker.io",
    "index.docker.io",
    "DOCKER.IO",
    "localhost",
    "localhost:5000",
    "registry.test",
    "Registry.Test",
    "registry.test:443",
    "registry.test:",
    "registry.test:0",
    "registry.test:00080",
    "registry.test:65535",
    "registry.test:65536",
    "registry.test:123456",
    "registry.test:x",
    "-registry.test",
    "registry.test-",
    "_dmarc.test",
    ".test",
    "test.",
    "a.b",
    "127.0.0.1:5000",
    "[::1]",
    "[::1]:5000",
    "[::1]:0",
    "[::ffff:1.2.3.4]:80",
    "[]",
    "[::1",
    "::1",
    "a:b:1",
    "é.test",
    "a b.test",
    "x" * 254 + ".y",
    "x.y" + "z" * 251,
    "http:",
)
_PARTS = (
    "alpine",
    "library",
    "team",
    "a",
    "x",
    "app-1",
    "my_app",
    "a.b",
    "",
    ".",
    "..",
    "UPPER",
    "é",
    "a b",
    "a..b",
    "-",
)
_TAGS = ("latest", "1", "v1.2.3", "", "a/b", "A_B-c.D", "é", "-", "..", "x" * 128, "x" * 129, "1:2", "1\n")
_DIGESTS = (
    DIGEST,
    DIGEST.upper(),
    DIGEST[:-1],
    DIGEST + "0",
    "sha512:" + "a" * 128,
    "sha256:",
    "",
    f"{DIGEST}@{DIGEST}",
    f"{DIGEST}\n",
    f" {DIGEST}",
)
_PATHS = ("a" * 255, "a" * 256, "a" * 247, "a" * 248, "a/" * 127 + "a")


def references(chance: random.Random) -> Iterator[str]:
    """References as people and attackers write them: pieces of the grammar, and what is just beside it."""
    while True:
        path = "/".join(chance.choice(_PARTS) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
        if chance.random() < 0.03:
            path = chance.choice(_PATHS)
        host = chance.choice(_HOSTS) + "/" if chance.random() < 0.6 else ""
        tag = ":" + chance.choice(_TAGS) if chance.random() < 0.5 else ""
        digest = "@" + chance.choice(_DIGESTS) if chance.random() < 0.3 else ""
        text = host + path + tag + digest
        yield _damaged(chance, text) if chance.random() < 0.1 else text


def _damaged(chance: random.Random, text: str) -> str:
    """With a character put in or taken out somewhere."""
    at = chance.randrange(len(text) + 1)
    return (
        text[:at] + chance.choice(("", "@", ":", "/", "//", "\n", " ", "\0", "A", "://", "%41", "?")) + text[at + 1 :]
    )


def glob_pairs(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Globs beside references: most made of the reference's own name, so that many cover it."""
    texts = references(chance)
    while True:
        text = next(texts)
        glob = (
            _glob(chance, text) if chance.random() < 0.8 else chance.choice(("*", "**", "*/*", "*/*/*", "***", "****"))
        )
        if not globs.problem(glob):
            yield glob, text


def _glob(chance: random.Random, text: str) -> str:
    name = _name(text) or text
    pieces = list(name if chance.random() < 0.9 else text)
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(pieces) + 1)
        end = min(len(pieces), start + chance.choice((0, 1, 1, 3, 10, 40)))
        pieces[start:end] = [chance.choice(("*", "**", "*", "***", "-", ".", "/", "a"))]
    return "".join(pieces)


def _name(text: str) -> str | None:
    try:
        return reference.parse(text).name
    except ImageError:
        return None


def parsed(text: str) -> dict[str, str] | None:
    """A reference as `lib.bestbefore.reference.parsed` tells it."""
    try:
        found = reference.parse(text)
    except ImageError:
        return None
    return {"name": found.name, "repository": found.context, "digest": found.digest or ""}


def covered(glob: str, text: str) -> bool:
    """As `lib.bestbefore.glob.covers_as_written`: every glob covers a malformed one, so that it is denied."""
    name = _name(text)
    return name is None or globs.match(glob, name)


def evaluated(folder: Path, rule: str, inputs: Sequence[Any]) -> list[Any]:
    """One run over all inputs; the rule says `found` of `given`, or is undefined (None)."""
    for module in (library.module("reference"), library.module("glob")):
        (folder / f"{module.name}.rego").write_text(module.text)
    driver = f"""package driver

import future.keywords

import data.lib.bestbefore.glob
import data.lib.bestbefore.reference

answers := [answer | some given in data.inputs; answer := {{"found": _found(given)}}]

_found(given) := found if {{
\t{rule}
}} else := null
"""
    (folder / "driver.rego").write_text(driver)
    (folder / "data.json").write_text(json.dumps({"inputs": list(inputs)}))
    return [answer["found"] for answer in engine().evaluate(folder, "data.driver.answers").value]


def first(count: int, made: Callable[[random.Random], Iterator[Any]], seed: int) -> list[Any]:
    """Some generated values, each once."""
    values = made(random.Random(seed))
    found: dict[Any, None] = {}
    while len(found) < count:
        found[next(values)] = None
    return list(found)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Another one in each run; a failure names the pairs, so that it can be repeated without."""
    return random.SystemRandom().randrange(2**32)


def test_references_are_read_alike(tmp_path: Path, seed: int) -> None:
    texts = first(COUNT, references, seed)
    found = evaluated(tmp_path, "found := reference.parsed(given)", texts)
    expected = [parsed(text) for text in texts]
    differing = [
        (text, ours, theirs) for text, ours, theirs in zip(texts, found, expected, strict=True) if ours != theirs
    ]
    assert differing[:10] == []
    assert COUNT / 10 < expected.count(None) < COUNT * 9 / 10


def test_globs_cover_alike(tmp_path: Path, seed: int) -> None:
    pairs = first(COUNT, glob_pairs, seed)
    found = evaluated(tmp_path, _COVERS, pairs)
    expected = [covered(glob, text) for glob, text in pairs]
    differing = [(pair, ours) for pair, ours, theirs in zip(pairs, found, expected, strict=True) if ours[0] != theirs]
    assert differing[:10] == []
    lost = [
        pair for pair, (as_written, by_any_name) in zip(pairs, found, strict=True) if as_written and not by_any_name
    ]
    assert lost[:10] == []
    wellformed = [covers for covers, (_, text) in zip(expected, pairs, strict=True) if _name(text)]
    assert min(wellformed.count(True), wellformed.count(False)) > COUNT / 20
