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
import data.lib.bestbefore.schedule

# Nothing of the kind was found.
_absent := {"AttestationAbsent", "SignatureAbsent"}

# What was found and looked at proves nothing.
_rejected := {"AttestationRejected", "SignatureRejected"}

# METADATA
# description: The keys to ask for proof of times; none where neither `log` nor `provenance` counts.
questions(given, image) := {row.question | some row in _rows(given, image)}

# METADATA
# description: |
#   What is proved of an image that has this digest: `existed`, when it existed at the latest, and `source`, `log` or
#   `timestamp`, whichever says so; `started`, when the build began by the oldest provenance, and `finished`, when it ended
#   by the newest, or when that one began; `unseen`, how many proofs nobody looked at that may make it older, or younger than a cooldown; `remarks`,
#   what is no proof, for people. Or `{"failed": {"reason", "said", "question"}}` where a question
#   has no answer. Total.
default proved(_, _, _, _, _) := {"failed": {
	"reason": "Internal",
	"said": "What is proved of its age cannot be judged.",
	"question": "",
}}

proved(given, image, answered, digest, now) := _nothing if {
	count(_rows(given, image)) == 0
} else := found if {
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

# Where nothing is asked.
_nothing := object.union(dates.unproved, {"remarks": []})

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

# Without a number, as where there are too many, or from an older provider, nobody knows whether they were looked at.
_is_usable(row, _) if {
	not row.answer.value
	row.answer.reason in _rejected
	is_number(row.answer.passedOver)
}

_is_usable(row, digest) if {
	row.answer.value.digest == digest
	_is_readable(row.answer.value)
	not _is_unread(row, row.answer)
}

# A time that cannot be read may be the earliest one.
_is_readable(value) if {
	is_array(value.proofs)
	every proof in value.proofs {
		is_array(proof.times)
		every said in proof.times {
			_is_time(said)
		}
	}
	every said in [each | some name, each in value; name == "earliest"] {
		_is_time(said)
	}
	is_number(object.get(value, "passedOver", 0))
}

_is_time(said) if {
	is_string(said.source)
	_ = time.parse_rfc3339_ns(said.at)
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
	_is_readable(answer.value)
} else := {"reason": "Internal", "said": "Internal: an answer about its signatures cannot be read"}

_proved(given, rows, now) := {
	"existed": earliest.at,
	"source": earliest.source,
	"started": _earliest_of([_first(build) | some build in builds; not build.remark]),
	"finished": _finished([build | some build in builds; not build.remark]),
	"unseen": max(array.concat([0], [number | some row in rows; _weighs(given, row.source); number := _passed_over(row.answer)])),
	"remarks": array.concat(
		array.concat(_lacking(rows), sort({build.remark | some build in builds})),
		array.concat(_impossible(rows, now), _unseen(rows)),
	),
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

# A build that began later than another one was over has ended later, though it does not say when.
_finished(builds) := null if {
	count([build | some build in builds; build.finished != null]) == 0
} else := max([at | some build in builds; some at in [build.started, build.finished]; at != null])

_earliest_of([]) := null

_earliest_of(times) := min(times) if count(times) > 0

# The earliest time: whoever signs an image again adds later ones, and makes it no younger by that.
_earliest(rows, now) := {"at": first, "source": source} if {
	times := [[at, source] | some [at, source] in _vouched(rows); _can_be(at, now)]
	count(times) > 0
	[first, source] := min(times)
} else := {"at": null, "source": ""}

# The times that somebody vouches for.
_vouched(rows) := {[at, said.source] |
	some row in rows
	some said in _times(row)
	said.source in {"log", "timestamp"}
	at := time.parse_rfc3339_ns(said.at)
}

# A clock that was never set, or that is ahead, proves nothing.
_can_be(at, now) if {
	at >= dates.first_credible
	at <= now + dates.clock_skew
}

_impossible(rows, now) := [sprintf("a log or a timestamp says that it was there on %s, which cannot be", [dates.moment(at)]) |
	some at in sort({at | some [at, _] in _vouched(rows); not _can_be(at, now)})
]

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

# Whether more proofs of a source could be against an image: by the oldest for a limit, by the newest for a cooldown. That
# it was there even earlier makes it no younger.
_weighs(given, source) if {
	schedule.is_limited(given)
	source in given.dates
}

_weighs(given, "provenance") if given.minAgeProof == "provenance"

# Of proofs, or where none is proved.
_passed_over(answer) := object.get(answer, "value", answer).passedOver

# What nobody looked at may have an earlier time.
_unseen(rows) := [sprintf("%d signatures or attestations could not be looked at", [number]) |
	number := max([amount | some row in rows; amount := _passed_over(row.answer)])
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
