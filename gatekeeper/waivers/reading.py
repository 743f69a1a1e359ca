"""Reads Waivers, from files or a cluster, and says by path what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.documents.document import Document, read_documents
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.waivers import limits
from gatekeeper.waivers.schema import IMAGE, TIME
from gatekeeper.waivers.waiver import ALL_POLICIES, GROUP_VERSION, KIND, SECOND, Waiver, moment

_LISTS: Final = {"policies": limits.POLICIES, "namespaces": limits.NAMESPACES, "images": limits.IMAGES}
_TEXTS: Final = ("until", "reason", "owner")
_FIELDS: Final = frozenset({*_LISTS, *_TEXTS, "from", "ticket", "breakGlass"})
_TOP: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_POLICY: Final = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_NAMESPACE: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


def waivers_of(paths: Iterable[str | Path]) -> list[Waiver]:
    """The Waivers of files and directories.

    Raises:
        PolicyError: a file cannot be read, holds something else, two have one name, or one is not as it should be;
            every problem of every file at once.
    """
    documents = read_documents(paths, with_lines=True)
    problems = [each.locate(problem) for each in documents for problem in problems_of(each.value)]
    problems += namesakes(documents)
    if problems:
        raise PolicyError(problems)
    return [waiver(each.value) for each in documents]


def is_meant_for_one(document: Mapping[str, Any]) -> bool:
    """Whether somebody wrote it as a Waiver, if only by its kind, or by its group and a kind that is misspelt."""
    kind = fields.text(document, "kind")
    ours = fields.text(document, "apiVersion").startswith(f"{GROUP_VERSION.partition('/')[0]}/")
    return kind == KIND or (ours and (not kind or kind.casefold().startswith(KIND.casefold())))


def waiver(document: Mapping[str, Any]) -> Waiver:
    """The Waiver that an object is, in which `problems_of` finds nothing wrong."""
    spec = document["spec"]
    return Waiver(
        document["metadata"]["name"],
        tuple(spec["policies"]),
        tuple(spec["namespaces"]),
        tuple(spec["images"]),
        spec["until"],
        spec["reason"],
        spec["owner"],
        _since(document),
        spec.get("ticket", ""),
        spec.get("breakGlass", False),
        bool(spec.get("from")),
    )


def problems_of(document: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with an object that should be a Waiver; the fields are those of a file or of the cluster."""
    if (document.get("apiVersion"), document.get("kind")) != (GROUP_VERSION, KIND):
        got = f"{document.get('kind') or 'no kind'} of {document.get('apiVersion') or 'no version'}"
        yield Problem("kind", f"expected a {KIND} of {GROUP_VERSION}, got {got}")
        return
    for name in sorted(map(str, document.keys() - _TOP)):
        yield Problem(name, "there is no such field")
    if not re.fullmatch(_POLICY, fields.name(document)):
        yield Problem("metadata.name", "expected the name of the Waiver")
    spec = document.get("spec")
    if not isinstance(spec, Mapping):
        yield Problem("spec", f"expected an object with {', '.join((*_LISTS, *_TEXTS))}")
        return
    for name in sorted(map(str, spec.keys() - _FIELDS)):
        yield Problem(f"spec.{name}", f"there is no such field; there are {', '.join(sorted(_FIELDS))}")
    found = [*_list_problems(spec), *_text_problems(spec), *_emergency_problems(spec)]
    yield from found
    yield from _time_problems(document, spec)


def _list_problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    for name, most in _LISTS.items():
        given = spec.get(name)
        if not isinstance(given, list) or not 1 <= len(given) <= most:
            shown = len(given) if isinstance(given, list) else "no list"
            yield Problem(f"spec.{name}", f"expected a list of 1 to {most} texts, got {shown}")
            continue
        for index, each in enumerate(given):
            if sentence := _why_not(name, each):
                yield Problem(f"spec.{name}[{index}]", sentence)


