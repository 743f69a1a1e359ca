"""Registries that lie about what is left: admissions are answered all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provider import limits
from tests.attack import bounds, images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.registries import Exchange, Handler
from tests.attack.stage import Stage

_ROUNDS: Final = 3


_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "0 left, always": {"RateLimit-Remaining": "0;w=1", "RateLimit-Limit": "100;w=1"},
    "0 left for 10^12 s": {"RateLimit": "limit=1, remaining=0, reset=999999999999"},
    "minus one": {"RateLimit-Remaining": "-1", "RateLimit-Limit": "-1"},
    "10^400": {"RateLimit-Remaining": "1" + "0" * 400},
    "NaN": {"RateLimit-Remaining": "NaN", "RateLimit-Limit": "Infinity"},
    "a limit of 0": {"RateLimit-Remaining": "0", "RateLimit-Limit": "0"},
    "a list of 10,000": {"RateLimit-Remaining": ",".join(["5;w=1"] * 10_000)},
    "policies without end": {"RateLimit": ",".join(f'"p{number}";r=1;t=1' for number in range(3000))},
    "other digits": {"X-RateLimit-Remaining": "\xb2\xb3", "X-RateLimit-Reset": "\xb9"},
    "a reset long ago": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000000001"},
}
# Of those that anybody can read.
_SAY_LITTLE: Final = frozenset(
    {"0 left, always", "0 left for 10^12 s", "a limit of 0", "a list of 10,000", "policies without end"}
)


def _counting(headers: Mapping[str, str], repositories: int) -> Handler:
    shelf = {}
    for number in range(repositories):
        shelf |= images.shelf(f"app-{number}", images.image(images.configuration(f"app-{number}")).documents)

    async def handler(exchange: Exchange) -> None:
        document = shelf.get(exchange.request.path)
        if document is None:
            await exchange.document(None)
            return
        kind = {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}
        await exchange.answer(200, document.body, kind | dict(headers))

    return handler


def _lies(stage: Stage) -> Outcome:
    held = {name: stage.registry(_counting(headers, _ROUNDS + 1)) for name, headers in _HEADERS.items()}
    provider = stage.provider(*held.values())
    caller = stage.caller(provider)
    admissions = [
        caller.ask(*(fact(f"{registry.host}/app-{number}:1") for registry in held.values()))
        for number in range(_ROUNDS)
    ]
    audited = caller.ask(*(fact(f"{registry.host}/app-{_ROUNDS}:1") for registry in held.values()), path="/audit")
    without = sum(len(held) - len(reply.values) for reply in admissions)
    told = sorted({reason for reply in admissions for reason in reply.reasons})
    lost = f" ({', '.join(told)})" if told else ""
    waiting = [name for name, one in held.items() if audited.reason(fact(f"{one.host}/app-{_ROUNDS}:1"))]
    late = sum(reply.late for reply in (*admissions, audited))
    return outcome(
        Check(f"{without} of {_ROUNDS * len(held)} admissions without a value{lost}", not without),
        Check(f"audit waits for {len(waiting)} of {len(held)}, `{'`, `'.join(sorted(set(audited.reasons)))}`",
              set(waiting) <= _SAY_LITTLE and set(audited.reasons) <= {"Throttled"}),
        Check(f"{late} late", not late),
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
    )  # fmt: skip


SCENE: Final = Scene(
    "quotas",
    "what registries say is left, and is not so",
    (
        Attack(
            f"Each answer says of what is left: {', '.join(_HEADERS)}",
            f"admissions are answered; audit waits, {limits.QUOTA_SECONDS:.0f} s at most, where a registry says "
            "that little is left",
            _lies,
        ),
    ),
)
