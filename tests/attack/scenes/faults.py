"""What happens to a provider in its life: files are replaced, names do not resolve, it is killed, it is stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.attack import bounds, healthy, names, namespace
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, Reply, fact
from tests.attack.namespace import ETC, NAME_SERVER
from tests.attack.neighbour import beside
from tests.attack.pki import RegistryAuthority
from tests.attack.provider import Provider
from tests.attack.registries import Exchange, Registry
from tests.attack.stage import HEALTHY_ADDRESS, Stage
from tests.e2e.rig.certificates import Pair
from tests.ports import free_port

_OTHER_NAME_SERVER: Final = "127.0.0.2"
_DEAF_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.2
_LOAD: Final = 8
_LOAD_SECONDS: Final = 2.0
# A question may still be on its way when the signal comes: what was sent so long before is not.
_ON_ITS_WAY_SECONDS: Final = 0.25
_ROTATIONS: Final = 8
_ROTATION_SECONDS: Final = 0.5
_KILLS: Final = 3


def _value_after(caller: Caller, image: Callable[[int], str], seconds: float) -> tuple[float | None, list[Reply]]:
    """Ask about fresh images until one has a value: after how many seconds, None for not in time; all answers."""
    begun = time.monotonic()
    replies: list[Reply] = []
    while time.monotonic() < begun + seconds:
        key = fact(image(len(replies)))
        replies.append(caller.ask(key))
        if key in replies[-1].values:
            return time.monotonic() - begun, replies
        time.sleep(_POLL_SECONDS)
    return None, replies


def _used(what: str, seconds: float | None, limit: float) -> Check:
    text = f"{what} after {seconds:.1f} s" if seconds is not None else f"{what} not within {limit:.0f} s"
    return Check(text, seconds is not None)


def _resolv_conf(stage: Stage) -> Outcome:
    """The name server moves."""
    first = stage.name_server()
    caller = stage.caller(stage.provider())
    address = namespace.address(HEALTHY_ADDRESS)
    before, _ = _value_after(caller, lambda number: f"{names.name(address, f'b{number}')}/single/app:1", 2)
    stage.name_server(_OTHER_NAME_SERVER)
    stage.loop.call(first.close)
    try:
        namespace.write(ETC / "resolv.conf", f"nameserver {_OTHER_NAME_SERVER}\n")
        seconds, replies = _value_after(
            caller, lambda number: f"{names.name(address, f'a{number}')}/single/app:1", bounds.RELOAD_SECONDS
        )
    finally:
        namespace.write(ETC / "resolv.conf", f"nameserver {NAME_SERVER}\n")
    return outcome(
        Check("names resolved before", before is not None),
        _used("the new name server is asked", seconds, bounds.RELOAD_SECONDS),
        in_time(replies),
    )


class _MortalRegistry:
    """A healthy registry that can go away, with all its connections.

    Attributes:
        gone: whether it has.
    """

    gone = False

    async def handler(self, exchange: Exchange) -> None:
        if self.gone:
            exchange.hang_up()
        else:
            await healthy.answer(exchange)


def _hosts(stage: Stage) -> Outcome:
    """A name moves to another address, and another name comes."""
    moved, added, leaving = "moved.test", "added.test", _MortalRegistry()
    first, second = (namespace.address(number) for number in (1, 2))
    context = stage.theatre.registries.server(moved, added)
    old = stage.listening(Registry(leaving.handler, context), first)
    stage.listening(Registry(healthy.answer, context), second)
    hosts = "127.0.0.1 localhost\n"
    try:
        namespace.write(ETC / "hosts", f"{hosts}{first} {moved}\n")
        caller = stage.caller(stage.provider())
        before, _ = _value_after(caller, lambda number: f"{moved}/single/before-{number}:1", 2)
        leaving.gone = True
        stage.loop.call(old.close)
        namespace.write(ETC / "hosts", f"{hosts}{second} {moved}\n{second} {added}\n")
        new, more = _value_after(caller, lambda number: f"{added}/single/new-{number}:1", bounds.RELOAD_SECONDS)
        seconds, replies = _value_after(
            caller, lambda number: f"{moved}/single/after-{number}:1", bounds.RELOAD_SECONDS
        )
    finally:
        namespace.write(ETC / "hosts", hosts)
    return outcome(
        Check("the name resolved before", before is not None),
        _used("the new name has a value", new, bounds.RELOAD_SECONDS),
        _used("the one that moved", seconds, bounds.RELOAD_SECONDS),
        in_time([*replies, *more]),
    )


def _registry_ca(stage: Stage) -> Outcome:
    """The authorities of registries are replaced by others."""
    old, new = RegistryAuthority(), RegistryAuthority()
    file = stage.folder / "ca.pem"
    file.write_bytes(old.pem)
    by_old, by_new = (
        stage.listening(Registry(healthy.answer, authority.server("127.0.0.1")), "127.0.0.1", port)
        for authority, port in ((old, free_port()), (new, free_port()))
    )
    flags = [f"--registry-ca={file}", f"--named-registry={by_old.host}", f"--named-registry={by_new.host}"]
    caller = stage.caller(stage.provider(flags=flags))
    before, _ = _value_after(caller, lambda number: f"{by_old.host}/single/before-{number}:1", 2)
    key = fact(f"{by_new.host}/single/before:1")
    strange = caller.ask(key)
    replacement = file.with_name("new.pem")
    replacement.write_bytes(new.pem)
    replacement.replace(file)
    seconds, replies = _value_after(
        caller, lambda number: f"{by_new.host}/single/after-{number}:1", bounds.RELOAD_SECONDS
    )
    key_old = fact(f"{by_old.host}/single/after:1")
    refused = caller.ask(key_old)
    return outcome(
        Check("the old one was believed before, the new one not", before is not None and key not in strange.values),
        _used("the new one is believed", seconds, bounds.RELOAD_SECONDS),
        Check(f"the old one then `{refused.reason(key_old) or 'a value'}`", key_old not in refused.values),
        in_time(replies),
    )


def _deaf(stage: Stage) -> Outcome:
    """The name server is silent for a while, for all names."""
    server = stage.name_server()
    provider = stage.provider()
    neighbour = stage.neighbour(provider)
    caller = stage.caller(provider)
    address = namespace.address(HEALTHY_ADDRESS)
    alone, begun = neighbour.alone(), time.monotonic()
    server.deaf = True
    replies: list[Reply] = []
    health: list[int] = []
    while time.monotonic() < begun + _DEAF_SECONDS:
        replies.append(
            caller.ask(*(fact(f"{names.name(address, f'd{one}-{len(replies)}')}/single/app:1") for one in range(20)))
        )
        health.append(provider.plain("/healthz"))
    server.deaf = False
    attacked = neighbour.during(begun, time.monotonic())
    seconds, more = _value_after(
        caller, lambda number: f"{names.name(address, f'e{number}')}/single/app:1", bounds.RELOAD_SECONDS
    )
    return outcome(
        *beside(alone, attacked),
        Check(f"`/healthz` {', '.join(map(str, sorted(set(health))))}", set(health) == {200}),
        Check(
            f"names resolve {seconds:.1f} s after it is back"
            if seconds is not None
            else "names do not resolve any more",
            seconds is not None and seconds <= bounds.SOON_SECONDS,
        ),
        in_time([*replies, *more]),
    )


def _killed(stage: Stage) -> Outcome:
    provider = stage.provider()
    provider.killed = _KILLS
    caller = stage.caller(provider)
    times = []
    for kill in range(_KILLS):
        os.kill(provider.workers()[0], signal.SIGKILL)
        after = partial("{}/single/after-{}-{}:1".format, stage.healthy, kill)
        seconds, _ = _value_after(caller, after, bounds.RELOAD_SECONDS)
        times.append(seconds)
    back = [seconds for seconds in times if seconds is not None]
    text = (
        f"a value {max(back):.1f} s after each at most"
        if len(back) == _KILLS
        else f"{len(back)} of {_KILLS} times a value again"
    )
    return outcome(Check(text, len(back) == _KILLS and max(back) <= bounds.SOON_SECONDS))


class _Load:
    """Callers that ask about slow images, one question after the other, until they are ended."""

    def __init__(self, stage: Stage, provider: Provider, path: Callable[[int], str], *, kept: bool) -> None:
        self.replies: list[Reply] = []
        self._ended = threading.Event()
        self._asked = 0
        self._stage = stage
        self._threads = [
            threading.Thread(target=self._ask, args=(stage.caller(provider, kept=kept), path, number), daemon=True)
            for number in range(_LOAD // 2)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, caller: Caller, path: Callable[[int], str], number: int) -> None:
        while not self._ended.is_set():
            self._asked += 1
            reply = caller.ask(f"{self._stage.healthy}/{path(number)}-{self._asked}:1")
            self.replies.append(reply)
            if reply.failure == "ConnectionRefusedError":
                return

    def end(self) -> None:
        """They ask no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


