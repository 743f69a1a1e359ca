"""Carries a policy's own Rego over into a library of the template.

The text stays as it is, line by line, except what names its place: the package line, references to that package,
and imports that Gatekeeper refuses although their meaning can be written otherwise. Gatekeeper's rules for libraries
are those of its constraint framework: packages below `lib`, references below `data.lib` only, imports of
`data.lib.…` and `future.…` only. The framework moves libraries once more and rewrites references to them, but only
those that are no part of a larger expression: in `built + data.lib.x.limit` the reference stays, leads nowhere, and is
silently undefined. Imports are always rewritten, so references to the own package become references to an import.
What cannot be carried over is a problem with its line, never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.translation.tokens import Token, TokenKind, tokens

PACKAGE: Final = "sigstore"
RULE: Final = "isCompliant"

# Upstream's parser passes over it.
_BYTE_ORDER_MARK: Final = "\ufeff"
_OWN: Final = ("data", PACKAGE)

# Functions whose answer depends on the process that evaluates: a rule would decide otherwise in the cluster than in
# `check`, or at one replica than at another. Chance
# (`rand.intn`, `uuid.rfc4122`) is the author's choice: upstream has it, too.
PROCESS_FUNCTIONS: Final = {
    "http.send": "whether Gatekeeper has it depends on the installation",
    "net.lookup_ip_addr": "it asks the name server of whoever evaluates the rule",
    "opa.runtime": "it describes the process that evaluates the rule, which is another one in the cluster than here",
    "rego.metadata.chain": "Gatekeeper does not keep the annotations of a rule",
    "rego.metadata.rule": "Gatekeeper does not keep the annotations of a rule",
}

# Functions that exist in the one place and not in the other, or whose presence depends on the installation.
_REFUSED_FUNCTIONS: Final = {
    **{tuple(name.split(".")): f"`{name}` is refused: {why}" for name, why in PROCESS_FUNCTIONS.items()},
    ("external_data",): "`external_data` is Gatekeeper's, not a function of ClusterImagePolicy rules",
}

# They fetch what a schema refers to elsewhere; `check` has no network there, and the cluster may have one.
_SCHEMA_FUNCTIONS: Final = (("json", "match_schema"), ("json", "verify_schema"))
# `"$ref":` and what is not plainly a place in the same schema (`"#/definitions/x"`), also within a text.
_REMOTE_REFERENCE: Final = re.compile(r"""\$ref\\?["`]\s*:(?!\s*\\?["`]\#)""")


@dataclass(frozen=True)
class RuleProblem:
    """Why a rule cannot be carried over.

    Attributes:
        line: line of the Rego text, from 1.
        sentence: what is wrong, and what to write instead where that is known.
        language: the text's, `rego` or `cue`.
    """

    line: int
    sentence: str
    language: str = "rego"


@dataclass(frozen=True)
class RuleLibrary:
    """A policy's rule as a library.

    Attributes:
        text: the library's text; meaningless when there are problems.
        problems: everything that cannot be carried over.
        strict: the text says `import rego.v1`, so it must also be valid Rego v1.
    """

    text: str
    problems: tuple[RuleProblem, ...]
    strict: bool = False


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Path:
    """`data.sigstore["x"]`: its words, and the token after its last one."""

    words: tuple[str, ...]
    first: Token
    last: Token
    after: int


def library_of(text: str, package: str) -> RuleLibrary:
    """Move a rule into a package (`lib.policies.…`)."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    code = [token for token in tokens(text) if token.kind is not TokenKind.NEWLINE]
    walk = _Walk(text, code, package)
    walk.run()
    moved = _edited(text, walk.edits)
    if walk.imported:
        # At the end, so that line numbers stay those of the author.
        moved += f"{'' if moved.endswith(chr(10)) else chr(10)}import data.{package} as {walk.alias}\n"
    return RuleLibrary(moved, tuple(walk.problems), walk.strict)


class _Walk:
    """One pass over the tokens that gathers edits and problems."""

    def __init__(self, text: str, code: Sequence[Token], package: str) -> None:
        self.text = text
        self.code = code
        self.package = package
        self.edits: list[_Edit] = []
        self.problems: list[RuleProblem] = []
        self.strict = False
        self.alias = _unused("own_package", code)
        self.imported = False

    def run(self) -> None:
        at = self._package_line()
        while at < len(self.code):
            at = self._step(at)

    def _package_line(self) -> int:
        if not self.code or self.code[0].text != "package" or len(self.code) == 1:
            self._problem(
                self.code[0] if self.code else None, f"package expected: the rule starts with `package {PACKAGE}`"
            )
            return 0
        path = self._path(1)
        if path.words != (PACKAGE,):
            found = ".".join(path.words)
            self._problem(
                path.first,
                f"the package is `{found}`, but only `data.{PACKAGE}.{RULE}` is looked at: write `package {PACKAGE}`",
            )
        self._edit(path, self.package)
        return path.after

    def _step(self, at: int) -> int:
        token = self.code[at]
        if token.kind is not TokenKind.WORD or self._continues(at):
            return at + 1
        if token.text == "import":
            return self._import(at)
        path = self._path(at)
        if token.text == "data":
            self._reference(path, replaced=self.code[at - 1].text == "with")
            return path.after
        for name, sentence in _REFUSED_FUNCTIONS.items():
            if path.words[: len(name)] == name:
                self._problem(token, sentence)
        if path.words[:2] in _SCHEMA_FUNCTIONS and _REMOTE_REFERENCE.search(self.text):
            why = "refused where a `$ref` leads out of its schema: OPA would fetch it from the network"
            self._problem(token, f"`{'.'.join(path.words[:2])}` is {why}")
        return at + 1

    def _continues(self, at: int) -> bool:
        """Whether the word is a field of what stands before it (`x.data`)."""
        return at > 0 and self.code[at - 1].text == "." and self.code[at - 1].end == self.code[at].start

    def _import(self, at: int) -> int:
        if at + 1 >= len(self.code):
            return at + 1
        path = self._path(at + 1)
        alias, after = self._alias(path)
        root = path.words[0]
        if path.words == ("rego", "v1"):
            self.strict = True
            self._edit(path, "future.keywords")
        elif root == "input":
            self._input_import(at, path, alias, after)
        elif root == "data":
            self._own_import(path, named=after != path.after)
        elif root != "future":
            self._problem(path.first, f"Gatekeeper refuses `import {'.'.join(path.words)}`")
        return after

    def _alias(self, path: _Path) -> tuple[str, int]:
        if path.after + 1 < len(self.code) and self.code[path.after].text == "as":
            return self.code[path.after + 1].text, path.after + 2
        return path.words[-1], path.after

    def _input_import(self, at: int, path: _Path, alias: str, after: int) -> None:
        """`import input.x as y` becomes the rule `y = input.x`, which means the same and is allowed."""
        source = self.text[path.first.start : path.last.end]
        if alias == "input":
            source, alias = "", ""
        replacement = f"{alias} = {source}" if alias else ""
        self.edits.append(_Edit(self.code[at].start, self.code[after - 1].end, replacement))

    def _own_import(self, path: _Path, *, named: bool) -> None:
        if self._leads_outside(path):
            return
        # Without a name of its own, an import goes by its last word, which is about to change.
        name = f" as {PACKAGE}" if len(path.words) == len(_OWN) and not named else ""
        self._edit(path, f"data.{self.package}{self._rest(path)}{name}")

    def _reference(self, path: _Path, *, replaced: bool) -> None:
        if self._leads_outside(path):
            return
        if replaced:
            self._problem(path.first, f"`with {'.'.join(path.words)}` is refused: Gatekeeper may ignore it")
            return
        self.imported = True
        self._edit(path, self.alias + self._rest(path))

    def _leads_outside(self, path: _Path) -> bool:
        outside = path.words[: len(_OWN)] != _OWN
        if outside:
            shown = ".".join(path.words[:3])
            self._problem(
                path.first, f"the reference `{shown}` leads outside of the policy: there is no such data in a cluster"
            )
        return outside

    def _rest(self, path: _Path) -> str:
        """What stands behind `data.sigstore`."""
        return self.text[self._second_end(path) : path.last.end]

    def _second_end(self, path: _Path) -> int:
        """Where `data.sigstore` or `data["sigstore"]` ends."""
        at = self.code.index(path.first) + 2
        return self.code[at].end if self.code[at].kind is TokenKind.WORD else self.code[at + 1].end

    def _path(self, at: int) -> _Path:
        first = last = self.code[at]
        words = [first.text]
        at += 1
        while at + 1 < len(self.code):
            mark, following = self.code[at], self.code[at + 1]
            if mark.text == "." and following.kind is TokenKind.WORD:
                words.append(following.text)
                last, at = following, at + 2
            elif (
                mark.text == "["
                and mark.start == last.end
                and following.kind is TokenKind.STRING
                and self._closes(at + 2)
            ):
                words.append(following.text.strip('"'))
                last, at = self.code[at + 2], at + 3
            else:
                break
        return _Path(tuple(words), first, last, at)

    def _closes(self, at: int) -> bool:
        return at < len(self.code) and self.code[at].text == "]"

    def _edit(self, path: _Path, text: str) -> None:
        self.edits.append(_Edit(path.first.start, path.last.end, text))

    def _problem(self, token: Token | None, sentence: str) -> None:
        self.problems.append(RuleProblem(token.line if token else 1, sentence))


def _unused(name: str, code: Sequence[Token]) -> str:
    """The name, or a longer one where the text has it already."""
    taken = {token.text for token in code}
    while name in taken:
        name += "_"
    return name


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
