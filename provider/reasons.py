"""The closed list of reason codes.

A reason stands in denials, logs, metrics, Events and `bestbefore explain REASON`, spelt alike everywhere. Each says
whether it is durable (Gatekeeper may cache it: an item error), passing (it may be different in ten seconds, so it
travels in `systemError`, which Gatekeeper does not cache) or a verdict (decided in Rego, never sent by the provider).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Lifetime(StrEnum):
    """How long a reason stays true."""

    DURABLE = "durable"
    PASSING = "passing"
    VERDICT = "verdict"


class Fault(StrEnum):
    """Who can fix it."""

    IMAGE = "the image's publisher"
    USER = "the author of the workload"
    POLICY = "the author of the policy"
    REGISTRY = "the registry, or the network on the way to it"
    OPERATOR = "the cluster's administrator"
    BESTBEFORE = "bestbefore"


class BlockCause(StrEnum):
    """What has to change before a workload that a denial blocks may run, in one word: a label of metrics.

    The people of a workload can change `policy` (what it allows) and `image` (which one is used, and what it says). Of
    the others they have to wait for whoever runs the platform. `webhook` is no reason's: the API server refused the
    request because Gatekeeper gave no answer (failure policy Fail).
    """

    POLICY = "policy"
    IMAGE = "image"
    REGISTRY = "registry"
    PROVIDER = "provider"
    WEBHOOK = "webhook"


class Reason(StrEnum):
    """Why an image has no good answer."""

    IMAGE_TOO_OLD = "ImageTooOld"
    IMAGE_TOO_YOUNG = "ImageTooYoung"
    IMAGE_UNDATED = "ImageUndated"
    IMAGE_FROM_FUTURE = "ImageFromFuture"
    PLATFORM_ABSENT = "PlatformAbsent"
    DIGEST_MISSING = "DigestMissing"
    NO_MATCHING_POLICY = "NoMatchingPolicy"
    STATIC_DENY = "StaticDeny"
    SIGNATURE_ABSENT = "SignatureAbsent"
    SIGNATURE_REJECTED = "SignatureRejected"
    IDENTITY_MISMATCH = "IdentityMismatch"
    ATTESTATION_ABSENT = "AttestationAbsent"
    ATTESTATION_REJECTED = "AttestationRejected"
    POLICY_FAILED = "PolicyFailed"
    WAIVED = "Waived"
    PARAMETERS_INVALID = "ParametersInvalid"
    REFERENCE_INVALID = "ReferenceInvalid"
    KEY_INVALID = "KeyInvalid"
    CONTENT_INVALID = "ContentInvalid"
    LIMIT_EXCEEDED = "LimitExceeded"
    ADDRESS_REFUSED = "AddressRefused"
    NOT_FOUND = "NotFound"
    UNAUTHORIZED = "Unauthorized"
    PULL_REFUSED = "PullRefused"
    THROTTLED = "Throttled"
    REGISTRY_UNAVAILABLE = "RegistryUnavailable"
    TIMEOUT = "Timeout"
    OVERLOADED = "Overloaded"
    TRUST_ROOT_STALE = "TrustRootStale"
    KEY_UNAVAILABLE = "KeyUnavailable"
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
        fault: who can fix it.
        cause: what has to change before the workload may run.
        meaning: what has happened, a sentence or two.
        remedy: what to do next, in the order to try it.
        brief: the same in few words, about "it", the image; it stands in the denial itself, for a reader without this
            program.
        no_answer: whether it says nothing of the image, because nobody could look at it: a check has no verdict.
    """

    lifetime: Lifetime
    fault: Fault
    cause: BlockCause
    meaning: str
    remedy: str
    brief: str
    no_answer: bool = False


_D, _P, _V = Lifetime.DURABLE, Lifetime.PASSING, Lifetime.VERDICT

EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.IMAGE_TOO_OLD: Explanation(
        _V,
        Fault.IMAGE,
        BlockCause.POLICY,
        "The image was built longer ago than the policy allows.",
        "Rebuild the image, or move to a newer tag. To let it run for a time, add an exemption with an end date.",
        "Rebuild it, or move to a newer tag.",
    ),
    Reason.IMAGE_TOO_YOUNG: Explanation(
        _V,
        Fault.POLICY,
        BlockCause.POLICY,
        "The image was built more recently than the policy's cooldown (`minAge`) allows: what is new may be a poisoned "
        "release that nobody has found out yet.",
        "Wait until the moment that the message names, or use an older image; `bestbefore suggest IMAGE` looks "
        "for one. For an urgent fix, let the policy's owner add an exemption that ends when the image is old enough.",
        "Wait until it is old enough, or use an older one; or ask for an exemption.",
    ),
    Reason.IMAGE_UNDATED: Explanation(
        _V,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image does not say when it was built: `created` is absent, unreadable, or the epoch that reproducible "
        "builds write; or it says what is proved to be untrue, or has no proof of the kind that the policy asks for, "
        "or one that could not be looked at and might make it older.",
        "Build it with a real date (for reproducible builds, SOURCE_DATE_EPOCH of the last commit), attest the "
        "provenance that the policy asks for (`dates`, `minAgeProof`), or set `unknownAge` in the policy. Where "
        "signatures or attestations could not be looked at, try again, and take away those that nobody needs.",
        "Build it with a real date (SOURCE_DATE_EPOCH), or attest its provenance.",
    ),
    Reason.IMAGE_FROM_FUTURE: Explanation(
        _V,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image says that it was built in the future.",
        "Check the clock of the machine that builds it, and rebuild.",
        "Correct the clock of the machine that builds it, and rebuild it.",
    ),
    Reason.PLATFORM_ABSENT: Explanation(
        _V,
        Fault.USER,
        BlockCause.IMAGE,
        "The image has no platform that the Pod can run on, so none of its dates says anything of what would run.",
        "Compare the platforms of the image with `spec.os`, `nodeSelector` and the required node affinity of the Pod, "
        "and build the image for one of them.",
        "Use an image for a platform that the Pod can run on.",
    ),
    Reason.DIGEST_MISSING: Explanation(
        _V,
        Fault.USER,
        BlockCause.POLICY,
        "The image is named by a tag, and the policy wants a digest.",
        "Write IMAGE@sha256:…; `bestbefore facts IMAGE` shows the digest. If the mutation objects are installed, look "
        "at why they did not pin it.",
        "Add its digest (@sha256:…).",
    ),
    Reason.NO_MATCHING_POLICY: Explanation(
        _V,
        Fault.POLICY,
        BlockCause.POLICY,
        "No policy, or no rule of SignedImages, covers the image, and such images are denied (or warned of).",
        "Use an image that is covered, or add a ClusterImagePolicy, or a rule, whose glob matches it.",
        "Use an image that a policy covers, or ask for a policy that covers this one.",
    ),
    Reason.STATIC_DENY: Explanation(
        _V,
        Fault.POLICY,
        BlockCause.POLICY,
        "A policy refuses every image that its globs match.",
        "Use another image; the policy's message says which, where its author gave one.",
        "Use another image.",
    ),
    Reason.SIGNATURE_ABSENT: Explanation(
        _P,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image has no signature.",
        "Sign it (`cosign sign IMAGE@DIGEST`) and try again. Where the message names a bundle, cosign 3 has signed "
        "it, and the policy reads legacy signatures: set `signatureFormat: bundle` in the policy, or sign with "
        "`--new-bundle-format=false`.",
        "Sign it, or use a signed one.",
    ),
    Reason.SIGNATURE_REJECTED: Explanation(
        _P,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image has signatures, but none that the policy's key or trust root proves.",
        "Sign it with the key or identity that the policy names. After a denial in a cluster, `bestbefore verify` "
        "shows the step that failed.",
        "Sign it with the key or identity that the policy names.",
    ),
    Reason.IDENTITY_MISMATCH: Explanation(
        _V,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The signature is good, but made by somebody else than the policy names, or not by as many different people.",
        "Sign with the identity that the policy names, or correct the policy.",
        "Let somebody sign it whom the policy names.",
    ),
    Reason.ATTESTATION_ABSENT: Explanation(
        _P,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image has no attestation of the wanted type.",
        "Attach one (`cosign attest`).",
        "Attach the attestation that the policy asks for.",
    ),
    Reason.ATTESTATION_REJECTED: Explanation(
        _P,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image has attestations, but none that can be proved or that the policy accepts.",
        "Look at what the policy wants of the attestation, and attach one that satisfies it.",
        "Attach an attestation that satisfies the policy.",
    ),
    Reason.POLICY_FAILED: Explanation(
        _V,
        Fault.IMAGE,
        BlockCause.POLICY,
        "The policy's own rule did not say that the image is compliant.",
        "Read the rule's sentence at the start of the message, and change what it names. Where it has none of its own, "
        "something that it reads is not there: compare the rule with the image's configuration (`bestbefore facts`).",
        "Use an image that satisfies the policy, or ask the policy's owner.",
    ),
    Reason.WAIVED: Explanation(
        _V,
        Fault.POLICY,
        BlockCause.POLICY,
        "The policy would deny the image, and a Waiver lets it pass until the time that the message names. It is a "
        "warning, so that nobody forgets.",
        "Do what the denial behind it asks for (the message names it) before the Waiver ends. `bestbefore waivers` "
        "shows all of them.",
        "From then on it is denied.",
    ),
    Reason.PARAMETERS_INVALID: Explanation(
        _V,
        Fault.POLICY,
        BlockCause.POLICY,
        "The Constraint's parameters make no sense, so nothing can be judged by them and nothing is admitted.",
        "Correct the parameter that the message names; the policy's README has all of them.",
        "Ask the policy's owner to correct the Constraint.",
    ),
    Reason.REFERENCE_INVALID: Explanation(
        _D,
        Fault.USER,
        BlockCause.IMAGE,
        "The image reference is malformed.",
        "Correct it: [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:…], the repository in lower case.",
        "Correct it: [HOST/]REPOSITORY[:TAG][@sha256:…], in lower case.",
    ),
    Reason.KEY_INVALID: Explanation(
        _D,
        Fault.POLICY,
        BlockCause.POLICY,
        "The key that the template sent is neither an image reference nor a question the provider can read.",
        "Regenerate the template with `bestbefore translate`; in a template of your own, see the reference of keys.",
        "Ask the policy's owner to translate it again.",
    ),
    Reason.CONTENT_INVALID: Explanation(
        _D,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "What the registry holds under this digest is not a valid image: a foreign media type, content that does not "
        "match its digest, or an unreadable configuration.",
        "Rebuild the image and push it again. The message names the document that is wrong, or after a denial in a "
        "cluster `bestbefore facts IMAGE` does.",
        "Rebuild it and push it again.",
    ),
    Reason.LIMIT_EXCEEDED: Explanation(
        _D,
        Fault.IMAGE,
        BlockCause.IMAGE,
        "The image's documents, or what is read of its attestations, are larger, or more in number, than the provider "
        "reads; or an object has more images than are judged.",
        "Make the index, the image configuration or the attested document smaller, or split the object up; the limits "
        "are in the reference.",
        "Make its index, its configuration or what is attested of it smaller.",
    ),
    Reason.ADDRESS_REFUSED: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "The registry's name leads to a loopback, link-local, private or cluster address, which strangers could use "
        "to reach into the network.",
        "If the registry is meant to be used, name its host in the provider's settings.",
        "Ask the administrator to name the registry in the provider's settings.",
    ),
    Reason.NOT_FOUND: Explanation(
        _P,
        Fault.USER,
        BlockCause.IMAGE,
        "The registry does not know the image, or hides it from us.",
        "Check the spelling, and that the image has been pushed; for a private one, that the provider may pull it.",
        "Check its spelling, that it was pushed, and that the provider may pull it.",
    ),
    Reason.UNAUTHORIZED: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.REGISTRY,
        "The registry refuses us: no credentials, or not the right ones.",
        "Give the provider credentials for the registry. To try them first, give them to `facts`: `bestbefore facts "
        "--docker-config config.json IMAGE`.",
        "Ask the administrator to give the provider credentials for the registry.",
    ),
    Reason.PULL_REFUSED: Explanation(
        _P,
        Fault.REGISTRY,
        BlockCause.REGISTRY,
        "The registry knows the image and does not give it to anybody like us, by a policy of its own: it found "
        "vulnerabilities, wants to be paid, or is forbidden to (402, 412, 451).",
        "Ask whoever runs the registry what its policy has against the image, and use an image that it gives.",
        "Ask whoever runs the registry why it does not give it, or use another image.",
    ),
    Reason.THROTTLED: Explanation(
        _P,
        Fault.REGISTRY,
        BlockCause.REGISTRY,
        "The registry asks us to come back later (429), and we do. Or audit asks, and the rest of the quota is "
        "kept for admissions.",
        "Wait and retry. If it happens often, pull with credentials (a larger quota) or through a mirror.",
        "Retry in a minute.",
        no_answer=True,
    ),
    Reason.REGISTRY_UNAVAILABLE: Explanation(
        _P,
        Fault.REGISTRY,
        BlockCause.REGISTRY,
        "The registry could not be reached, or answered with an error of its own.",
        "Retry; if it lasts, look at the registry's state and at the network policy between it and the provider.",
        "Retry; if it lasts, look at the registry.",
        no_answer=True,
    ),
    Reason.TIMEOUT: Explanation(
        _P,
        Fault.REGISTRY,
        BlockCause.PROVIDER,
        "There was no answer in the time an admission may take. The work goes on in the background.",
        "Retry in a few seconds: what has been fetched by then is kept.",
        "Retry in a few seconds.",
        no_answer=True,
    ),
    Reason.OVERLOADED: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "The provider has more to do than it can, or the answers of one request are too large together.",
        "Retry; if it lasts, add replicas.",
        "Retry in a few seconds; if it lasts, tell the administrator.",
        no_answer=True,
    ),
    Reason.TRUST_ROOT_STALE: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "The trust root that the policy names is not there, cannot be used, or is another one than the policy was made "
        "for; or a key of the provider's setting `authority` cannot be used.",
        "See why the cluster's TrustRoot is not refreshed (the controller's log, `trust_root.failed`): one that could "
        "not be for 14 days is used no more. Or name its file in the provider's setting `trust_root` or `authority`, "
        "or replace the file; the provider's log says which file could not be used, and why (`file.rejected`).",
        "Ask the administrator to give the provider the trust root.",
        no_answer=True,
    ),
    Reason.KEY_UNAVAILABLE: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "A key that the policy names in a key management service (`key.kms`) could not be read when the Constraint was "
        "made; in the cluster, not for 12 hours.",
        "See what the message says of the service: who we are there, the right that is missing, or the way to it. The "
        "controller reads the key again each minute; what was translated by a command is to be translated again.",
        "Ask the administrator to let the key be read.",
        no_answer=True,
    ),
    Reason.QUESTION_UNSUPPORTED: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "The template asks for something that this version of the provider does not know.",
        "Finish the upgrade of the provider, which comes before the templates.",
        "Ask the administrator to upgrade the provider.",
        no_answer=True,
    ),
    Reason.PROVIDER_UNAVAILABLE: Explanation(
        _P,
        Fault.OPERATOR,
        BlockCause.PROVIDER,
        "Gatekeeper got no usable answer from the provider: it is down, slow, or the two do not trust each other's "
        "certificates.",
        "Look at the provider's Pods and at the Provider objects' caBundle; `kubectl logs` of both sides says more.",
        "Retry; if it lasts, tell the administrator.",
        no_answer=True,
    ),
    Reason.INTERNAL: Explanation(
        _P,
        Fault.BESTBEFORE,
        BlockCause.PROVIDER,
        "The provider met something that it did not expect.",
        "Look for the ref in the provider's log and report it.",
        "Retry; if it lasts, tell the administrator the ref.",
        no_answer=True,
    ),
}

# The reasons that say nothing of the image: with an answer the verdict might be another.
NO_ANSWER: Final = frozenset(reason for reason, explanation in EXPLANATIONS.items() if explanation.no_answer)
