"""Names that no name server answers for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.attack import names
from tests.attack.assault import assault
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.namespace import address
from tests.attack.stage import HEALTHY_ADDRESS, Stage

_NAMES: Final = 20
# How often the neighbour asks: each time it takes a look-up and a handshake.
_EVERY_SECONDS: Final = 0.05
_MANY: Final = 400
_CALLERS: Final = 3
# Fewer: they are answered at once, and the name server shall not be what is slow.
_UNKNOWN: Final = 50


def _beside(keys: Callable[[int], Sequence[str]], callers: int = 1) -> Callable[[Stage], Outcome]:
    """The neighbour asks a registry of another name each time."""

    def run(stage: Stage) -> Outcome:
        stage.name_server()
        provider = stage.provider()
        neighbour = stage.neighbour(provider, names.name(address(HEALTHY_ADDRESS), "*"), _EVERY_SECONDS)
        found = assault(stage, provider, neighbour, keys, callers=callers)
        return outcome(*found.checks(), Check(f"{found.processor:.1f} s of processor"))

    return run


def _same(_: int) -> Sequence[str]:
    return [fact(f"n{one}{names.SILENT}/app:1") for one in range(_NAMES)]


def _others(number: int) -> Sequence[str]:
    return [fact(f"n{number}-{one}{names.SILENT}/app:1") for one in range(_MANY)]


def _unknown(number: int) -> Sequence[str]:
    return [fact(f"n{number}-{one}.nowhere.test/app:1") for one in range(_UNKNOWN)]


_EXPECTED: Final = (
    "other names resolve: a neighbour that asks another name each time is answered, its p99 at most doubles"
)

SCENE: Final = Scene(
    "lookups",
    "names that no name server answers for",
    (
        Attack(f"{_NAMES} silent names, again and again", _EXPECTED, _beside(_same), namespace=True),
        Attack(
            f"{_CALLERS} callers of {_MANY} silent names each, others each time",
            _EXPECTED,
            _beside(_others, _CALLERS),
            namespace=True,
        ),
        Attack(
            f"{_UNKNOWN} names that do not exist, others each time",
            _EXPECTED,
            _beside(_unknown),
            namespace=True,
        ),
    ),
)
