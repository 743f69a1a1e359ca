"""One question to a registry, asked of its hosts in turn until one has an answer that can be used.

What a host that is not the last answers counts only where it is good: whatever else it says, or does not say in time,
the next one is asked. The last one's answer stands as it is. Bytes are compared with their digest before they count, so
a mirror that has other bytes is passed over like one that has none.

Who may read something is the registry's to say, by HEAD. A mirror can only show it: whoever gets the bytes from it
would have got them anyhow, and one that says yes to everything has none to send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import failures
from provider.registry.call import Call
from provider.registry.errand import Errand
from provider.registry.exchange import Exchange
from provider.registry.mirrors.host import HostTable, RegistryHost
from provider.registry.origin import Origin
from provider.registry.reference import Reference
from provider.registry.tokens import TokenRequest
from provider.registry.transport.schemes import Schemes
from provider.registry.transport.transport import Request, Response
from provider.steps import StepSource


def _good(response: Response) -> bool:
    return response.status == HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class HostQuery:
    """What is asked.

    Attributes:
        verb: `GET` or `HEAD`.
        path: of the registry API (`/v2/…`), as a registry without mirrors has it.
        headers: without what proves who we are.
        reference: what it is about.
        errand: what it is for.
        resolve: whether nothing but the answer itself vouches for it, so that only hosts that may resolve are asked.
        good: whether an answer is one; asked of all hosts but the last.
        check: raises `ImageError` where what came is not what was asked for.
        of_mirrors: what mirrors are asked in its place; None for the same.
    """

    verb: str
    path: str
    headers: Mapping[str, str]
    reference: Reference
    errand: Errand
    resolve: bool = False
    good: Callable[[Response], bool] = _good
    check: Callable[[Response], object] = field(default=lambda _: None)
    of_mirrors: HostQuery | None = None


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """What came, and from whom.

    Attributes:
        response: what came.
        host: who sent it.
        where: its origin.
        name: of the host, `host[:port]`.
        before: of the hosts that were asked before it, and why they did not do; a clause each.
    """

    response: Response
    host: RegistryHost
    where: Origin
    name: str
    before: Sequence[str] = ()

    def failure(self, what: str) -> ImageError:
        """The error for an answer that is no success."""
        return _named(failures.of_status(self.name, what, self.response.status), self.before)


class Failover:
    """Asks the hosts of registries; for one event loop.

    Args:
        hosts: of each registry.
        schemes: how a registry itself is reached.
        exchange: asks one host.
        clock: for how long a mirror may take.
    """

    def __init__(self, hosts: HostTable, schemes: Schemes, exchange: Exchange, clock: Clock) -> None:
        self._hosts = hosts
        self._schemes = schemes
        self._exchange = exchange
        self._clock = clock

    def able(self, registry: str, *, resolve: bool) -> Sequence[RegistryHost]:
        """The hosts that may be asked."""
        return [host for host in self._hosts.of(registry) if (host.resolve if resolve else host.pull)]

    def splits(self, registry: str) -> bool:
        """Whether another host is asked first for content than for tags, so that a tag is best resolved by HEAD."""
        return self.able(registry, resolve=True)[:1] != self.able(registry, resolve=False)[:1]

    async def identity(self, reference: Reference, call: Call) -> str:
        """Stands for who asks in cache keys: for what is shown to any host that may answer."""
        registry, repository = reference.registry, reference.repository
        names = dict.fromkeys([registry, *(host.name(registry) for host in self._hosts.of(registry))])
        shown = {}
        for name in names:
            await call.prepare(name, repository)
            shown[name] = call.credential(name, repository)
        own = shown.pop(registry)
        mirrors = [f"{name}={one.identity}" for name, one in shown.items() if not one.anonymous]
        return " ".join([own.identity, *mirrors])

    async def ask(self, query: HostQuery, call: Call) -> HostAnswer:
        """The first answer that is good, else the last one's.

        Raises:
            ImageError: the last host has none, or none may be asked.
        """
        *mirrors, last = self._able(query)
        before: list[str] = []
        for host in mirrors:
            name = host.name(query.reference.registry)
            try:
                answer = await self._mirrored(host, query, call)
            except ImageError as error:
                if call.deadline.passed() or error.reason is Reason.OVERLOADED:
                    raise
                before.append(f"{name}: {error.reason}")
                continue
            if query.good(answer.response):
                return answer
            before.append(f"{name}: status {answer.response.status}")
        try:
            return replace(await self.ask_one(last, query, call), before=before)
        except ImageError as error:
            raise _named(error, before) from error

    def mirrored(self, registry: str) -> bool:
        """Whether anybody but the registry itself may be asked."""
        return any(host.mirrors(registry) for host in self._hosts.of(registry))

    async def ask_itself(self, query: HostQuery, call: Call) -> HostAnswer:
        """The answer of the registry itself, whatever its status.

        Raises:
            ImageError: it has none, or only mirrors may be asked.
        """
        registry = query.reference.registry
        itself = next((host for host in self._hosts.of(registry) if not host.mirrors(registry)), None)
        if itself is None:
            sentence = f"{query.errand.what}: by its hosts.toml only mirrors of {registry} may be asked"
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence)
        return await self.ask_one(itself, query, call)

    def _able(self, query: HostQuery) -> Sequence[RegistryHost]:
        registry = query.reference.registry
        hosts = self.able(registry, resolve=query.resolve)
        if not hosts:
            word = "resolve" if query.resolve else "pull"
            sentence = f"{query.errand.what}: no host of {registry} has the capability `{word}` in its hosts.toml"
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence)
        return hosts

    async def _mirrored(self, host: RegistryHost, query: HostQuery, call: Call) -> HostAnswer:
        """The answer of a host that others come after: it has not all the time that there is, nor patience."""
        until = min(call.deadline.at, self._clock.monotonic() + limits.MIRROR_SECONDS)
        strand = replace(call, deadline=Deadline(call.deadline.clock, until), patience=0.0)
        try:
            return await self.ask_one(host, query, strand)
        finally:
            call.round_trips, call.paced, call.host = strand.round_trips, strand.paced, strand.host

    async def ask_one(self, host: RegistryHost, query: HostQuery, call: Call) -> HostAnswer:
        """The answer of one host, whatever its status.

        Raises:
            ImageError: it has none, or what came is not what was asked for.
        """
        registry, repository = query.reference.registry, query.reference.repository
        name = host.name(registry)
        if host.mirrors(registry):
            query = query.of_mirrors or query
            query = replace(query, errand=replace(query.errand, source=StepSource.MIRROR))
        await call.prepare(name, repository)
        where = host.origin or self._schemes.origin(registry)
        asker = TokenRequest(where, repository, call.credential(name, repository), host.connection)
        if host.origin is None:
            response, where = await self._upstream(asker, host, query, call)
        else:
            response = await self._exchange.ask(_request(host, query, where), asker, query.errand, call)
        call.host = name
        if response.status == HTTPStatus.OK:
            query.check(response)
        return HostAnswer(response, host, where, name)

    async def _upstream(
        self, asker: TokenRequest, host: RegistryHost, query: HostQuery, call: Call
    ) -> tuple[Response, Origin]:
        """The answer of the registry itself, over TLS where it turns out to speak that, and where it came from."""
        registry = query.reference.registry
        try:
            response = await self._exchange.ask(_request(host, query, asker.where), asker, query.errand, call)
            secured = self._schemes.secured(registry, response)
        except ImageError as error:
            secured = self._schemes.secured(registry, error)
            if secured is None:
                raise
        if secured is None:
            return response, asker.where
        asker = replace(asker, where=secured)
        response = await self._exchange.ask(_request(host, query, secured), asker, query.errand, call)
        self._schemes.speaks_tls(registry)
        return response, secured


def _request(host: RegistryHost, query: HostQuery, where: Origin) -> Request:
    target = host.target(host.path(query.path), query.reference.registry)
    return Request(query.verb, where, target, {**query.headers, **host.headers}, connection=host.connection)


def _named(error: ImageError, before: Sequence[str]) -> ImageError:
    """With the hosts that were asked in vain before."""
    if not before:
        return error
    sentence = f"{error.message}; asked before: {', '.join(before)}"
    return ImageError(
        error.reason,
        sentence,
        unconnected=error.unconnected,
        unfit=error.unfit,
        audit_only=error.audit_only,
        away=error.away,
        detail=error.detail,
    )
