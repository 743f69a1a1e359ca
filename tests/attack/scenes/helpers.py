"""Credential helpers that hang, say too much, or never end: registries that need none do not notice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from provider import limits
from tests.attack import bounds
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact, plain
from tests.attack.registries import Exchange
from tests.attack.stage import Stage

_SECRET: Final = "s3cret-of-the-helper"
# After which everything that a helper started is gone.
_GONE_SECONDS: Final = limits.HELPER_SECONDS + limits.HELPER_END_SECONDS + 2.0

_HELPERS: Final[Mapping[str, str]] = {
    "hangs": "sleep 600",
    "hangs and has children that hold its output": "sleep 600 & sleep 600 & sleep 600",
    "ignores that it is ended": "trap '' TERM INT HUP; while :; do sleep 1; done",
    "writes without end": "exec yes '{\"Username\":'",
    "prints its secret and fails": f"echo 'no {_SECRET}'; echo '{_SECRET}' >&2; exit 1",
    "prints its secret, and no JSON": f'echo \'{{"Username":"{_SECRET}","Secret":\'; echo {_SECRET} >&2',
    "gives lists within lists": "head -c 60000 /dev/zero | tr '\\0' '['",
    "gives a secret with a line's end": f'printf \'{{"Username":"u","Secret":"{_SECRET}\\\\r\\\\nX: y"}}\'',
    "closes its input at once": "exec <&-; sleep 600",
    "is no program": "",
}


async def _private(exchange: Exchange) -> None:
    await exchange.answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})


def _written(folder: Path, number: int, script: str) -> str:
    """A helper's name; its script is on the PATH."""
    name = f"attack-{number}"
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n" if script else "\0")
    program.chmod(0o755)
    return name


def _helpers(stage: Stage) -> Outcome:
    registries = [stage.registry(_private) for _ in _HELPERS]
    named = {
        registry.host: _written(stage.folder, number, script)
        for number, (registry, script) in enumerate(zip(registries, _HELPERS.values(), strict=True))
    }
    config = stage.folder / "config.json"
    config.write_text(json.dumps({"credHelpers": named}))
    provider = stage.provider(
        *registries,
        flags=[f"--docker-config={config}", "--credential-helpers=true"],
        prefix=["env", f"PATH={stage.folder}:{os.environ['PATH']}"],
    )
    caller, other = stage.caller(provider), stage.caller(provider)
    begun = time.monotonic()
    reply = caller.ask(*(fact(f"{registry.host}/app:1") for registry in registries))
    beside = other.ask(plain(f"{stage.healthy}/single/beside:1"))
    again = caller.ask(*(fact(f"{registry.host}/app:2") for registry in registries), path="/audit")
    time.sleep(max(0.0, begun + 2 * _GONE_SECONDS - time.monotonic()))
    left = _running(stage.folder)
    told = provider.log() + "".join(str(each.problems) for each in (reply, again))
    reasons = sorted({reason for each in (reply, again) for reason in each.reasons})
    return outcome(
        Check(f"{len(reply.values)} with a value", not reply.values),
        Check(", ".join(f"`{reason}`" for reason in reasons), set(reasons) <= {"Unauthorized", "Timeout"}),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
        Check(f"another registry's image after {beside.seconds:.2f} s", bool(beside.values) and not beside.late),
        Check(f"the secret {told.count(_SECRET)} times in log and answers", _SECRET not in told),
        Check(f"{left} of their processes left", not left),
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
    )


def _running(folder: Path) -> int:
    """How many processes have been started from a folder, or by those, and are there: they share its PATH."""
    found = 0
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            found += _is_of(process, folder)
    return found


def _is_of(process: Path, folder: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        ours = f"PATH={folder}:".encode() in (process / "environ").read_bytes()
    except OSError:
        return False
    return ours and words[0] != b"" and not any(b"python" in word for word in words[:1])


SCENE: Final = Scene(
    "helpers",
    "credential helpers that hang, say too much, or never end",
    (
        Attack(
            f"Each of {len(_HELPERS)} registries has a helper that {', '.join(_HELPERS)}",
            "`Unauthorized` or `Timeout`, in time; other registries are answered; what they print stands nowhere; "
            "none of their processes is left",
            _helpers,
        ),
    ),
)