def _slow(kept: bool, number: int) -> str:
    """Each at its own pace, so that at any moment some are in the middle of an answer."""
    return f"after-{200 + 40 * number + 20 * kept}/single/kept-{kept:d}-{number}"


def _stopped(stage: Stage) -> Outcome:
    """SIGTERM under load: what was sent before is answered, whole and with its value."""
    provider = stage.provider()
    loads = [_Load(stage, provider, partial(_slow, kept), kept=kept) for kept in (True, False)]
    time.sleep(_LOAD_SECONDS)
    told = time.monotonic()
    provider.terminate()
    code = provider.stop()
    seconds = time.monotonic() - told
    for load in loads:
        load.end()
    before = [reply for load in loads for reply in load.replies if reply.sent < told - _ON_ITS_WAY_SECONDS]
    lost = [reply for reply in before if not reply.values]
    open_then = sum(reply.sent + reply.seconds > told for reply in before)
    return outcome(
        Check(f"{len(lost)} of {len(before)} answers lost, {open_then} of which were open", not lost and open_then > 0),
        Check(f"ended after {seconds:.1f} s with {code}", code == 0),
    )


def _rotated(stage: Stage) -> Outcome:
    """Certificate, key and client authorities are replaced again and again, once by what cannot be used."""
    files = stage.folder / "rotated"
    files.mkdir()
    pair = Pair(files)
    for path in (pair.certificate, pair.key, pair.authority):
        path.write_bytes((stage.theatre.server.folder / path.name).read_bytes())
    provider = stage.provider(pair=pair)
    loads = [_Load(stage, provider, partial("single/kept-{:d}-{}".format, kept), kept=kept) for kept in (True, False)]
    for number in range(_ROTATIONS):
        time.sleep(_ROTATION_SECONDS)
        if number == _ROTATIONS // 2:
            _replace(pair.certificate, b"no certificate")
            continue
        fresh = stage.theatre.authority.issue(f"rotation-{stage.folder.name}-{number}")
        for ours, theirs in (
            (pair.key, fresh.key),
            (pair.certificate, fresh.certificate),
            (pair.authority, fresh.authority),
        ):
            _replace(ours, theirs.read_bytes())
    time.sleep(_ROTATION_SECONDS)
    for load in loads:
        load.end()
    replies = [reply for load in loads for reply in load.replies]
    failed = [reply for reply in replies if not reply.values]
    kinds = sorted({reply.failure or ", ".join(reply.reasons) for reply in failed})
    reloads = sum(1 for event in provider.events("certificate.reloaded"))
    return outcome(
        Check(
            f"{len(failed)} of {len(replies)} answers failed" + (f" ({'; '.join(kinds)})" if kinds else ""), not failed
        ),
        Check(f"{reloads} reloads", reloads > 0),
        in_time(replies),
    )


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


