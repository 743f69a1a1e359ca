package lib.bestbefore.bounds_test

import future.keywords

import data.lib.bestbefore.bounds
import data.lib.bestbefore.provenance

_now := time.parse_rfc3339_ns("2026-03-01T00:00:00Z")

_v1 := "https://slsa.dev/provenance/v1"

_image := {"text": "registry.test/app:1", "asked": "registry.test/app:1"}

_identities := [{"issuer": "https://issuer.test", "subject": "builder@example.test"}]

_builder := {"name": "builder", "attestor": {"keyless": {"trustRoot": "ours"}, "format": "bundle"}, "identities": _identities}

_anybody := {"name": "anybody", "verify": {"keyless": {"trustRoot": "ours"}, "format": "bundle"}}

_given := {
	"dates": ["provenance", "log"],
	"minAgeProof": "",
	"provenance": {"signers": [_builder], "builders": ["https://builder.test/*"]},
	"log": {"signers": [_anybody]},
}

_questions := provenance.questions(_builder.attestor, _image)

_signatures := `{"image":"registry.test/app:1","v":1,"verify":{"format":"bundle","keyless":{"trustRoot":"ours"}}}`

_proof(fields) := object.union({"digest": "sha256:00", "subjects": ["builder@example.test"], "issuer": "https://issuer.test", "times": []}, fields)

_statement(builder, started, finished) := {"predicate": {"runDetails": {
	"builder": {"id": builder},
	"metadata": {"startedOn": started, "finishedOn": finished},
}}}

_attested(started, finished) := _proof({"attestation": {
	"predicateType": _v1,
	"statement": _statement("https://builder.test/a", started, finished),
}})

_logged(at) := _proof({"times": [{"source": "log", "at": at}]})

_value(proofs) := {"value": {"digest": "sha256:00", "proofs": proofs}}

_absent(reason) := {"reason": reason, "message": "nothing"} if {
	not reason in _rejections
} else := _rejected(reason, 0)

_rejections := {"AttestationRejected", "SignatureRejected"}

_rejected(reason, passed_over) := {"reason": reason, "message": "invalid", "passedOver": passed_over}

_answered(attestations, signatures) := object.union(
	{question: _absent("AttestationAbsent") | some question in _questions},
	{_questions[_v1]: attestations, _signatures: signatures},
)

_proved(attestations, signatures) := bounds.proved(_given, _image, _answered(attestations, signatures), "sha256:00", _now)

_on(text) := time.parse_rfc3339_ns(text)

test_nothing_is_asked_where_no_source_counts if {
	bounds.questions({"dates": ["config"], "minAgeProof": "", "provenance": null, "log": null}, _image) == set()
	bounds.proved({"dates": ["config"], "provenance": null, "log": null}, _image, {}, "sha256:00", _now) == {
		"existed": null,
		"source": "",
		"started": null,
		"finished": null,
		"unseen": 0,
		"remarks": [],
	}
}

test_provenance_is_asked_for_by_type_and_for_builder_and_times_alone if {
	bounds.questions(_given, _image) == {question | some question in _questions} | {_signatures}
	count(_questions) == 2
	json.unmarshal(_questions[_v1]).verify.attestation == {"predicateType": _v1, "statement": [
		["predicate", "runDetails", "builder", "id"],
		["predicate", "runDetails", "metadata", "finishedOn"],
		["predicate", "runDetails", "metadata", "startedOn"],
	]}
}

test_both_bounds_and_the_earliest_time if {
	logged := _value([_logged("2026-02-27T00:00:00Z"), _logged("2026-02-26T00:00:00Z"), _logged("2026-02-28T00:00:00Z")])
	proved := _proved(_value([_attested("2026-02-25T00:00:00Z", "2026-02-25T01:00:00Z")]), logged)
	proved.existed == _on("2026-02-26T00:00:00Z")
	proved.source == "log"
	proved.started == _on("2026-02-25T00:00:00Z")
	proved.finished == _on("2026-02-25T01:00:00Z")
	proved.remarks == []
}

test_build_is_over_no_earlier_than_the_newest_began if {
	old := _attested("2026-02-01T00:00:00Z", "2026-02-01T01:00:00Z")
	young := _attested("2026-02-27T00:00:00Z", null)
	_proved(_value([old, young]), _value([])).finished == _on("2026-02-27T00:00:00Z")
	_proved(_value([young]), _value([])).finished == null
	_proved(_value([old]), _value([])).finished == _on("2026-02-01T01:00:00Z")
}

test_earliest_time_that_an_answer_has_no_room_for_counts if {
	value := object.union(_value([_logged("2026-02-26T00:00:00Z")]).value, {"earliest": {"source": "timestamp", "at": "2026-01-01T00:00:00Z"}})
	proved := _proved(_absent("AttestationAbsent"), {"value": value})
	proved.existed == _on("2026-01-01T00:00:00Z")
	proved.source == "timestamp"
}

