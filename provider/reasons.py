"""The closed list of reason codes.

A reason stands in denials, logs, metrics, Events and `bestbefore explain REASON`, spelt alike everywhere. Each says
whether it is durable (Gatekeeper may cache it: an item error), passing (it may be different in ten seconds, so it
travels in `systemError`, which Gatekeeper does not cache) or a verdict (decided in Rego, never sent by the provider).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lifetime(StrEnum):
    """How long a reason stays true."""

    DURABLE = "durable"
    PASSING = "passing"
    VERDICT = "verdict"


class Fault(StrEnum):
    """Who can mend it."""

    IMAGE = "the image's publisher"
    USER = "the author of the workload"
    POLICY = "the author of the policy"
    REGISTRY = "the registry, or the network on the way to it"
    OPERATOR = "the cluster's administrator"
    BESTBEFORE = "bestbefore"


class Reason(StrEnum):
    """Why an image has no good answer."""

    IMAGE_TOO_OLD = "ImageTooOld"
    IMAGE_UNDATED = "ImageUndated"
    IMAGE_FROM_FUTURE = "ImageFromFuture"
    DIGEST_MISSING = "DigestMissing"
    NO_MATCHING_POLICY = "NoMatchingPolicy"
    STATIC_DENY = "StaticDeny"
    SIGNATURE_ABSENT = "SignatureAbsent"
    SIGNATURE_REJECTED = "SignatureRejected"
    IDENTITY_MISMATCH = "IdentityMismatch"
    ATTESTATION_ABSENT = "AttestationAbsent"
    ATTESTATION_REJECTED = "AttestationRejected"
    POLICY_FAILED = "PolicyFailed"
    PARAMETERS_INVALID = "ParametersInvalid"
    REFERENCE_INVALID = "ReferenceInvalid"
    KEY_INVALID = "KeyInvalid"
    CONTENT_INVALID = "ContentInvalid"
    LIMIT_EXCEEDED = "LimitExceeded"
    ADDRESS_REFUSED = "AddressRefused"
    NOT_FOUND = "NotFound"
    UNAUTHORIZED = "Unauthorized"
    THROTTLED = "Throttled"
    REGISTRY_UNAVAILABLE = "RegistryUnavailable"
    TIMEOUT = "Timeout"
    OVERLOADED = "Overloaded"
    TRUST_ROOT_STALE = "TrustRootStale"
    QUESTION_UNSUPPORTED = "QuestionUnsupported"
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"
    INTERNAL = "Internal"

    @property
    def durable(self) -> bool:
        """Whether Gatekeeper may cache it."""
        return EXPLANATIONS[self].lifetime is Lifetime.DURABLE


@dataclass(frozen=True)
class Explanation:
    """What a person needs to know about a reason.

    Attributes:
        lifetime: how long it stays true.
        fault: who can mend it.
        cause: what has happened, a sentence or two.
        remedy: what to do next, in the order to try it.
    """

    lifetime: Lifetime
    fault: Fault
    cause: str
    remedy: str


_D, _P, _V = Lifetime.DURABLE, Lifetime.PASSING, Lifetime.VERDICT

EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.IMAGE_TOO_OLD: Explanation(
        _V,
        Fault.IMAGE,
        "The image was built longer ago than the policy allows.",
        "Rebuild the image, or move to a newer tag. To let it run for a time, add an exemption with an end date.",
    ),
    Reason.IMAGE_UNDATED: Explanation(
        _V,
        Fault.IMAGE,
        "The image does not say when it was built: `created` is absent, unreadable, or the epoch that reproducible "
        "builds write.",
        "Build it with a real date (for reproducible builds, SOURCE_DATE_EPOCH of the last commit), or set "
        "`unknownAge` in the policy.",
    ),
    Reason.IMAGE_FROM_FUTURE: Explanation(
        _V,
        Fault.IMAGE,
        "The image says that it was built in the future.",
        "Check the clock of the machine that builds it, and rebuild.",
    ),
    Reason.DIGEST_MISSING: Explanation(
        _V,
        Fault.USER,
        "The image is named by a tag, and the policy wants a digest.",
        "Write IMAGE@sha256:…; `bestbefore facts IMAGE` shows the digest. If the mutation objects are installed, look "
        "at why they did not pin it.",
    ),
    Reason.NO_MATCHING_POLICY: Explanation(
        _V,
        Fault.POLICY,
        "No policy, or no rule of SignedImages, covers the image, and such images are denied (or warned of).",
        "Use an image that is covered, or add a ClusterImagePolicy, or a rule, whose glob matches it.",
    ),
    Reason.STATIC_DENY: Explanation(
        _V,
        Fault.POLICY,
        "A policy refuses every image that its globs match.",
        "Use another image; the policy's message says which, where its author gave one.",
    ),
    Reason.SIGNATURE_ABSENT: Explanation(
        _P, Fault.IMAGE, "The image has no signature.", "Sign it (`cosign sign IMAGE@DIGEST`) and try again."
    ),
    Reason.SIGNATURE_REJECTED: Explanation(
        _P,
        Fault.IMAGE,
        "The image has signatures, but none that the policy's key or trust root proves.",
        "Sign it with the key or identity that the policy names; `bestbefore verify` shows the step that failed.",
    ),
    Reason.IDENTITY_MISMATCH: Explanation(
        _V,
        Fault.IMAGE,
        "The signature is good, but made by somebody else than the policy names, or not by as many different people.",
        "Sign with the identity that the policy names, or correct the policy.",
    ),
    Reason.ATTESTATION_ABSENT: Explanation(
        _P, Fault.IMAGE, "The image has no attestation of the wanted type.", "Attach one (`cosign attest`)."
    ),
    Reason.ATTESTATION_REJECTED: Explanation(
        _P,
        Fault.IMAGE,
        "The image has attestations, but none that can be proved or that the policy accepts.",
        "Look at what the policy wants of the attestation, and attach one that satisfies it.",
    ),
    Reason.POLICY_FAILED: Explanation(
        _V,
        Fault.IMAGE,
        "The policy's own rule did not say that the image is compliant.",
        "Read the rule's sentence at the start of the message; `bestbefore check` runs the same rule offline.",
    ),
    Reason.PARAMETERS_INVALID: Explanation(
        _V,
        Fault.POLICY,
        "The Constraint's parameters make no sense, so nothing can be judged by them and nothing is admitted.",
        "Correct the parameter that the message names; the policy's README has all of them.",
    ),
    Reason.REFERENCE_INVALID: Explanation(
        _D,
        Fault.USER,
        "The image reference is malformed.",
        "Correct it: [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:…], the repository in lower case.",
    ),
    Reason.KEY_INVALID: Explanation(
        _D,
        Fault.POLICY,
        "The key that the template sent is neither an image reference nor a question the provider can read.",
        "Regenerate the template with `bestbefore translate`; in a template of your own, see the reference of keys.",
    ),
    Reason.CONTENT_INVALID: Explanation(
        _D,
        Fault.IMAGE,
        "What the registry holds under this digest is not a valid image: a foreign media type, content that does not "
        "match its digest, or an unreadable configuration.",
        "Rebuild and push the image; `bestbefore facts IMAGE` names the document that is wrong.",
    ),
    Reason.LIMIT_EXCEEDED: Explanation(
        _D,
        Fault.IMAGE,
        "The image's documents are larger, or more in number, than the provider reads.",
        "Make the index or the image configuration smaller; the limits are in the reference.",
    ),
    Reason.ADDRESS_REFUSED: Explanation(
        _P,
        Fault.OPERATOR,
        "The registry's name leads to a loopback, link-local, private or cluster address, which strangers could use "
        "to reach into the network.",
        "If the registry is meant to be used, name its host in the provider's settings.",
    ),
    Reason.NOT_FOUND: Explanation(
        _P,
        Fault.USER,
        "The registry does not know the image, or hides it from us.",
        "Check the spelling, and that the image has been pushed; for a private one, that the provider may pull it.",
    ),
    Reason.UNAUTHORIZED: Explanation(
        _P,
        Fault.OPERATOR,
        "The registry refuses us: no credentials, or not the right ones.",
        "Give the provider credentials for the registry; `bestbefore facts IMAGE` with the same config.json shows "
        "whether they work.",
    ),
    Reason.THROTTLED: Explanation(
        _P,
        Fault.REGISTRY,
        "The registry asks us to come back later (429), and we do.",
        "Wait and retry. If it happens often, pull with credentials (a larger quota) or through a mirror.",
    ),
    Reason.REGISTRY_UNAVAILABLE: Explanation(
        _P,
        Fault.REGISTRY,
        "The registry could not be reached, or answered with an error of its own.",
        "Retry; if it lasts, look at the registry's state and at the network policy between it and the provider.",
    ),
    Reason.TIMEOUT: Explanation(
        _P,
        Fault.REGISTRY,
        "There was no answer in the time an admission may take. The work goes on in the background.",
        "Retry in a few seconds: what has been fetched by then is kept.",
    ),
    Reason.OVERLOADED: Explanation(
        _P,
        Fault.OPERATOR,
        "The provider has more to do than it can, or the answers of one request are too large together.",
        "Retry; if it lasts, add replicas.",
    ),
    Reason.TRUST_ROOT_STALE: Explanation(
        _P,
        Fault.OPERATOR,
        "The trust root that the policy names is not there, or is another one than the policy was made for.",
        "Name its file in the provider's setting `trust_root`, or replace the file; the provider's log says so where a "
        "new one could not be used and the old one stayed in force.",
    ),
    Reason.QUESTION_UNSUPPORTED: Explanation(
        _P,
        Fault.OPERATOR,
        "The template asks for something that this version of the provider does not know.",
        "Finish the upgrade of the provider, which comes before the templates.",
    ),
    Reason.PROVIDER_UNAVAILABLE: Explanation(
        _P,
        Fault.OPERATOR,
        "Gatekeeper got no usable answer from the provider: it is down, slow, or the two do not trust each other's "
        "certificates.",
        "Look at the provider's Pods and at the Provider objects' caBundle; `kubectl logs` of both sides says more.",
    ),
    Reason.INTERNAL: Explanation(
        _P,
        Fault.BESTBEFORE,
        "The provider met something that it did not expect.",
        "Look for the ref in the provider's log and report it.",
    ),
}
