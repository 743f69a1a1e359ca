# METADATA
# title: Reasons
# description: |
#   What a template has to know of a reason code. Made of provider/reasons.py (`make generate`): do not edit.
package lib.bestbefore.reasons

import future.keywords

# METADATA
# description: |
#   The reasons that say nothing of the image: with an answer the verdict might be another.
no_answer := {
	"Internal",
	"KeyUnavailable",
	"Overloaded",
	"ProviderUnavailable",
	"QuestionUnsupported",
	"RegistryUnavailable",
	"Throttled",
	"Timeout",
	"TrustRootStale",
}

# METADATA
# description: |
#   What to do, in few words.
remedies := {
	"ImageTooOld": "Rebuild it, or move to a newer tag.",
	"ImageTooYoung": "Wait until it is old enough, or use an older one; or ask for an exemption.",
	"ImageUndated": "Build it with a real date (SOURCE_DATE_EPOCH), or attest its provenance.",
	"ImageFromFuture": "Correct the clock of the machine that builds it, and rebuild it.",
	"PlatformAbsent": "Use an image for a platform that the Pod can run on.",
	"DigestMissing": "Add its digest (@sha256:…).",
	"NoMatchingPolicy": "Use an image that a policy covers, or ask for a policy that covers this one.",
	"StaticDeny": "Use another image.",
	"SignatureAbsent": "Sign it, or use a signed one.",
	"SignatureRejected": "Sign it with the key or identity that the policy names.",
	"IdentityMismatch": "Let somebody sign it whom the policy names.",
	"AttestationAbsent": "Attach the attestation that the policy asks for.",
	"AttestationRejected": "Attach an attestation that satisfies the policy.",
	"PolicyFailed": "Use an image that satisfies the policy, or ask the policy's owner.",
	"Waived": "From then on it is denied.",
	"ParametersInvalid": "Ask the policy's owner to correct the Constraint.",
	"ReferenceInvalid": "Correct it: [HOST/]REPOSITORY[:TAG][@sha256:…], in lower case.",
	"KeyInvalid": "Ask the policy's owner to translate it again.",
	"ContentInvalid": "Rebuild it and push it again.",
	"LimitExceeded": "Make its index, its configuration or what is attested of it smaller.",
	"AddressRefused": "Ask the administrator to name the registry in the provider's settings.",
	"NotFound": "Check its spelling, that it was pushed, and that the provider may pull it.",
	"Unauthorized": "Ask the administrator to give the provider credentials for the registry.",
	"PullRefused": "Ask whoever runs the registry why it does not give it, or use another image.",
	"Throttled": "Retry in a minute.",
	"RegistryUnavailable": "Retry; if it lasts, look at the registry.",
	"Timeout": "Retry in a few seconds.",
	"Overloaded": "Retry in a few seconds; if it lasts, tell the administrator.",
	"TrustRootStale": "Ask the administrator to give the provider the trust root.",
	"KeyUnavailable": "Ask the administrator to let the key be read.",
	"QuestionUnsupported": "Ask the administrator to upgrade the provider.",
	"ProviderUnavailable": "Retry; if it lasts, tell the administrator.",
	"Internal": "Retry; if it lasts, tell the administrator the ref.",
}