test_moment_of_the_question_and_a_time_of_the_future_are_no_proof if {
	times := [{"source": "none", "at": "2026-01-01T00:00:00Z"}, {"source": "log", "at": "2026-03-01T00:05:01Z"}]
	_proved(_absent("AttestationAbsent"), _value([_proof({"times": times})])).existed == null
}

test_who_is_named_for_the_log_is_waited_for if {
	named := object.union(_given, {"log": {"signers": [object.union(_anybody, {"identities": _identities})]}})
	stranger := object.union(_logged("2026-01-01T00:00:00Z"), {"subjects": ["eve@example.test"]})
	value := object.union(_value([stranger, _logged("2026-02-26T00:00:00Z")]).value, {"earliest": {"source": "log", "at": "2026-01-01T00:00:00Z"}})
	answered := _answered(_absent("AttestationAbsent"), {"value": value})
	bounds.proved(named, _image, answered, "sha256:00", _now).existed == _on("2026-02-26T00:00:00Z")
}

test_question_without_an_answer_is_a_failure if {
	every reason in ["Timeout", "TrustRootStale", "Unauthorized", "Internal", "KeyInvalid", "QuestionUnsupported"] {
		proved := _proved(_value([_attested("2026-02-25T00:00:00Z", null)]), _absent(reason))
		proved.failed.reason == reason
		proved.failed.question == _signatures
	}
	_proved(_absent("Timeout"), _value([])).failed.question == _questions[_v1]
	bounds.proved(_given, _image, {}, "sha256:00", _now).failed.reason == "ProviderUnavailable"
}

test_nothing_found_is_no_failure_and_is_named if {
	every reason in ["SignatureAbsent", "SignatureRejected"] {
		proved := _proved(_absent("AttestationRejected"), _absent(reason))
		not proved.failed
		proved.remarks == [
			"no provenance by builder (AttestationAbsent)",
			sprintf("no time of a log or a timestamp by anybody (%s)", [reason]),
		]
	}
}

test_rejection_of_all_that_nobody_looked_at_is_a_failure if {
	every reason, message in {
		"SignatureRejected": "number of layers (101) exceeded the limit (100)",
		"AttestationRejected": "no matching attestations: as an older provider says it",
	} {
		failed := _proved(_absent("AttestationAbsent"), {"reason": reason, "message": message}).failed
		failed.reason == reason
		failed.said == sprintf("%s: %s", [reason, message])
	}
}

test_number_that_is_none_or_beside_another_reason_is_a_failure if {
	every answer in [
		_rejected("SignatureRejected", "0"),
		_rejected("SignatureRejected", null),
		_rejected("SignatureRejected", true),
		_rejected("Timeout", 0),
	] {
		_proved(_absent("AttestationAbsent"), answer).failed.question == _signatures
	}
}

test_rejection_beside_which_some_were_not_looked_at_counts_as_such_a_proof_does if {
	answered := _answered(_rejected("AttestationRejected", 5), _rejected("SignatureRejected", 7))
	every fields, number in {
		{"maxAge": "30d", "dates": ["config", "provenance"], "minAgeProof": "log"}: 5,
		{"maxAge": "30d", "dates": ["config", "log"]}: 7,
		{"maxAge": "30d", "dates": ["config"], "minAgeProof": "log"}: 0,
		{"maxAge": null, "dates": ["config"], "minAgeProof": "provenance"}: 5,
	} {
		proved := bounds.proved(object.union(_given, fields), _image, answered, "sha256:00", _now)
		proved.unseen == number
		"7 signatures or attestations could not be looked at" in proved.remarks
	}
}

test_answer_about_another_digest_is_a_failure if {
	other := object.union(_value([]).value, {"digest": "sha256:11"})
	failed := _proved(_absent("AttestationAbsent"), {"value": other}).failed
	failed.reason == "Internal"
	failed.said == "Internal: the tag names another image than a moment ago"
}

test_answer_of_another_shape_is_a_failure if {
	every value in [{}, {"digest": "sha256:00"}, {"digest": "sha256:00", "proofs": {}}, {"digest": "sha256:00", "proofs": null}] {
		_proved(_absent("AttestationAbsent"), {"value": value}).failed.reason == "Internal"
	}
}