HOSTS: Final = Attack(
    "`/etc/hosts` is replaced: a name moves, another comes; the old address is gone",
    f"both names have values within {bounds.RELOAD_SECONDS:.0f} s",
    _hosts,
    namespace=True,
)

REGISTRY_CA: Final = Attack(
    "The file of `registry_ca` is replaced by another authority",
    f"it is believed within {bounds.RELOAD_SECONDS:.0f} s without a restart, the old one no more",
    _registry_ca,
)

SCENE: Final = Scene(
    "faults",
    "what happens in a provider's life",
    (
        Attack(
            "`/etc/resolv.conf` is replaced: another name server",
            f"it is asked within {bounds.RELOAD_SECONDS:.0f} s; answers in time",
            _resolv_conf,
            namespace=True,
        ),
        Attack(
            f"The name server is silent for {_DEAF_SECONDS:.0f} s",
            "who needs no name is answered as before; names resolve soon after",
            _deaf,
            namespace=True,
        ),
        Attack(
            f"`kill -9` of the worker, {_KILLS} times",
            f"a value within {bounds.SOON_SECONDS:.0f} s each",
            _killed,
        ),
        Attack(
            f"SIGTERM while {_LOAD} callers ask",
            "no answer is lost to a question that was sent before; it ends with 0",
            _stopped,
        ),
        Attack(
            f"Certificates are replaced {_ROTATIONS} times while {_LOAD} callers ask, once by what is none",
            "no answer fails",
            _rotated,
        ),
    ),
)
