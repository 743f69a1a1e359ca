"""One attack: what is done, what is expected, what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.attack.stage import Stage


@dataclass(frozen=True)
class Check:
    """One thing that was measured.

    Attributes:
        text: what, with its figure.
        held: whether it is as expected.
    """

    text: str
    held: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of an attack.

    Attributes:
        measured: figures, as a reader of the table sees them.
        held: whether everything was as expected; None where it could not be tried.
    """

    measured: str
    held: bool | None

    def beside(self, surprises: Sequence[str]) -> Outcome:
        """The same with what nobody expects of any attack."""
        if not surprises:
            return self
        return Outcome("; ".join([self.measured, *surprises]), held=False)


@dataclass(frozen=True)
class Attack:
    """What somebody may try.

    Attributes:
        done: what is done, the beginning of a sentence in the table; also its name.
        expected: what is right.
        run: does it.
        namespace: whether it needs a network and an `/etc` of our own, if only to reach nobody else.
    """

    done: str
    expected: str
    run: Callable[[Stage], Outcome]
    namespace: bool = False


@dataclass(frozen=True)
class Scene:
    """Attacks of one kind.

    Attributes:
        name: by which it is chosen.
        title: heading of its table.
        attacks: in the order in which they are tried.
        together: whether they are tried at the same time, for they do little but wait.
    """

    name: str
    title: str
    attacks: Sequence[Attack]
    together: bool = False


def outcome(*checks: Check) -> Outcome:
    """All that was measured together."""
    return Outcome(", ".join(check.text for check in checks), all(check.held for check in checks))
