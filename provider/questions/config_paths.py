"""Which parts of an image's configuration a question is about.

A rule that compares dates reads `created` of every platform and nothing else. Its question says so, and the answer
holds that and no label, no history: `{"config": [["created"]], …}` is answered by `{"linux/amd64": {"created": "…"}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from provider import limits
from provider.questions.reading import invalid

Path: TypeAlias = tuple[str, ...]
_Branches: TypeAlias = dict[str, "_Branches"]

# A name that leads to everything below it.
_END: Final[_Branches] = {}


@dataclass(frozen=True)
class ConfigPaths:
    """Paths below the document of each platform, none of them empty.

    Attributes:
        paths: names from the outside in, `("config", "Labels", "team")`. Whatever was given, they are sorted, and none
            is below another, since a path stands for all that is below it. None at all: only the platforms' names.
    """

    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(_outermost(sorted(self.paths))))

    @property
    def fits(self) -> bool:
        """Whether a question may carry so many."""
        text = json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False)
        size = len(text.encode("utf-8", "surrogatepass"))
        return len(self.paths) <= limits.CONFIG_PATHS and size <= limits.CONFIG_PATHS_BYTES

    def to_json(self) -> list[list[str]]:
        """The member `config` of a question."""
        return [list(path) for path in self.paths]

    def covers(self, other: ConfigPaths) -> bool:
        """Whether all that `other` asks for is part of this."""
        return all(any(path[: len(mine)] == mine for mine in self.paths) for path in other.paths)

    def cut(self, document: Any) -> Any:  # noqa: ANN401 - any JSON
        """What a document has at these paths.

        Objects on the way are kept, with these members only. What is no object is kept as it is: a path that leads into
        a list stands for the whole list.
        """
        return _cut(document, self._branches)

    def cut_all(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The same of each platform's document."""
        return {platform: self.cut(document) for platform, document in config.items()}

    @cached_property
    def _branches(self) -> _Branches:
        root: _Branches = {}
        for path in self.paths:
            branch = root
            for name in path[:-1]:
                branch = branch.setdefault(name, {})
            branch[path[-1]] = _END
        return root


def read(value: Sequence[object], name: str = "config") -> ConfigPaths:
    """Read a member of a question where it is a list of paths.

    Args:
        value: of the member.
        name: of the member.

    Raises:
        QuestionError: `KeyInvalid`.
    """
    found = ConfigPaths(tuple(_path(each, name) for each in value))
    if not found.fits:
        bounds = f"{limits.CONFIG_PATHS} paths and {limits.CONFIG_PATHS_BYTES} bytes"
        raise invalid(f"`{name}` has more than {bounds}: ask for all of it by true")
    return found


def _path(value: object, name: str) -> Path:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise invalid(f"`{name}` is no list of paths, each a list of names")
    return tuple(value)


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    """Of sorted paths those that are not below another; what is below a path comes right after it."""
    last: Path | None = None
    for path in paths:
        if last is None or path[: len(last)] != last:
            last = path
            yield path


def _cut(value: Any, branches: _Branches) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        return value
    return {
        name: value[name] if below is _END else _cut(value[name], below)
        for name, below in branches.items()
        if name in value
    }