def _why_not(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    """What is wrong with a member of a list; empty where nothing is."""
    if not isinstance(value, str) or len(value) > limits.TEXT_CHARACTERS:
        return f"expected a text of at most {limits.TEXT_CHARACTERS} characters"
    if name == "policies" and value != ALL_POLICIES and not re.fullmatch(_POLICY, value):
        return f"{value!r} is no name of a policy"
    if name == "namespaces" and not re.fullmatch(_NAMESPACE, value):
        return f"{value!r} is no name of a namespace; selectors and stars are not taken"
    if name == "images":
        return _why_no_image(value)
    return ""


def _why_no_image(value: str) -> str:
    if re.fullmatch(IMAGE[1:-1], value):
        return ""
    last = value.partition("@")[0].rpartition("/")[2]
    if ":" in last and "/" in value:
        return f"{value!r} has a tag, which a pinned Pod does not have; name the repository, or REPOSITORY@sha256:…"
    if "@" in value and "*" in value:
        return f"{value!r} has a star beside a digest; name the one repository"
    if "/" not in value:
        return f"{value!r} has no registry; write for example docker.io/library/{value.partition(':')[0] or 'nginx'}"
    return f"{value!r} is no glob of repositories (`registry.example.com/vendor/*`), and no REPOSITORY@sha256:…"


def _text_problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    for name in (*_TEXTS, "ticket", "from"):
        given = spec.get(name, "" if name in {"ticket", "from"} else None)
        if not isinstance(given, str) or len(given) > limits.TEXT_CHARACTERS:
            yield Problem(f"spec.{name}", f"expected a text of at most {limits.TEXT_CHARACTERS} characters")
        elif not given.strip() and name in _TEXTS:
            yield Problem(f"spec.{name}", "is empty")
        elif not _is_readable(given) and name in _TEXTS:
            yield Problem(f"spec.{name}", "has no letter and no digit")
        elif name == "reason" and len(given) < limits.REASON_CHARACTERS:
            yield Problem("spec.reason", f"expected {limits.REASON_CHARACTERS} characters at least")


def _emergency_problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    given = spec.get("breakGlass", False)
    if not isinstance(given, bool):
        yield Problem("spec.breakGlass", "expected true or false")
    if given is not True and ALL_POLICIES in fields.texts(spec, "policies"):
        yield Problem("spec.policies", "`*` needs `breakGlass: true`")
    if given is True and not _is_readable(fields.text(spec, "ticket")):
        yield Problem("spec.ticket", "is required with `breakGlass: true`")


def _time_problems(document: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Problem]:
    readable = {name: _is_time(spec.get(name)) for name in ("from", "until")}
    for name, seen in readable.items():
        given = spec.get(name)
        if isinstance(given, str) and given and not seen:
            yield Problem(f"spec.{name}", f"{given!r} is no time of RFC 3339 (2027-01-01T00:00:00Z)")
    since = _since(document)
    if not since:
        hint = "in a file it stands in for the time at which a cluster creates the object"
        yield Problem("spec.from", "is missing", hint=hint)
    elif not fields.text(document, "spec", "from") and not _is_time(since):
        yield Problem("metadata.creationTimestamp", f"{since!r} is no time of RFC 3339 (2027-01-01T00:00:00Z)")
    if not readable["until"] or not _is_time(since):
        return
    lasts, emergency = moment(spec["until"]) - moment(since), spec.get("breakGlass") is True
    if lasts <= 0:
        yield Problem("spec.until", f"{spec['until']} is not after {since}, when it begins")
    elif emergency and lasts > limits.BREAK_GLASS * SECOND:
        yield Problem("spec.until", "with `breakGlass: true` it is at most 24 hours after it begins")
    elif lasts > limits.MOST_DAYS * limits.DAY * SECOND:
        yield Problem("spec.until", f"is more than {limits.MOST_DAYS} days after it begins, which no policy takes")


def _since(document: Mapping[str, Any]) -> str:
    """When it begins: as its file says, or when the cluster created it; empty where neither is said."""
    return fields.text(document, "spec", "from") or fields.text(document, "metadata", "creationTimestamp")


def _is_readable(text: str) -> bool:
    """Whether there is something to read in it: a Waiver whose owner has no width has none."""
    return any(map(str.isalnum, text))


def _is_time(value: Any) -> bool:  # noqa: ANN401 - any JSON
    if not isinstance(value, str) or not re.fullmatch(TIME[1:-1], value):
        return False
    try:
        moment(value)
    except ValueError:
        return False
    return True


def namesakes(documents: Sequence[Document]) -> Iterator[Problem]:
    """Which of several Waivers have a name that one before them has: a cluster would have the last one alone."""
    first: dict[str, Document] = {}
    for each in documents:
        other = first.setdefault(each.name, each) if each.name else each
        if other is not each:
            yield each.locate(Problem("metadata.name", f"there is another {KIND} {each.name} (in {other.file})"))
