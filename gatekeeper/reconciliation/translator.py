"""Policies of the cluster to what Gatekeeper takes; what is wrong with one is that one's own matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from gatekeeper.cluster.errors import AccessDeniedError, ClusterError, ObjectAbsentError
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.evaluation.opa import Engine, NoVerdictError
from gatekeeper.policy import policy_of
from gatekeeper.policy.kms_reference import KmsReference, parse
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.policy.support import with_text
from gatekeeper.reconciliation.desired import DesiredPolicy
from gatekeeper.reconciliation.kept_keys import KeptKeys
from gatekeeper.reconciliation.limits import (
    COSTLY_LATE_SECONDS,
    COSTLY_SECONDS,
    MESSAGE_CHARACTERS,
    REFERENCE_SECONDS,
    RULES_TOGETHER,
    TRANSLATION_SECONDS,
)
from gatekeeper.reconciliation.present import PolicyObject
from gatekeeper.reconciliation.references import ReferenceReader
from gatekeeper.reconciliation.remote_texts import ClusterTexts, RemoteTexts
from gatekeeper.reconciliation.report import KeyReading, StateReason
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.resolution.kms.key_service import KeyService
from gatekeeper.resolution.kms_keys import KeyWarning, PolicyWithKeys, resolve
from gatekeeper.resolution.references import PolicyReference, ReferenceKind, references
from gatekeeper.resolution.secret_keys import SecretKeys
from gatekeeper.resolution.texts import ConfigMapsAndUrls, Fetch
from gatekeeper.translation.policy_rule import ATTESTATION_RULE, RULE_PATH, has_rules
from gatekeeper.translation.translate import Translation, translate_each
from provider.clock import Clock

_RULE_PREFIX: Final = "spec.policy"
# The value of the chart that names the objects that we may read.
_REFERENCES_VALUE: Final = "controller.policies.references"
_IN_TURN: Final = "it is translated when others that came before it have been"


@dataclass(frozen=True)
class Refusal:
    """Why a policy's present text is not carried over.

    Attributes:
        reason: one word.
        message: one sentence, or several problems one after the other.
        until: when it is tried again although nothing changed, monotonic seconds; None for never.
    """

    reason: StateReason
    message: str
    until: float | None = None


Outcome: TypeAlias = DesiredPolicy | Refusal


@dataclass(frozen=True)
class TranslatorSettings:
    """What an administrator decides of all translations.

    Attributes:
        namespace: of the Secrets that policies name, and of ConfigMaps that they name without one.
        services: read the keys that policies name in key management services.
        shadow: how what is generated neither denies nor warns; None where it does.
    """

    namespace: str
    services: KeyService[KmsReference]
    shadow: Shadow | None = None
    synced_waivers: Callable[[], bool] = lambda: False


class PolicyTranslator:
    """Translates what changed, and remembers the rest.

    Args:
        engine: finds the opa; it raises `NoVerdictError` where there is none.
        reader: of what policies name in the cluster.
        fetch: the bytes at a URL, for rules that stand there.
        clock: for what is tried again.
        settings: see there.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        reader: ReferenceReader,
        fetch: Fetch,
        clock: Clock,
        settings: TranslatorSettings,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._fetch = fetch
        self._remotes = RemoteTexts(fetch, clock)
        self._keys = KeptKeys(settings.services, clock)
        self._clock = clock
        self._settings = settings
        self._decoded: dict[str, tuple[PolicyObject, ClusterImagePolicy | Refusal]] = {}
        self._done: dict[str, tuple[ClusterImagePolicy, int, Outcome]] = {}
        self._warnings: dict[str, tuple[KeyWarning, ...]] = {}
        # How long each text waits after it was not compiled in time, by the policy's uid.
        self._costly: dict[str, tuple[ClusterImagePolicy, float]] = {}
        self._synced_waivers = False

    def outcomes(self, policies: Sequence[PolicyObject]) -> Mapping[str, Outcome]:
        """What becomes of each policy, by its uid."""
        found: dict[str, Outcome] = {}
        fresh: list[tuple[PolicyObject, ClusterImagePolicy]] = []
        synced = self._settings.synced_waivers()
        if synced != self._synced_waivers:
            # Every template may be another one now.
            self._synced_waivers, self._done = synced, {}
        self._remotes.begin()
        self._keys.begin()
        self._reader.keep(frozenset(self._named(policies)))
        for each in policies:
            whole = self._whole(each)
            if isinstance(whole, Refusal):
                found[each.uid] = whole
            elif (known := self._known(each, whole)) is not None:
                found[each.uid] = known
            else:
                fresh.append((each, whole))
        for each, whole, outcome in self._translated(fresh):
            self._done[each.uid] = whole, each.generation, outcome
            found[each.uid] = outcome
        self._forget({each.uid for each in policies})
        return found

    def warnings(self, uid: str) -> tuple[KeyWarning, ...]:
        """What somebody should know of a policy's present text although it can be used."""
        return self._warnings.get(uid, ())

    def keys(self, uid: str) -> tuple[KeyReading, ...]:
        """The keys in services that a policy's present text names, and when each was last read."""
        _, decoded = self._decoded.get(uid, (None, None))
        if decoded is None or isinstance(decoded, Refusal):
            return ()
        named = (authority.key.kms for authority in decoded.spec.authorities if authority.key is not None)
        return tuple(self._keys.reading(name, parse(name)) for name in dict.fromkeys(named) if name)

    def errors(self) -> Sequence[ClusterError]:
        """What of the objects that policies name could not be read, each call once; those that are not there apart."""
        return self._reader.errors()

    def next(self) -> float:
        """When something is tried again although nothing changed, monotonic seconds."""
        retries = (outcome.until for *_, outcome in self._done.values() if isinstance(outcome, Refusal))
        moments = (*retries, self._reader.next(), self._keys.next())
        return min(until for until in moments if until is not None)

    def _forget(self, living: set[str]) -> None:
        self._decoded = {uid: kept for uid, kept in self._decoded.items() if uid in living}
        self._done = {uid: kept for uid, kept in self._done.items() if uid in living}
        self._warnings = {uid: kept for uid, kept in self._warnings.items() if uid in living}
        self._costly = {uid: kept for uid, kept in self._costly.items() if uid in living}

    def _known(self, policy: PolicyObject, whole: ClusterImagePolicy) -> Outcome | None:
        before, generation, outcome = self._done.get(policy.uid, (None, 0, None))
        if before != whole or generation != policy.generation:
            return None
        if isinstance(outcome, Refusal) and outcome.until is not None and outcome.until <= self._clock.monotonic():
            return None
        return outcome

    def _named(self, policies: Iterable[PolicyObject]) -> Iterator[PolicyReference]:
        for each in policies:
            decoded = self._decode(each)
            if not isinstance(decoded, Refusal):
                yield from references(decoded, self._settings.namespace)

    def _decode(self, policy: PolicyObject) -> ClusterImagePolicy | Refusal:
        before, decoded = self._decoded.get(policy.uid, (None, None))
        if decoded is None or before != policy:
            try:
                decoded = policy_of(policy.value, self._settings.namespace)
            except PolicyError as error:
                decoded = Refusal(StateReason.POLICY_INVALID, sentence(error.problems))
            except Exception as error:  # noqa: BLE001 - a fault of ours in one policy must not stop the others
                decoded = _internal(error)
            self._decoded[policy.uid] = policy, decoded
        return decoded

    def _whole(self, policy: PolicyObject) -> ClusterImagePolicy | Refusal:
        """The policy with what stands elsewhere written into it."""
        decoded = self._decode(policy)
        if isinstance(decoded, Refusal):
            return decoded
        self._warnings.pop(policy.uid, None)
        try:
            whole = self._resolved(decoded)
        except PolicyError as error:
            until = self._clock.monotonic() + REFERENCE_SECONDS
            return Refusal(StateReason.REFERENCE_INVALID, sentence(error.problems), until)
        except Exception as error:  # noqa: BLE001 - as above
            if not isinstance(error, ClusterError):
                return _internal(error)
            return Refusal(_of(error), _advised(error), self._clock.monotonic() + REFERENCE_SECONDS)
        self._warnings[policy.uid] = whole.warnings
        return whole.policy

    def _resolved(self, policy: ClusterImagePolicy) -> PolicyWithKeys:
        secrets: dict[str, Mapping[str, bytes]] = {}
        texts: dict[tuple[str, str], Mapping[str, str]] = {}
        for each in references(policy, self._settings.namespace):
            content = self._content(each)
            if each.kind is ReferenceKind.SECRET:
                secrets[each.name] = content
            else:
                decoded = {name: data.decode("utf-8", "surrogateescape") for name, data in content.items()}
                texts[each.namespace, each.name] = decoded
        given = ConfigMapsAndUrls(texts, self._fetch, self._settings.namespace)
        whole = SecretKeys(secrets).resolve(with_text(policy, ClusterTexts(given, self._remotes)))
        return resolve(whole, self._keys)

    def _content(self, reference: PolicyReference) -> Mapping[str, bytes]:
        found = self._reader.read(reference)
        if isinstance(found.error, ObjectAbsentError):
            raise PolicyError([Problem(reference.path, f"there is no {reference}", fields=(reference.path,))])
        if found.error is not None:
            raise found.error
        return found.content or {}

    def _translated(
        self, fresh: Sequence[tuple[PolicyObject, ClusterImagePolicy]]
    ) -> Iterator[tuple[PolicyObject, ClusterImagePolicy, Outcome]]:
        ends = self._clock.monotonic() + TRANSLATION_SECONDS
        for first in range(0, len(fresh), RULES_TOGETHER):
            portion = fresh[first : first + RULES_TOGETHER]
            if first > 0 and self._clock.monotonic() >= ends:
                now = self._clock.monotonic()
                yield from ((*each, Refusal(StateReason.APPLYING, _IN_TURN, now)) for each in portion)
            else:
                yield from self._portion(portion)

    def _portion(
        self, fresh: Sequence[tuple[PolicyObject, ClusterImagePolicy]]
    ) -> Iterator[tuple[PolicyObject, ClusterImagePolicy, Outcome]]:
        try:
            found = translate_each(
                [whole for _, whole in fresh], *self._programs(fresh), synced_waivers=self._synced_waivers
            )
        except Exception as error:  # noqa: BLE001 - as above
            if len(fresh) == 1:
                yield (*fresh[0], self._without_verdict(*fresh[0], error))
                return
            # Whose fault it is shows when each is alone.
            middle = len(fresh) // 2
            yield from self._portion(fresh[:middle])
            yield from self._portion(fresh[middle:])
            return
        for each, whole in fresh:
            yield each, whole, self._outcome(each, found[whole.name])

    def _programs(self, fresh: Sequence[tuple[PolicyObject, ClusterImagePolicy]]) -> tuple[Engine | None, ...]:
        """The opa as the one who compiles and the one who reads; none where no policy has a rule."""
        engine = self._engine() if any(has_rules(whole) for _, whole in fresh) else None
        return engine, engine

    def _without_verdict(self, policy: PolicyObject, whole: ClusterImagePolicy, error: Exception) -> Refusal:
        """All of it is tried again: it may have been the machine, and not the policy."""
        now = self._clock.monotonic()
        if not isinstance(error, NoVerdictError):
            return replace(_internal(error), until=now + REFERENCE_SECONDS)
        if error.reason == "Timeout":
            return Refusal(StateReason.RULE_TOO_COSTLY, error.message, now + self._patience(policy.uid, whole))
        return Refusal(StateReason.COMPILER_UNAVAILABLE, error.message, now + REFERENCE_SECONDS)

    def _patience(self, uid: str, whole: ClusterImagePolicy) -> float:
        """How long a text waits that was not compiled in time, seconds: twice as long each time."""
        before, seconds = self._costly.get(uid, (None, 0.0))
        longer = min(COSTLY_LATE_SECONDS, 2 * seconds) if before == whole else COSTLY_SECONDS
        self._costly[uid] = whole, longer
        return longer

    def _outcome(self, policy: PolicyObject, found: Translation | Sequence[Problem]) -> Outcome:
        if isinstance(found, Translation):
            return DesiredPolicy.of(found, policy.uid, policy.generation, self._settings.shadow)
        of_rule = all(each.path.startswith(RULE_PATH) or ATTESTATION_RULE.fullmatch(each.path) for each in found)
        reason = StateReason.RULE_INVALID if of_rule else StateReason.POLICY_INVALID
        return Refusal(reason, sentence(found))


def sentence(problems: Iterable[Problem]) -> str:
    """Problems one after the other, as much of them as a status takes."""
    text = "; ".join(map(str, problems))
    return text if len(text) <= MESSAGE_CHARACTERS else text[: MESSAGE_CHARACTERS - 1] + "…"


def _internal(error: Exception) -> Refusal:
    words = f"something unexpected ({type(error).__name__}) while it was translated; this is a fault of bestbefore"
    return Refusal(StateReason.INTERNAL, words)


def _advised(error: ClusterError) -> str:
    """What went wrong with an object that a policy names, and what to do where we may not read it."""
    if not isinstance(error, AccessDeniedError):
        return error.message
    return f"{error.message}; whoever installs the controller allows it by name (in the chart: {_REFERENCES_VALUE})"


def _of(error: ClusterError) -> StateReason:
    return StateReason.ACCESS_DENIED if isinstance(error, AccessDeniedError) else StateReason.CLUSTER_UNAVAILABLE
