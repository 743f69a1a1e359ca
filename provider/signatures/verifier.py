"""Who signed an image: a question becomes proofs.

The order: the key is read, or the trust roots are found; the image's digest; its signatures; then each of them by
itself, as `simple_signing` and `bundle` have it. One good signature is enough for an answer, and all good ones are in
it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from provider import limits
from provider.cache.keys import ResultKey
from provider.cache.memory import Memory
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.observer import Observer
from provider.questions.answer import Proof, Proofs, TimeSource
from provider.questions.proof_question import Format, LogName, TrustRootName, Verify
from provider.questions.question import ProofQuestion, key_of
from provider.questions.question import ref as ref_of
from provider.reasons import Reason
from provider.registry import failures, reference
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content import Content
from provider.registry.reference import Reference
from provider.signatures.demands import Demands
from provider.signatures.discovery import Discovery, Found, LegacySignature, Wanted
from provider.signatures.documents import Documents, rfc3339
from provider.signatures.examination import Examination, Examined, steps
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.rejection import RejectedError
from provider.signatures.trust import keys
from provider.signatures.trust.trust_roots import TrustRoots

_LOG: Final = logging.getLogger(__name__)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True)
class _Result:
    """What verifying one signature gave: a proof, or why there is none, and the step at which that was seen."""

    proof: Proof | None
    problem: str = ""
    step: int = 0


@dataclass(frozen=True)
class Registry:
    """What is known of registries.

    Attributes:
        content: knows what tags point to.
        client: reaches them.
    """

    content: Content
    client: RegistryClient


class ProofVerifier:
    """Proves who signed images; may be used by many threads.

    Args:
        registry: knows what tags point to.
        discovery: finds signatures.
        trust_roots: finds trust roots.
        clock: for certificates whose time of signing nobody proves, and for what is remembered.
        observer: is told of look-ups.
    """

    def __init__(
        self, registry: Registry, discovery: Discovery, trust_roots: TrustRoots, clock: Clock, observer: Observer
    ) -> None:
        self._registry = registry
        self._discovery = discovery
        self._trust_roots = trust_roots
        self._clock = clock
        self._observer = observer
        self._results: Memory[ResultKey, _Result] = Memory(clock, limits.SIGNATURE_RESULTS)

    def prove(self, question: ProofQuestion, deadline: Deadline, ref: str | None = None) -> Proofs:
        """What cryptography proves about who signed an image.

        Args:
            question: the image, and what has to be proved.
            deadline: by when the work must be done; every wait within honours it.
            ref: short name of the key that asks; computed from the question where it is not given.

        Raises:
            ImageError: `SignatureAbsent`, `SignatureRejected`, `TrustRootStale`, `KeyInvalid`, or what keeps the
                registry from answering; in policy-controller's words where it has some.
        """
        call = Call(deadline, ref or ref_of(key_of(question)))
        image = reference.parse(question.image)
        demands = self._demands(question.verify)
        try:
            with self._upstream_words(image):
                digest, seen_at = self._digest(image, call)
                wanted = Wanted(image, digest, question.verify.source)
                found, results = self._looked(wanted, question.verify.format, demands, call)
        finally:
            self._observer.round_trips(call.round_trips)
        proofs = _proved(results)
        found_at = rfc3339(found.observed_at)
        return Proofs(image.name, digest, f"{image.context}@{digest}", proofs, min(seen_at or found_at, found_at))

    def examine(self, question: ProofQuestion, deadline: Deadline) -> Examination:
        """Every signature of an image, and how far each came; for people, since the answer is in `prove`.

        Raises:
            ImageError: the key, the trust root, the image or its signatures cannot be had.
        """
        call = Call(deadline, ref_of(key_of(question)))
        image = reference.parse(question.image)
        demands = self._demands(question.verify)
        with self._upstream_words(image):
            digest, _ = self._digest(image, call)
            wanted = Wanted(image, digest, question.verify.source)
            found = self._found(wanted, question.verify.format, call)
        legacy = [
            _examined(simple_signing.FORMAT, signature.name, digest, demands, self._legacy(signature, digest, demands))
            for signature in found.legacy
        ]
        bundles = [
            _examined(bundle.FORMAT, hashlib.sha256(raw).hexdigest(), digest, demands.for_bundles, result)
            for raw in found.bundles
            if (result := self._bundle(raw, digest, demands.for_bundles)) is not None
        ]
        return Examination(image.name, digest, [*legacy, *bundles])

    def _looked(self, wanted: Wanted, form: Format, demands: Demands, call: Call) -> tuple[Found, Sequence[_Result]]:
        """Find signatures and verify them; what was seen a while ago and proves nothing is looked for again."""
        found = self._found(wanted, form, call)
        results = self._verify(found, wanted.digest, demands)
        stale = self._clock.now() - found.observed_at > limits.PASSING_SECONDS
        if stale and not any(result.proof for result in results):
            # Somebody may have signed it meanwhile: sign and retry works at once.
            found = self._found(replace(wanted, max_age=limits.PASSING_SECONDS), form, call)
            results = self._verify(found, wanted.digest, demands)
        return found, results

    def _demands(self, verify: Verify) -> Demands:
        """Read the key, find the trust roots.

        Raises:
            ImageError: `KeyInvalid`, `TrustRootStale`.
        """
        key = keys.load(verify.key.data, verify.key.hash_algorithm) if verify.key else None
        trust_root = self._trust_roots.find(verify.keyless.trust_root) if verify.keyless else None
        log = verify.log or _implied_log(verify)
        return Demands(
            key=key,
            trust_root=trust_root,
            ignore_sct=verify.keyless.ignore_sct if verify.keyless else False,
            logs=self._trust_roots.find(log.trust_root) if log else None,
            offline=verify.log is None,
            timestamps=self._trust_roots.find(verify.timestamp) if verify.timestamp is not None else None,
        )

    def _digest(self, image: Reference, call: Call) -> tuple[str, str]:
        """What the image is, and when its tag was seen to point there; empty for a digest."""
        if image.digest:
            return image.digest, ""
        seen = self._registry.content.seen(image, call)
        return seen.document.digest, seen.observed_at

    def _found(self, wanted: Wanted, form: Format, call: Call) -> Found:
        legacy, bundles = Found(), Found()
        if form is not Format.BUNDLE:
            legacy = self._discovery.legacy(wanted, call)
        if form is not Format.LEGACY:
            bundles = self._discovery.bundles(wanted, call)
        times = [found.observed_at for found in (legacy, bundles) if found.observed_at]
        return Found(legacy.legacy, bundles.bundles, min(times))

    def _verify(self, found: Found, digest: str, demands: Demands) -> Sequence[_Result]:
        results = [self._legacy(signature, digest, demands) for signature in found.legacy]
        bundles = [self._bundle(raw, digest, demands.for_bundles) for raw in found.bundles]
        return results + [result for result in bundles if result is not None]

    def _legacy(self, signature: LegacySignature, digest: str, demands: Demands) -> _Result:
        key = ResultKey(signature.name, digest, demands.revision)
        return self._remembered(key, lambda: simple_signing.verify(signature, digest, demands, self._now()))

    def _bundle(self, raw: bytes, digest: str, demands: Demands) -> _Result | None:
        """None for a bundle that is no signature."""
        key = ResultKey(hashlib.sha256(raw).hexdigest(), digest, demands.revision)
        try:
            return self._remembered(key, lambda: bundle.verify(raw, digest, demands))
        except bundle.NoSignatureError:
            return None

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)

    def _remembered(self, key: ResultKey, work: Callable[[], Proof]) -> _Result:
        """The result from memory, or worked out; one that the time of day has a say in is worked out each time."""
        known = self._results.get(key)
        self._observer.cache_lookup("memory", "proof", "hit" if known else "miss")
        if known is not None:
            return known
        try:
            result = _Result(work())
        except RejectedError as error:
            return _Result(None, shown(str(error), limits.PROBLEM_CHARACTERS), error.step)
        except bundle.NoSignatureError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it is this signature that fails
            # A signature that nobody expected proves nothing, and must not hide one that is good.
            _LOG.exception("a signature could not be verified")
            return _Result(None, "the signature could not be verified")
        if result.proof and all(time.source is not TimeSource.NONE for time in result.proof.times):
            self._results.put(key, result)
        return result

    @contextmanager
    def _upstream_words(self, image: Reference) -> Iterator[None]:
        """Policy-controller's words for a registry that does not answer, or does not know the image."""
        try:
            yield
        except ImageError as error:
            url = self._registry.client.url(image)
            if error.reason is Reason.NOT_FOUND:
                sentence = f"image tag not found: GET {url}: MANIFEST_UNKNOWN: manifest unknown"
                raise ImageError(error.reason, sentence) from error
            if failures.REFUSED in error.message:
                raise ImageError(error.reason, _refused(image, url)) from error
            raise