test_time_that_cannot_be_read_is_a_failure_for_it_may_be_the_earliest if {
	good := _logged("2026-02-26T00:00:00Z")
	said := {"source": "log", "at": "2026-01-01T00:00:00Z"}
	every bad in [
		"x",
		null,
		object.remove(good, ["times"]),
		_proof({"times": said}),
		_proof({"times": "2026-01-01T00:00:00Z"}),
		_proof({"times": [null]}),
		_proof({"times": [{"at": said.at}]}),
		_proof({"times": [{"source": "log"}]}),
		_logged("2026-01-01 00:00:00Z"),
		_logged(1767225600),
	] {
		failed := _proved(_absent("AttestationAbsent"), _value([good, bad])).failed
		failed.reason == "Internal"
		failed.said == "Internal: an answer about its signatures cannot be read"
		_proved(_value([bad]), _value([good])).failed.question == _questions[_v1]
	}
	every fields in [{"earliest": said.at}, {"earliest": [said]}, {"earliest": {"at": said.at}}, {"earliest": null}, {"passedOver": "3"}, {"passedOver": [3]}] {
		value := object.union(_value([good]).value, fields)
		_proved(_absent("AttestationAbsent"), {"value": value}).failed.reason == "Internal"
	}
}

test_time_before_there_were_such_images_is_no_proof_and_is_named if {
	every at in ["1970-01-01T00:00:00Z", "2012-12-31T23:59:59Z"] {
		alone := _proved(_absent("AttestationAbsent"), _value([_logged(at)]))
		alone.existed == null
		alone.remarks[1] == sprintf("a log or a timestamp says that it was there on %s, which cannot be", [at])
		beside := _proved(_absent("AttestationAbsent"), _value([_logged(at), _logged("2026-02-26T00:00:00Z")]))
		beside.existed == _on("2026-02-26T00:00:00Z")
	}
	_proved(_absent("AttestationAbsent"), _value([_logged("2013-01-01T00:00:00Z")])).existed == _on("2013-01-01T00:00:00Z")
}

test_time_of_the_future_is_named if {
	proved := _proved(_absent("AttestationAbsent"), _value([_logged("2026-03-01T00:05:01Z")]))
	proved.existed == null
	proved.remarks[1] == "a log or a timestamp says that it was there on 2026-03-01T00:05:01Z, which cannot be"
}

test_provenance_that_is_too_large_is_a_failure_only_by_a_signer if {
	large := {"attestation": {"predicateType": _v1, "problem": "no room", "reason": "LimitExceeded"}}
	good := _attested("2026-02-25T00:00:00Z", null)
	_proved(_value([good, _proof(large)]), _value([])).failed.reason == "LimitExceeded"
	stranger := object.union(_proof(large), {"subjects": ["eve@example.test"]})
	_proved(_value([good, stranger]), _value([])).started == _on("2026-02-25T00:00:00Z")
}

test_signatures_that_nobody_looked_at_are_named if {
	value := object.union(_value([_logged("2026-02-26T00:00:00Z")]).value, {"passedOver": 3})
	proved := _proved(_value([_attested("2026-02-25T00:00:00Z", null)]), {"value": value})
	proved.remarks == ["3 signatures or attestations could not be looked at"]
}

test_what_nobody_looked_at_counts_where_it_could_be_against_the_image if {
	logs := {"value": object.union(_value([_logged("2026-02-26T00:00:00Z")]).value, {"passedOver": 3})}
	attestations := {"value": object.union(_value([_attested("2026-02-25T00:00:00Z", null)]).value, {"passedOver": 2})}
	answered := _answered(attestations, logs)
	every fields, number in {
		{"maxAge": "30d", "dates": ["provenance", "log"]}: 3,
		{"maxAge": "30d", "dates": ["provenance"], "minAgeProof": "log"}: 2,
		{"maxAge": "30d", "dates": ["config"], "minAgeProof": "log"}: 0,
		{"maxAge": null, "dates": ["provenance", "log"], "minAgeProof": "log"}: 0,
		{"maxAge": null, "dates": ["config"], "minAgeProof": "provenance"}: 2,
	} {
		bounds.proved(object.union(_given, fields), _image, answered, "sha256:00", _now).unseen == number
	}
}

_good := "2026-02-25T00:00:00Z"

test_of_several_the_oldest_start_and_the_latest_end_count if {
	proved := _proved(
		_value([_attested("2026-02-20T00:00:00Z", "2026-02-20T01:00:00Z"), _attested("2026-02-25T00:00:00Z", "2026-02-25T01:00:00Z")]),
		_absent("SignatureAbsent"),
	)
	proved.started == _on("2026-02-20T00:00:00Z")
	proved.finished == _on("2026-02-25T01:00:00Z")
}

test_stranger_proves_nothing_about_a_build if {
	proof := object.union(_attested(_good, null), {"subjects": ["eve@example.test"]})
	proved := _proved(_value([proof]), _absent("SignatureAbsent"))
	proved.started == null
	"provenance by a stranger (eve@example.test)" in proved.remarks
}
