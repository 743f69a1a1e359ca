"""What a client may send that is no question."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import Counter
from typing import Final

from provider.reasons import Reason
from tests.attack import bounds
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import INTERNAL, Reply, fact, proof
from tests.attack.provider import Provider
from tests.attack.stage import Stage

_REASONS: Final = frozenset(str(reason) for reason in Reason)
_BATCH: Final = 8

_REFERENCES: Final = (
    *(
        "[:24:611]:80/app",
        "[::1]/app",
        "[::1]:80:90/app",
        "[1.2.3.4]/app",
        "[]/app",
        "[::g]/app",
        "[fe80::1%25lo]:1/app",
        "[::/app",
    ),
    *(
        "a.test:99999/app",
        "a.test:0/app",
        "a.test:-1/app",
        "a.test:+1/app",
        "a.test:\u0663/app",
        "a.test:/app",
        ":80/app",
        "a:b:c/d",
    ),
    *(
        "-a.test/app",
        "a..test/app",
        ".test/app",
        "a.test./app",
        "_._/app",
        "xn--.test/app",
        "\uff41.test/app",
        "a\u2025test/app",
    ),
    *(
        "0x7f.1:80/app",
        "a.test/../app",
        "a.test/./app",
        "a.test//a",
        "a.test/app:..",
        "a.test/app@sha256:",
        "a.test/app:1:2",
        "@",
        ":",
    ),
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "a\r\nHost: b",
        "a.test/app?b=c",
        "a.test/app#b",
        "a.test/%2e%2e/app",
        "\ud800",
        "a\ud800",
    ),
    *(
        "https://a.test/app",
        "file:///etc/passwd",
        "a" * 4097,
        f"a.test/{'b' * 300}",
        f"{'a.' * 200}test/app",
        "\U0010ffff/a.b",
    ),
)
_OBJECTS: Final = (
    *(
        "{",
        "{}",
        "{]",
        '{"v":1}',
        '{"v":2,"image":"a"}',
        '{"v":1e999,"image":"a"}',
        '{"v":true,"image":"a"}',
        '{"v":-0}',
    ),
    *('{"v":1,"image":null}', '{"v":1,"image":["a"]}', '{"v":1,"image":"a","v":1}', '{"v":NaN,"image":"a"}'),
    *('{"v":1,"image":"a","config":"true"}', '{"v":1,"image":"a","config":1e400}', '{"v":1,"image":"\\ud800/a.b"}'),
    '{"v":' + "9" * 4000 + ',"image":"a"}',
    '{"v":1,"image":' + "[" * 4000,
    '{"v":1,"image":"a","verify":' + '{"key":' * 500 + "}" * 501,
)
_VERIFY: Final[tuple[object, ...]] = (
    *(None, [], {}, {"key": {}}, {"key": {"data": ""}}, {"key": {"data": "\ud800"}}, {"key": {"data": "x" * 3000}}),
    {"key": {"data": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}},
    {"keyless": {"trustRoot": "none-of-this-name"}},
    {"keyless": {"trustRoot": "../../etc/passwd", "trustRootDigest": "sha256:" + "0" * 64}},
    {"key": {"data": "x"}, "source": {"oci": "[:24:611]:80/app"}},
    {"key": {"data": "x"}, "source": {"oci": "user:secret@a.test/app"}},
    {"key": {"data": "x", "hashAlgorithm": "none"}},
)


def _foreign(reply: Reply) -> list[str]:
    """What is none of our own reasons."""
    if not reply.status or reply.failure:
        return [reply.failure or "no answer"]
    return [reason for reason in reply.reasons if reason not in _REASONS or reason == INTERNAL]


def _keys(stage: Stage) -> Outcome:
    provider = stage.provider()
    caller = stage.caller(provider)
    keys = [*_REFERENCES, *map(fact, _REFERENCES), *_OBJECTS, *(proof("a.test/app", verify) for verify in _VERIFY)]  # type: ignore[arg-type]
    foreign: Counter[str] = Counter()
    replies, first_bad = [], ""
    for path in bounds.WAITS:
        if path == "/audit":
            # Its wait is long, and its questions are those of /validate.
            continue
        for first in range(0, len(keys), _BATCH):
            reply = caller.ask(*keys[first : first + _BATCH], path=path)
            replies.append(reply)
            for reason in _foreign(reply):
                foreign[reason] += 1
                first_bad = first_bad or next(
                    (key for key in keys[first : first + _BATCH] if reply.reason(key) == reason), ""
                )
    late = [reply for reply in replies if reply.late]
    text = ", ".join(f"{count} times `{reason}`" for reason, count in foreign.items()) or "all by our own reasons"
    return outcome(
        Check(f"{len(keys)} keys on 2 paths: {text}" + (f" (`{first_bad[:40]!r}`)" if first_bad else ""), not foreign),
        Check(f"slowest answer {max(reply.seconds for reply in replies):.2f} s", not late),
    )


_SECRET: Final = "pa55-of-a-user"
_WITH_SECRETS: Final = (
    f"user:{_SECRET}@a.test/app:1",
    f"https://user:{_SECRET}@a.test/app:1",
    f"//user:{_SECRET}@127.0.0.1/app",
    f"user:{_SECRET}@127.0.0.1:5000/app@sha256:{'0' * 64}",
)


def _userinfo(stage: Stage) -> Outcome:
    provider = stage.provider()
    caller = stage.caller(provider)
    reply = caller.ask(*_WITH_SECRETS, *map(fact, _WITH_SECRETS))
    caller.ask(*_WITH_SECRETS, path="/mutate")
    provider.stop()
    logged = provider.log().count(_SECRET)
    return outcome(
        Check(f"{logged} times in the log", logged == 0),
        Check(", ".join(sorted({f"`{reason}`" for reason in reply.reasons})), not _foreign(reply)),
    )


_HEAD: Final = b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_REQUESTS: Final = {
    "a chunk's size of `ZZ`": _CHUNKED + b"ZZ\r\nx\r\n0\r\n\r\n",
    "a negative one": _CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
    "one of 5,000 digits": _CHUNKED + b"1" * 5000 + b"\r\nx\r\n0\r\n\r\n",
    "a chunk without an end": _CHUNKED + b"1\r\nxx0\r\n\r\n",
    "two lengths": _HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "length and chunks": _HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length of -1": _HEAD + b"Content-Length: -1\r\n\r\n",
    "a length of 5,000 digits": _HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a header without a colon": _HEAD + b"nothing\r\n\r\n",
    "a header with NUL": _HEAD + b"A: \x00\r\n\r\n",
    "a header of 200 KB": _HEAD + b"A: " + b"x" * 200_000 + b"\r\n\r\n",
    "10,000 headers": _HEAD + b"A: x\r\n" * 10_000 + b"\r\n",
    "a path of 200 KB": b"POST /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP 9.9": b"POST /validate HTTP/9.9\r\nHost: a\r\n\r\n",
    "no HTTP": b"\x00\x01\x02\x03\r\n\r\n",
    "another encoding": _HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "JSON deep within lists": _HEAD + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000,
    "JSON with a number of 100,000 digits": _HEAD + b"Content-Length: 100000\r\n\r\n" + b"9" * 100_000,
}


def _status(stage: Stage, provider: Provider, raw: bytes) -> int:
    """Status of the answer to some bytes; 0 when the provider hangs up instead."""
    with (
        socket.create_connection(("127.0.0.1", provider.port), timeout=10) as plain,
        stage.context().wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        with contextlib.suppress(OSError):
            secured.sendall(raw)
        try:
            answer = secured.recv(4096)
        except OSError:
            return 0
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else 0


def _http(stage: Stage) -> Outcome:
    provider = stage.provider()
    found = {name: _status(stage, provider, raw) for name, raw in _REQUESTS.items()}
    bad = [f"{name} {status}" for name, status in found.items() if status and not 400 <= status < 500]
    hung_up = sum(not status for status in found.values())
    key = fact(f"{stage.healthy}/single/after:1")
    after = stage.caller(provider).ask(key)
    text = (
        f"{len(found)} requests: "
        + ("; ".join(bad) if bad else "all 4xx")
        + (f", {hung_up} hung up" if hung_up else "")
    )
    return outcome(
        Check(text, not bad),
        Check(f"a good one afterwards after {after.seconds:.2f} s", key in after.values and not after.late),
    )


def _bodies(stage: Stage) -> Outcome:
    """Bodies that are JSON and no ProviderRequest."""
    caller = stage.caller(stage.provider())
    request = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest"}
    bodies: list[object] = [
        *(None, [], {}, "x", 1, True, {"request": None}, request, request | {"request": []}),
        request | {"request": {"keys": "x"}},
        request | {"request": {"keys": [1, None, {}]}},
        request | {"request": {"keys": ["a"] * 501}},
        request | {"request": {"keys": ["a" * 1_000_000]}},
        request | {"request": {"keys": [["a"]]}},
        request | {"kind": "\ud800"},
        request | {"apiVersion": "x" * 100_000},
    ]
    statuses = Counter(caller.send(json.dumps(body).encode())[0] for body in bodies)
    bad = [status for status in statuses if status >= 500]
    text = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    return outcome(Check(text, not bad))


SCENE: Final = Scene(
    "inputs",
    "what a client sends that is no question",
    (
        Attack(
            "Keys that are no references or no questions: `[:24:611]:80/app`, surrogates, 4,000 digits, …",
            "answers in time, by our own reasons, never `Internal`",
            _keys,
            namespace=True,
        ),
        Attack("User and password in a reference", "stands nowhere in the log", _userinfo, namespace=True),
        Attack("Requests that are no HTTP: bad chunks, two lengths, 10,000 headers, …", "4xx, or hung up on", _http),
        Attack("Bodies that are JSON and no ProviderRequest", "never 5xx", _bodies),
    ),
)