def build_verifier(  # noqa: PLR0913 - what the inspector has
    content: Content,
    client: RegistryClient,
    clock: Clock,
    observer: Observer,
    trust_roots: Mapping[str, Path],
    *,
    tag_ttl: float,
) -> ProofVerifier:
    """The verifier with everything below it.

    Raises:
        SettingsError: a trust root cannot be used.
    """
    if trust_roots:
        # They were named to be used: what they need is not loaded in the first question's time.
        importlib.import_module("provider.signatures.evidence.sigstore_parts")
    discovery = Discovery(Documents(client, clock, tag_ttl=tag_ttl), clock.now)
    return ProofVerifier(Registry(content, client), discovery, TrustRoots(trust_roots, clock), clock, observer)


def _examined(form: str, name: str, digest: str, demands: Demands, result: _Result) -> Examined:
    """A result with its steps; one that ended in none of them is refused before the first."""
    failed = None if result.proof else result.step
    return Examined(form, name, steps(form, digest, demands, failed), result.proof, result.problem)


def _implied_log(verify: Verify) -> LogName | None:
    """The log that is asked for though nobody named one.

    Policy-controller wants it of certificates of the public good instance, unless a timestamp authority is named.
    """
    public = verify.keyless is not None and verify.keyless.trust_root.name == ""
    return LogName(trust_root=TrustRootName()) if public and verify.timestamp is None else None


def _proved(results: Sequence[_Result]) -> Sequence[Proof]:
    """The proofs among the results, the first of those that are the same.

    Raises:
        ImageError: there are none.
    """
    if not results:
        raise ImageError(Reason.SIGNATURE_ABSENT, "no signatures found")
    proofs = {result.proof.id: result.proof for result in reversed(results) if result.proof}
    if proofs:
        return list(reversed(proofs.values()))
    problems = [result.problem for result in results]
    more = len(problems) - limits.REJECTIONS_SHOWN
    told = " ".join(problems[: limits.REJECTIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    raise ImageError(Reason.SIGNATURE_REJECTED, f"no matching signatures: {told}")


def _refused(image: Reference, url: str) -> str:
    """Go's words for a refused connection; where plain HTTP is allowed, cosign tries HTTPS first."""
    host, _, port = image.registry.partition(":")
    address = f" 127.0.0.1:{port}" if host in _LOOPBACK and port else ""
    schemes = ("https", "http") if url.startswith("http://") else ("https",)
    tries = (
        f'Get "{scheme}://{image.registry}/v2/": dial tcp{address}: connect: connection refused' for scheme in schemes
    )
    return "; ".join(tries)
