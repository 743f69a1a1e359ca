"""Gatekeeper's side: questions over TLS with a client certificate, and how long their answers took."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from tests.attack import bounds
from tests.simulators.gatekeeper import Answer, body

_CLIENT_SECONDS: Final = 30.0
INTERNAL: Final = "Internal"
ABSENT: Final = "no answer"


def plain(image: str) -> str:
    """The question whose key is the reference itself."""
    return image


def fact(image: str) -> str:
    """The question of a policy with a rule over the configuration."""
    return _key({"v": 1, "image": image, "config": True})


def proof(image: str, verify: Mapping[str, Any]) -> str:
    """The question of a policy with an authority."""
    return _key({"v": 1, "image": image, "verify": verify})


def _key(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def ref(key: str) -> str:
    """A key's short name (docs/reference/wire.md)."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        path: that was asked.
        sent: monotonic seconds.
        seconds: from the question to the last byte.
        status: of HTTP; 0 where there was no answer.
        failure: why there was none.
        values: by key.
        problems: sentences by key, of those without a value: `Reason: …`.
        lasting: keys whose problem may be cached.
    """

    path: str
    sent: float
    seconds: float
    status: int = 0
    failure: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    lasting: frozenset[str] = frozenset()

    @property
    def late(self) -> bool:
        """Whether it came after its deadline."""
        return self.seconds > bounds.wait(self.path)

    def reason(self, key: str) -> str:
        """Of one key: empty where it has a value."""
        if key in self.values:
            return ""
        return self.problems.get(key, ABSENT).partition(":")[0]

    @property
    def reasons(self) -> Sequence[str]:
        """Of all keys without a value."""
        return [problem.partition(":")[0] for problem in self.problems.values()]


class Caller:
    """One connection that is kept, and made anew where it was lost; for one thread at a time."""

    def __init__(self, port: int, context: ssl.SSLContext, *, kept: bool = True) -> None:
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=_CLIENT_SECONDS)
        self._kept = kept

    def ask(self, *keys: str, path: str = "/validate") -> Reply:
        """Ask; what goes wrong on the way is in the reply."""
        sent = time.monotonic()
        try:
            status, content = self.send(body(*keys), path)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(path, sent, time.monotonic() - sent, failure=type(error).__name__)
        seconds = time.monotonic() - sent
        if not self._kept:
            self.close()
        return _reply(path, sent, seconds, status, content, keys)

    def send(self, content: bytes, path: str = "/validate") -> tuple[int, bytes]:
        """Any bytes as the body of a request."""
        self._connection.request("POST", path, content, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._connection.close()


def _reply(path: str, sent: float, seconds: float, status: int, content: bytes, keys: Sequence[str]) -> Reply:
    try:
        answer = Answer(content)
        problems = dict(answer.errors)
        told = answer.problems
    except (ValueError, KeyError, AssertionError) as error:
        return Reply(path, sent, seconds, status, f"unreadable answer: {type(error).__name__}")
    lasting = frozenset(problems)
    for key in keys:
        if (problem := told.get(ref(key))) is not None:
            problems[key] = f"{problem['reason']}: {problem['message']}"
    return Reply(path, sent, seconds, status, "", answer.values, problems, lasting)


class Crowd:
    """Many callers at a time, each with a connection of its own."""

    def __init__(self, port: int, context: ssl.SSLContext, size: int) -> None:
        self._callers = [Caller(port, context) for _ in range(size)]
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="caller")

    def ask(self, questions: Sequence[Sequence[str]], path: str = "/validate") -> list[Reply]:
        """A request for each list of keys, side by side."""
        free = list(self._callers)

        def one(keys: Sequence[str]) -> Reply:
            caller = free.pop()
            try:
                return caller.ask(*keys, path=path)
            finally:
                free.append(caller)

        return list(self._pool.map(one, questions))

    def close(self) -> None:
        """Hang up, when the last has its answer."""
        self._pool.shutdown()
        for caller in self._callers:
            caller.close()
