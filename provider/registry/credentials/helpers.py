"""Credential helpers: programs `docker-credential-NAME` that know who we are to a registry.

(docker-credential-helpers, "Development": `get` reads the server from its input, and writes an object with `Username`
and `Secret`; the user `<token>` means that the secret is an identity token.)

They are run only where a setting says so, and only for registries that stand in the file: a name that a stranger writes
starts no program. Each has a time and a length; one that exceeds them is killed with all that it started. What it
writes beside its answer is read by nobody, and nothing that it writes stands in a message.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.foreign_text import shown
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials

_IDENTITY: Final = "<token>"


class HelperError(Exception):
    """A helper gave no credential; the sentence goes on after "its credential helper"."""


class HelperPrograms(Protocol):
    """Runs helpers; for one event loop."""

    async def get(self, name: str, server: str) -> bytes:
        """What a helper writes about a server.

        Raises:
            HelperError: nothing, or too late, or too much.
        """
        ...


class HelperSource(Credentials, Protocol):
    """Credentials that say where a helper has to be asked."""

    def helper(self, registry: str) -> tuple[str, str]:
        """The name of the helper for a registry, and what it calls the registry; empty where none is named."""
        ...


class HostPrograms:
    """The programs of this machine, found on the PATH."""

    async def get(self, name: str, server: str) -> bytes:
        """See `HelperPrograms`."""
        try:
            process = await asyncio.create_subprocess_exec(
                f"docker-credential-{name}",
                "get",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise HelperError("is not there, or no program") from error
        try:
            async with asyncio.timeout(limits.HELPER_SECONDS):
                return await _spoken(process, server)
        except BaseException as error:
            # What it started as well, which may hold its output open. What a good one leaves behind, such as an agent
            # for keys, is its own affair.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.HELPER_END_SECONDS):
                    await process.wait()
            if isinstance(error, TimeoutError):
                raise HelperError(f"did not end within {limits.HELPER_SECONDS:g} seconds") from error
            raise
        finally:
            # The pipes of a program that has ended are open as long as somebody else holds them.
            process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way


async def _spoken(process: asyncio.subprocess.Process, server: str) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise HelperError("cannot be spoken with")
    with suppress(ConnectionError):
        process.stdin.write(server.encode())
        process.stdin.close()
    written = b""
    while part := await process.stdout.read(limits.HELPER_BYTES + 1 - len(written)):
        written += part
        if len(written) > limits.HELPER_BYTES:
            raise HelperError(f"writes more than {limits.HELPER_BYTES} bytes")
    if await process.wait() != 0:
        raise HelperError("knows nobody, or failed")
    return written


class HelperCredentials:
    """Credentials of which some are a helper's; for one event loop.

    Args:
        source: says which.
        programs: runs helpers.
        clock: for how long an answer is believed.
    """

    def __init__(self, source: HelperSource, programs: HelperPrograms, clock: Clock) -> None:
        self._source = source
        self._programs = programs
        # As many as the file names; what an older file named leaves in time.
        self._kept: Memory[tuple[str, str], Credential] = Memory(clock, limits.HELPER_SERVERS)
        self._fresh: Memory[tuple[str, str], bool] = Memory(clock, limits.HELPER_SERVERS)
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`; until it was prepared, nobody."""
        own = self._source.of(registry, repository)
        return (self._kept.get(self._source.helper(registry)) or own) if own.absence else own

    async def prepare(self, registry: str, repository: str) -> None:
        """Ask the helper, where one is named and has not been asked a moment ago."""
        key = self._source.helper(registry)
        if not self._source.of(registry, repository).absence or not key[0] or self._fresh.get(key):
            return
        async with self._locks.setdefault(key, asyncio.Lock()):
            if not self._fresh.get(key):
                await self._ask(key)
        if len(self._locks) > limits.HELPER_SERVERS:
            self._locks = {each: lock for each, lock in self._locks.items() if lock.locked()}

    async def _ask(self, key: tuple[str, str]) -> None:
        name, server = key
        try:
            credential = replace(
                _read(await self._programs.get(name, server)), name=f"docker-credential-{name} for {shown(server)}"
            )
            seconds = limits.HELPER_KEPT_SECONDS
        except HelperError as error:
            credential = Credential(absence=f"its credential helper {name} {error}")
            seconds = limits.HELPER_FAILED_SECONDS
        self._kept.put(key, credential)
        self._fresh.put(key, value=True, seconds=seconds)


def _read(written: bytes) -> Credential:
    """The credential in an answer.

    Raises:
        HelperError: it is none.
    """
    try:
        answer = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise HelperError("writes no JSON") from error
    fields: Mapping[str, object] = answer if isinstance(answer, dict) else {}
    user, secret = fields.get("Username"), fields.get("Secret")
    if not isinstance(user, str) or not isinstance(secret, str) or not user or not secret:
        raise HelperError("names no user, or no secret")
    if max(len(user), len(secret)) > limits.CREDENTIAL_CHARACTERS:
        raise HelperError(f"gives a secret of more than {limits.CREDENTIAL_CHARACTERS} characters")
    try:
        (user + secret).encode()
    except UnicodeEncodeError as error:
        raise HelperError("gives a secret that is no text") from error
    return Credential(identity_token=secret) if user == _IDENTITY else Credential(user, secret)
