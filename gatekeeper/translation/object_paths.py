"""Which parts of the reviewed object a rule reads: when one of them changes, what was judged is judged again.

An update of a workload is judged when its pod template changes. A rule may look at more: in `input.spec.replicas > 10`
the number of replicas decides as well. Read from the text: `input.spec` and `input.metadata`, the words behind them,
and names that stand for such a place (`container := input.spec.containers[_]`, `some key in input.metadata.labels`).

Where all of the spec goes somewhere that is not followed (`f(input.spec)`, `else := input.spec`), the rule still has to
name what it takes of it. So each of the spec's fields that an update can change is read if its name stands anywhere in
the text, and all of them are where a name may be made while the rule runs (`spec[concat("", ["repl", "icas"])]`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from gatekeeper.documents import workloads
from gatekeeper.translation import made_names
from gatekeeper.translation.tokens import Token, TokenKind, tokens

Path = tuple[str, ...]

# Stands for any key or index.
ANY: Final = "*"
# What `lib.bestbefore.workload` compares: all else of a review stays the same in an update.
PARTS: Final = ("spec", "metadata")
# More than these, and all of the part is taken for read.
MOST_PATHS: Final = 32
# Names may lead in a circle over several rules (`a := b.x` in one, `b := a.x` in another): then paths have no end.
MOST_STEPS: Final = 16
# Stands for whatever follows: a path that ends so goes no further.
_REST: Final = "…"

_CONTAINER_LISTS: Final = tuple((name,) for name in workloads.CONTAINER_LISTS)

# A rule's word for a part that is not followed (`data.sigstore.spec`).
_DATA: Final = "data"


# What an update can change of a spec beside a pod template and the images.
_UPDATED: Final = (
    *(("spec", name) for name in workloads.UPDATED_FIELDS),
    *(("spec", *name, ANY, "resources") for name in _CONTAINER_LISTS),
)


def paths_read(text: str) -> tuple[Path, ...]:
    """The places below `input` that a rule reads, sorted, those in a pod template left out.

    `("spec",)` and `("metadata",)` stand for all of it, where the text does not say which part. Beside `("spec",)`
    stand the fields that the text names.
    """
    reader = _Reader([token for token in tokens(text) if token.kind is not TokenKind.NEWLINE])
    found = {_whole(path) for path in reader.paths() if not _is_template(path)}
    if len(found) > MOST_PATHS:
        found = {path[:1] for path in found}
    if ("spec",) in found:
        words, made = reader.words(), made_names.are_taken(reader.code)
        found |= {path for path in _UPDATED if made or path[-1] in words}
    return tuple(sorted(path for path in found if not any(path != other and _begins(path, other) for other in found)))


def places_read(text: str) -> tuple[Path, ...]:
    """Every place below `input` that a rule reads, sorted, those in a pod template too; `*` stands for any key.

    `("spec",)` and `("metadata",)` stand for all of it, where the text does not say which part.
    """
    reader = _Reader([token for token in tokens(text) if token.kind is not TokenKind.NEWLINE])
    found = set(reader.paths())
    if len(found) > MOST_PATHS:
        found = {path[:1] for path in found}
    return tuple(sorted(found))


def _is_template(path: Path) -> bool:
    return any(_begins(path, template) for template in workloads.TEMPLATES)


def _whole(path: Path) -> Path:
    """A path that ends at whole containers stands for the spec: which of their fields decide is not said."""
    if path[0] != "spec":
        return path
    while path[-1] == ANY:
        path = path[:-1]
    return path[:1] if path[1:] in _CONTAINER_LISTS else path


def _begins(path: Path, other: Path) -> bool:
    return len(other) > 1 and path[: len(other)] == other


@dataclass(frozen=True)
class _Place:
    """A reference: its path, and the token after it."""

    path: Path
    after: int


@dataclass
class _Reader:
    """Reads a text until no name gets another meaning."""

    code: Sequence[Token]
    names: dict[str, set[Path]] = field(default_factory=lambda: {"input": {()}})
    used: set[str] = field(default_factory=set)

    def paths(self) -> Iterator[Path]:
        """Every place that is read; of a name that nothing uses (`isCompliant = input.spec.x`), what it stands for."""
        known: dict[str, set[Path]] = {}
        found: list[Path] = []
        while known != self.names:
            known = {name: set(paths) for name, paths in self.names.items()}
            self.used = {"input"}
            found = list(self._once())
        unused = [path for name, paths in self.names.items() if self._is_unused(name) for path in paths]
        for path in (*found, *unused):
            if not path or path[0] in {ANY, _REST}:
                yield from ((part,) for part in PARTS)
            elif path[0] in PARTS:
                yield path[:1] if path[-1] == _REST else path

    def words(self) -> set[str]:
        """All names and texts of the rule: whoever takes a field of an object has to name it."""
        found = {self._literal(at) for at in range(len(self.code))}
        return {token.text for token in self.code if token.kind is TokenKind.WORD} | {each for each in found if each}

    def _is_unused(self, name: str) -> bool:
        """Whether it is not seen who uses a name: nobody, itself in a circle, or a rule by its path below `data`."""
        circular = any(_REST in path for path in self.names[name])
        return circular or name not in self.used or (name != "input" and self._names_rules)

    @cached_property
    def _names_rules(self) -> bool:
        return any(token.text == _DATA and not self._is_field(at) for at, token in enumerate(self.code))

    def _once(self) -> Iterator[Path]:
        for at, token in enumerate(self.code):
            if token.kind is not TokenKind.WORD or self._is_field(at) or token.text not in self.names:
                continue
            for base in tuple(self.names[token.text]):
                place = self._place(at + 1, base)
                if self._is_assigned(at):
                    continue
                self.used.add(token.text)
                name, path = self._name(at, place)
                if name:
                    self._give(name, path)
                else:
                    yield self._looked_up(at, place)

    def _give(self, name: str, path: Path) -> None:
        paths = self.names.setdefault(name, set())
        paths.add(path)
        if len(paths) > MOST_PATHS or any(each[-1:] == (_REST,) for each in paths):
            self.names[name] = {(*each[:1], _REST) for each in paths}

    def _is_field(self, at: int) -> bool:
        return at > 0 and self.code[at - 1].text == "." and self.code[at - 1].end == self.code[at].start

    def _place(self, at: int, path: Path) -> _Place:
        """Follow `.word` and `["word"]`; whatever else stands in brackets is any key."""
        while at + 1 < len(self.code) and self.code[at - 1].end == self.code[at].start:
            if self.code[at].text == "." and self.code[at + 1].kind is TokenKind.WORD:
                path, at = (*path, self.code[at + 1].text), at + 2
            elif self.code[at].text == "[":
                end = self._closing(at)
                step = self._literal(at + 1) if end == at + 2 else None
                path, at = (*path, ANY if step is None else step), end + 1
            else:
                break
        return _Place(_bounded(path), at)

    def _closing(self, at: int) -> int:
        depth = 0
        for index in range(at, len(self.code)):
            depth += (self.code[index].text in "([{") - (self.code[index].text in ")]}")
            if depth == 0:
                return index
        return len(self.code) - 1

    def _literal(self, at: int) -> str | None:
        token = self.code[at] if at < len(self.code) else None
        if token and token.kind is TokenKind.RAW_STRING:
            return token.text[1:-1]
        return _decoded(token.text) if token and token.kind is TokenKind.STRING else None

    def _name(self, at: int, place: _Place) -> tuple[str, Path]:
        """The name that a place is given: `NAME := place`, `some NAME in place`, `some KEY, NAME in place`."""
        before = [token.text for token in self.code[max(at - 3, 0) : at]]
        if not self._ends(place.after):
            return "", ()
        if before[-1:] == ["in"] and self._is_bound(at - 2):
            return self.code[at - 2].text, _bounded((*place.path, ANY))
        if before[-1:] != ["="]:
            return "", ()
        back = at - 3 if before[-2:] == [":", "="] else at - 2
        named = back >= 0 and self.code[back].kind is TokenKind.WORD and not self._is_field(back)
        return (self.code[back].text, place.path) if named and self.code[back].text != "else" else ("", ())

    def _is_bound(self, at: int) -> bool:
        """Whether a name stands behind `some` or `every`, alone or after the name of a key."""
        words = [token.text for token in self.code[max(at - 3, 0) : at]]
        return words[-1:] in (["some"], ["every"]) or (words[-1:] == [","] and words[:1] in (["some"], ["every"]))

    def _ends(self, at: int) -> bool:
        """Whether an expression ends before a token: at the text's end, at the next line, or at a mark."""
        if at >= len(self.code) or self.code[at].text in {";", "}", "{", "if", "|"}:
            return True
        return self.code[at].line > self.code[at - 1].line

    def _is_assigned(self, at: int) -> bool:
        """Whether the name is being given its meaning, not used: `NAME := …`, `some NAME in …`."""
        following = [token.text for token in self.code[at + 1 : at + 3]]
        # What is not followed from here is compared (`replicas = 3`), not named.
        unified = following[:1] == ["="] and following[1:] and following[1] in self.names
        given = following == [":", "="] or unified
        return self.code[at].text != "input" and bool(given or self._is_bound(at))

    def _looked_up(self, at: int, place: _Place) -> Path:
        """The place, or the field that `object.get(place, "field", …)` takes of it."""
        before = "".join(token.text for token in self.code[max(at - 4, 0) : at])
        if not before.endswith("object.get(") or self.code[place.after].text != ",":
            return place.path
        if (step := self._literal(place.after + 1)) is not None:
            return _bounded((*place.path, step))
        steps = self._steps(place.after + 1)
        return place.path if steps is None else _bounded((*place.path, *steps))

    def _steps(self, at: int) -> Path | None:
        """The steps of a path that is written as a list, `["template", name]`; None for anything else."""
        end = self._closing(at)
        following = self.code[end + 1].text if end + 1 < len(self.code) else ""
        if self.code[at].text != "[" or following != ",":
            return None
        steps: list[str] = []
        while at < end:
            step, at = self._literal(at + 1), at + 2
            if step is None or self.code[at].text not in {",", "]"}:
                return None
            steps.append(step)
        return tuple(steps)


def _bounded(path: Path) -> Path:
    """The path, or `_REST` of its part where it is too long or goes on behind that."""
    return (path[0], _REST) if _REST in path or len(path) > MOST_STEPS else path


def _decoded(text: str) -> str | None:
    """What a text in quotation marks says, its escapes read; None where that is not clear."""
    try:
        return str(json.loads(text))
    except ValueError:
        return None
