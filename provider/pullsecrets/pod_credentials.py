"""Who a Pod is to registries: its pull secrets, then the provider's own credentials, as the kubelet has it.

The kubelet asks with every credential that fits the repository, those with the longest path first and of those alike
in the Pod's order, then with the node's; only where none fits it asks as nobody (`credentialprovider`,
`BasicDockerKeyring`; `kuberuntime`, `pullImage`). The provider's own credentials stand for the node's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from provider import limits
from provider.clock import Clock
from provider.pullsecrets.keyring import PodKeyring, PodKeyrings
from provider.questions.puller import Puller
from provider.questions.question import Question
from provider.registry.candidates import Candidates
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials

_NO_SECRETS = PodKeyring(())


class PodCredentials(Candidates):
    """The credentials of one Pod, for one question; for one event loop.

    Args:
        keyrings: reads pull secrets.
        puller: whose they are.
        own: the provider's own credentials.
        clock: says how old is what was read.
    """

    def __init__(self, keyrings: PodKeyrings, puller: Puller, own: Credentials, clock: Clock) -> None:
        self._keyrings = keyrings
        self._puller = puller
        self._own = own
        self._clock = clock
        self._keyring: PodKeyring | None = None
        self._taken: dict[tuple[str, str], Credential] = {}
        self._tried: dict[str, None] = {}
        self._others: list[PodCredentials] = []

    def of(self, registry: str, repository: str) -> Credential:
        """See `Candidates`."""
        return self._all(registry, repository)[0]

    async def prepare(self, registry: str, repository: str) -> None:
        """See `Candidates`."""
        if self._keyring is None:
            self._keyring = await self._keyrings.of(self._puller)
        await self._own.prepare(registry, repository)

    async def another(self, registry: str, repository: str, refused: Collection[Credential]) -> Credential | None:
        """See `Candidates`; when all are refused, Secrets are read again that may have changed meanwhile."""
        self._tried |= dict.fromkeys(each.name or "no credentials" for each in refused)
        if (registry, repository) in self._taken:
            # By a strand beside this one, which may have got no further than the one before it.
            return self._not_among(refused, registry, repository)
        found = self._not_among(refused, registry, repository)
        keyring = self._keyring or _NO_SECRETS
        if found is None and self._clock.monotonic() - keyring.read_at >= limits.PULL_SECRET_REREAD_SECONDS:
            self._keyring = await self._keyrings.of(self._puller, limits.PULL_SECRET_REREAD_SECONDS)
            found = self._not_among(refused, registry, repository)
        return found

    def remaining(self, registry: str, repository: str, shown: Collection[Credential]) -> int:
        """See `Candidates`."""
        return len(self._others_than(shown, registry, repository))

    def taken(self, registry: str, repository: str, credential: Credential) -> None:
        """See `Candidates`."""
        self._taken.setdefault((registry, repository), credential)

    def instead(self, pull_secrets: Sequence[str]) -> Credentials:
        """See `Candidates`."""
        puller = Puller(self._puller.namespace, pull_secrets=tuple(pull_secrets))
        other = PodCredentials(self._keyrings, puller, self._own, self._clock)
        self._others.append(other)
        return other

    @property
    def remarks(self) -> Sequence[str]:
        """See `Candidates`."""
        problems = list((self._keyring or _NO_SECRETS).problems)
        tried = [f"asked with {', '.join(self._tried)}"] if self._tried else []
        return [*problems, *tried, *(remark for other in self._others for remark in other.remarks)]

    def _not_among(self, refused: Collection[Credential], registry: str, repository: str) -> Credential | None:
        return next(iter(self._others_than(refused, registry, repository)), None)

    def _others_than(self, shown: Collection[Credential], registry: str, repository: str) -> Sequence[Credential]:
        identities = {each.identity for each in shown}
        return [each for each in self._all(registry, repository) if each.identity not in identities]

    def _all(self, registry: str, repository: str) -> Sequence[Credential]:
        """All that fit, in the order to try them, one at least; that alone which has been taken."""
        if (taken := self._taken.get((registry, repository))) is not None:
            return [taken]
        own = self._own.of(registry, repository)
        fitting = [
            (rank, number, replace(credential, name=f"pull secret {secret.name}"))
            for number, secret in enumerate((self._keyring or _NO_SECRETS).secrets)
            for rank, credential in secret.config.fitting(registry, repository)
        ]
        ordered = [credential for _, _, credential in sorted(fitting, key=lambda each: each[:2])]
        found = ordered[: limits.CANDIDATES]
        return [*found, own] if not (found and own.anonymous) else found


class PodCredentialSource:
    """Gives each question the credentials that it asks with; for one event loop.

    Args:
        own: the provider's own, of questions that name nobody who pulls.
        keyrings: reads pull secrets.
        clock: says how old is what was read.
    """

    def __init__(self, own: Credentials, keyrings: PodKeyrings, clock: Clock) -> None:
        self._own = own
        self._keyrings = keyrings
        self._clock = clock

    def of(self, asked: Question) -> Credentials:
        """Who asks a question."""
        if asked.puller is None:
            return self._own
        return PodCredentials(self._keyrings, asked.puller, self._own, self._clock)
