# METADATA
# title: Bounds
# description: |
#   What is proved of the time at which an image was made. A verified time of a log or of a timestamp says that it existed
#   then: it cannot be younger, and may be older. What a trusted builder's provenance says is when it was built. Times are
#   nanoseconds since 1970, null where nothing is proved.
package lib.bestbefore.bounds

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.dates
import data.lib.bestbefore.messages
import data.lib.bestbefore.provenance

# Nothing of the kind was found; else the question has no answer.
_absent := {"AttestationAbsent", "AttestationRejected", "SignatureAbsent", "SignatureRejected"}

# METADATA
# description: The keys to ask for proof of times; none where neither `log` nor `provenance` counts.
questions(given, image) := {row.question | some row in _rows(given, image)}

# METADATA
# description: |
#   What is proved of an image that has this digest: `existed`, when it existed at the latest, and `source`, `log` or
#   `timestamp`, whichever says so; `started`, when the build began by the oldest provenance, and `finished`, when it ended
#   by the newest; `remarks`, what is no proof, for people. Or `{"failed": {"reason", "said", "question"}}` where a question
#   has no answer. Total.
default proved(_, _, _, _, _) := {"failed": {
	"reason": "Internal",
	"said": "What is proved of its age cannot be judged.",
	"question": "",
}}

proved(given, image, answered, digest, now) := found if {
	rows := [object.union(row, {"answer": answers.lookup(answered, row.question)}) | some row in _rows(given, image)]
	every row in rows {
		_is_usable(row, digest)
	}
	found := _proved(given, rows, now)
} else := {"failed": failures[0]} if {
	failures := [object.union(_failure(row, answer, image, digest), {"question": row.question}) |
		some row in _rows(given, image)
		answer := answers.lookup(answered, row.question)
		not _is_usable(object.union(row, {"answer": answer}), digest)
	]
	count(failures) > 0
}

# One for each question, in the order of the parameters.
_rows(given, image) := array.concat(
	[row |
		some signer in given.provenance.signers
		some type, question in provenance.questions(signer.attestor, image)
		row := {"source": "provenance", "signer": signer, "type": type, "question": question}
	],
	[row |
		some signer in given.log.signers
		some type, question in _log_questions(signer, image)
		row := {"source": "log", "signer": signer, "type": type, "question": question}
	],
)

_log_questions(signer, image) := provenance.questions(signer.attestor, image) if {
	signer.attestor
} else := {"signature": authorities.question(authorities.signing(signer), image)}

# Whether there is something to judge by, or is known not to be there.
_is_usable(row, _) if {
	not row.answer.value
	row.answer.reason in _absent
}

_is_usable(row, digest) if {
	row.answer.value.digest == digest
	is_array(row.answer.value.proofs)
	not _is_unread(row, row.answer)
}

# A provenance that could not be read may be one with another date.
_is_unread(row, answer) if {
	row.source == "provenance"
	some proof in answer.value.proofs
	provenance.is_by(row.signer, proof)
	proof.attestation.reason == "LimitExceeded"
}

_failure(row, answer, image, digest) := {"reason": answer.reason, "said": messages.unanswered(answer, image)} if {
	not answer.value
} else := {"reason": "LimitExceeded", "said": "LimitExceeded: a provenance of it is too large to be read"} if {
	_is_unread(row, answer)
	answer.value.digest == digest
} else := {"reason": "Internal", "said": "Internal: the tag names another image than a moment ago"} if {
	not answer.value.digest == digest
	is_array(answer.value.proofs)
} else := {"reason": "Internal", "said": "Internal: an answer about its signatures cannot be read"}

_proved(given, rows, now) := {
	"existed": earliest.at,
	"source": earliest.source,
	"started": _outermost([_first(build) | some build in builds; not build.remark], "first"),
	"finished": _outermost([build.finished | some build in builds; not build.remark; build.finished != null], "last"),
	"remarks": array.concat(array.concat(_lacking(rows), sort({build.remark | some build in builds})), _unseen(rows)),
} if {
	earliest := _earliest(rows, now)
	builds := [build |
		some row in rows
		row.source == "provenance"
		some proof in row.answer.value.proofs
		build := provenance.build(row.type, proof, row.signer, given.provenance.builders, earliest.at, now)
	]
}

# When a build began, or at least when it was over.
_first(build) := build.started if {
	build.started != null
} else := build.finished

_outermost([], _) := null

_outermost(times, "first") := min(times) if count(times) > 0

_outermost(times, "last") := max(times) if count(times) > 0

# The earliest time: whoever signs an image again adds later ones, and makes it no younger by that.
_earliest(rows, now) := {"at": first, "source": source} if {
	times := [[at, said.source] |
		some row in rows
		some said in _times(row)
		said.source in {"log", "timestamp"}
		at := time.parse_rfc3339_ns(said.at)
		at <= now + dates.clock_skew
	]
	count(times) > 0
	[first, source] := min(times)
} else := {"at": null, "source": ""}

# Of an answer that is not for one person alone, also the earliest time of those that it has no room for.
_times(row) := array.concat(
	[said | some proof in row.answer.value.proofs; _counts(row, proof); some said in proof.times],
	[row.answer.value.earliest | _is_of_anybody(row)],
)

_is_of_anybody(row) if row.source == "provenance"

_is_of_anybody(row) if not row.signer.identities

# Whoever it is by, what is proved to have been there was there; who is named for the log is waited for.
_counts(row, _) if _is_of_anybody(row)

_counts(row, proof) if authorities.identified({"verify": _verified(row.signer), "identities": row.signer.identities}, proof)

_verified(signer) := signer.attestor if {
	signer.attestor
} else := authorities.signing(signer).verify

# What nobody looked at may have an earlier time.
_unseen(rows) := [sprintf("%d signatures or attestations could not be looked at", [number]) |
	number := max([amount | some row in rows; amount := row.answer.value.passedOver])
	number > 0
]

# Of which signers nothing shows a time, and why.
_lacking(rows) := [sentence |
	some source in ["provenance", "log"]
	some name in sort({row.signer.name | some row in rows; row.source == source})
	own := [row | some row in rows; row.source == source; row.signer.name == name]
	not _shows(own)
	sentence := sprintf("no %s by %s (%s)", [_sought[source], name, _absence(own)])
]

_sought := {"provenance": "provenance", "log": "time of a log or a timestamp"}

_shows(rows) if {
	some row in rows
	some proof in row.answer.value.proofs
	row.source == "provenance"
	proof.attestation.predicateType == row.type
}

_shows(rows) if {
	some row in rows
	some proof in row.answer.value.proofs
	row.source == "log"
	some said in proof.times
	said.source in {"log", "timestamp"}
}

_absence(rows) := min(reasons) if {
	reasons := {row.answer.reason | some row in rows}
	count(reasons) > 0
} else := "another type" if {
	some row in rows
	row.source == "provenance"
} else := "none proved"
