"""Addresses that strangers may not make it reach."""

from __future__ import annotations

import socket
from typing import Final

from tests.attack import names, namespace
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.registries import Exchange, Registry
from tests.attack.stage import Stage

_REFUSALS: Final = frozenset({"AddressRefused", "ReferenceInvalid"})
_LITERALS: Final = (
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),  # noqa: S104
    *("[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[::ffff:10.0.0.1]"),
    *(
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ),
    *(
        "[64:ff9b:1::127.0.0.1]",
        "[2001::1]",
        "[ff02::1]",
        "[fec0::1]",
        "168.63.129.16",
        "192.0.0.192",
        "[fd00:ec2::254]",
    ),
)


async def _heard(exchange: Exchange) -> None:
    await exchange.answer(404)


def _listener(stage: Stage) -> Registry:
    """Hears whoever comes by any address of this machine."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as probe:
        port = probe.getsockname()[1]
    registry = stage.listening(Registry(_heard), "::", port)
    stage.listening(Registry(_heard), "0.0.0.0", port) if not _dual(port) else None  # noqa: S104
    return registry


def _dual(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _literals(stage: Stage) -> Outcome:
    listener = _listener(stage)
    port = listener.host.rpartition(":")[2]
    before = listener.connections
    caller = stage.caller(stage.provider())
    keys = {f"{literal}:{port}/app:1": literal for literal in _LITERALS}
    reply = caller.ask(*map(fact, keys))
    wrong = [
        f"{literal} `{reply.reason(fact(key)) or 'a value'}`"
        for key, literal in keys.items()
        if reply.reason(fact(key)) not in _REFUSALS
    ]
    dialled = listener.connections - before
    return outcome(
        Check(
            f"{len(keys) - len(wrong)} of {len(keys)} refused" + (f"; {', '.join(wrong)}" if wrong else ""), not wrong
        ),
        Check(f"{dialled} connections", not dialled),
    )


def _named(stage: Stage) -> Outcome:
    """Names that lead there."""
    stage.name_server()
    listener = _listener(stage)
    port = listener.host.rpartition(":")[2]
    before = listener.connections
    caller = stage.caller(stage.provider())
    hosts = [names.name(address) for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0")]  # noqa: S104
    keys = [fact(f"{host}:{port}/app:1") for host in [*hosts, "localhost"]]
    reply = caller.ask(*keys)
    wrong = [key for key in keys if reply.reason(key) not in _REFUSALS]
    dialled = listener.connections - before
    return outcome(
        Check(f"{len(keys) - len(wrong)} of {len(keys)} refused", not wrong),
        Check(f"{dialled} connections", not dialled),
    )


def _redirected(stage: Stage) -> Outcome:
    """Redirects of a registry that no setting names."""
    listener = _listener(stage)
    port = listener.host.rpartition(":")[2]
    before = listener.connections
    targets = [
        f"http://127.0.0.1:{port}/a",
        f"https://127.0.0.1:{port}/a",
        f"//127.0.0.1:{port}/a",
        f"https://[::ffff:127.0.0.1]:{port}/a",
        f"https://user:word@127.0.0.1:{port}/a",
        f"https://localhost:{port}/a",
        f"gopher://127.0.0.1:{port}/a",
        f"HTTP://127.0.0.1:{port}",
        "file:///etc/passwd",
        "https://[::1/a",
        f"https://127.0.0.1:{port}\\@{namespace.address(1)}/a",
        f"https://{namespace.address(1)}@127.0.0.1:{port}/a",
        f"https://127.0.0.1:{port}%00.{namespace.address(1)}/a",
    ]
    wanted = dict(enumerate(targets))

    async def handler(exchange: Exchange) -> None:
        number = int(exchange.request.repository.removeprefix("redirect-") or 0)
        await exchange.answer(307, b"", {"Location": wanted[number]})

    registry = stage.foreign_registry(handler, 1)
    caller = stage.caller(stage.provider(registry))
    keys = [fact(f"{registry.host}/redirect-{number}:1") for number in wanted]
    reply = caller.ask(*keys)
    answered = [key for key in keys if not reply.reason(key)]
    dialled = listener.connections - before
    return outcome(
        Check(f"{len(keys)} redirects, {len(answered)} with a value", not answered),
        Check(f"{dialled} connections", not dialled),
        Check(f"slowest answer {reply.seconds:.2f} s", not reply.late),
    )


_EXPECTED: Final = "`AddressRefused` (or no reference at all), and nothing is dialled"

SCENE: Final = Scene(
    "addresses",
    "addresses that strangers may not make it reach",
    (
        Attack(
            "References with loopback, private and embedded addresses: `[::127.0.0.1]`, `[::ffff:0:127.0.0.1]`, …",
            _EXPECTED,
            _literals,
            namespace=True,
        ),
        Attack("Names that lead to such addresses", _EXPECTED, _named, namespace=True),
        Attack(
            "Redirects to such addresses, to files, with users in them",
            "none has a value, nothing is dialled, the answer is in time",
            _redirected,
            namespace=True,
        ),
    ),
)
