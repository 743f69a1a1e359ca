package lib.bestbefore.requirements_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.judgement
import data.lib.bestbefore.requirements
import data.lib.bestbefore.signers

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_type := "https://example.test/scan/v1"

_ann := {"name": "ann", "attestor": {"key": {"data": "ANN"}}}

_bob := {"name": "bob", "attestor": {"key": {"data": "BOB"}}}

_certified(name, expression) := {
	"name": name,
	"attestor": {"keyless": {"trustRoot": ""}},
	"identities": [{"issuer": "https://issuer.example.test", "subjectRegExp": expression}],
}

_image := {"text": "registry.test/shop/app:1", "asked": "registry.test/shop/app:1", "path": "spec.containers[0].image", "note": ""}

_pod := {"kind": "Pod", "metadata": {"namespace": "shop"}, "spec": {"containers": [{"name": "a", "image": _image.text}]}}

_review := {"operation": "CREATE", "uid": "7", "namespace": "shop", "kind": {"kind": "Pod"}, "object": _pod, "oldObject": null}

_entry(listed) := {
	"name": "scan",
	"predicateType": _type,
	"signers": listed,
	"age": {"at": ["predicate", "finished"], "max": "7d"},
}

_rule(entries) := {"images": [{"glob": "registry.test/**"}], "attestations": entries}

_given(rules) := {"rules": rules, "digest": "off"}

_context(given) := context if {
	context := judgement.context(signers.complete(given), signers.problems(given), _review) with time.now_ns as _now
}

_key(entry, signer) := key if {
	[required] := requirements.of_rule({"attestations": [object.union(entry, {"signers": [signer]})]})
	[key] := [each | some each in requirements.questions(required, _image)]
}

_answers(rows) := {
	"responses": [[key, {"proofs": proofs}] | some [key, proofs] in rows],
	"errors": [],
	"system_error": "",
}

_attested(statement) := {"id": "0", "subjects": [], "times": [], "attestation": {
	"digest": "sha256:0",
	"predicateType": _type,
	"statement": statement,
}}

_scan(finished) := _attested({"predicate": {"finished": finished}})

_recent := _scan("2026-02-15T00:00:00Z")

_old := _scan("2026-01-16T00:00:00Z")

_verdict(rules, rows) := judgement.verdicts(context, _image, own)[0] if {
	context := _context(_given(rules))
	asked := signers.questions(context, _image)
	own := signers.verdicts(context, _image, answers.by_key(_answers(rows), asked))
}

_said(entry, proofs) := _verdict([_rule([entry])], [[_key(entry, _ann), proofs]])

_scanned := _entry([_ann])

test_question_wants_the_attestation_and_the_parts_that_bounds_look_at if {
	asked := json.unmarshal(_key(_scanned, _ann))
	asked.verify == {"key": {"data": "ANN"}, "attestation": {"predicateType": _type, "statement": [["predicate", "finished"]]}}
	bare := json.unmarshal(_key(object.remove(_scanned, ["age"]), _ann))
	bare.verify.attestation.statement == []
}

test_attestation_within_its_bounds_passes if {
	_said(_scanned, [_recent]) == {"class": "pass"}
	_said(object.remove(_scanned, ["age"]), [_attested({})]) == {"class": "pass"}
}

test_one_good_attestation_of_several_is_enough if {
	_said(_scanned, [_old, _recent]).class == "pass"
}

test_attestation_outside_its_bounds_is_told_with_type_signer_and_reason if {
	verdict := _said(_scanned, [_old])
	verdict.class == "deny"
	verdict.reason == "AttestationRejected"
	verdict.said == "Image has no good attestation scan by ann (AttestationRejected); 1 of 1 signers needed."
	verdict.note == concat("", [
		"scan is of type https://example.test/scan/v1; ",
		"ann: predicate.finished is 31 days ago, and at most 7d are allowed",
	])
	verdict.line == "attestation scan by ann: predicate.finished is 31 days ago, and at most 7d are allowed"
	verdict.question == _key(_scanned, _ann)
	verdict.details.attestation == {"name": "scan", "predicateType": _type}
	verdict.details.missing == [{"name": "ann", "reason": "AttestationRejected"}]
}

_refused(reason) := signers.verdicts(context, _image, answers.by_key(response, signers.questions(context, _image)))[0] if {
	context := _context(_given([_rule([_scanned])]))
	response := {"responses": [], "system_error": json.marshal({answers.ref(_key(_scanned, _ann)): {
		"reason": reason,
		"message": "no matching attestations: ",
	}})}
}

test_image_without_an_attestation_is_told_who_did_not_attest if {
	verdict := _refused("AttestationAbsent")
	verdict.reason == "AttestationAbsent"
	verdict.said == "Image has no good attestation scan by ann (AttestationAbsent); 1 of 1 signers needed."
	contains(verdict.line, "attestation key validation failed for authority ann for registry.test/shop/app:1")
}

test_attestation_that_is_not_proved_is_told_in_the_provider_s_words if {
	verdict := _refused("AttestationRejected")
	verdict.reason == "AttestationRejected"
	verdict.note == "scan is of type https://example.test/scan/v1"
	contains(verdict.line, "attestation key validation failed for authority ann for registry.test/shop/app:1")
}

test_attestation_of_another_type_is_none if {
	other := {"attestation": object.union(_recent.attestation, {"predicateType": "https://example.test/other/v1"})}
	_said(_scanned, [object.union(_recent, other)]).reason == "AttestationAbsent"
}

test_signature_is_no_attestation_and_the_reverse if {
	_said(_scanned, [object.remove(_recent, ["attestation"])]).class == "deny"
	signed := {"images": [{"glob": "**"}], "signers": [{"name": "ann", "verify": {"key": {"data": "ANN"}}}]}
	_verdict([signed], [[_key(_scanned, _ann), [_recent]]]).class == "deny"
}

test_statement_that_could_not_be_read_is_no_good_one if {
	every broken in [{"problem": "bad"}, {"problem": "too large", "reason": "LimitExceeded"}] {
		attestation := object.union(object.remove(_recent.attestation, ["statement"]), broken)
		bare := object.remove(_scanned, ["age"])
		_said(bare, [object.union(object.remove(_recent, ["attestation"]), {"attestation": attestation})]).class == "deny"
	}
	_said(object.remove(_scanned, ["age"]), [_attested(null)]).class == "deny"
	_said(object.remove(_scanned, ["age"]), [_attested("text")]).class == "deny"
}

test_every_entry_and_every_rule_has_to_be_satisfied if {
	second := object.union(_entry([_bob]), {"name": "review"})
	one := [[_key(_scanned, _ann), [_recent]]]
	both := array.concat(one, [[_key(second, _bob), [_recent]]])
	every rules in [[_rule([_scanned, second])], [_rule([_scanned]), _rule([second])]] {
		_verdict(rules, both).class == "pass"
		contains(_verdict(rules, one).said, "attestation review by bob")
	}
}

test_one_signer_of_several_is_enough_unless_a_quorum_wants_more if {
	either := _entry([_ann, _bob])
	rows := [[_key(either, _bob), [_recent]]]
	_verdict([_rule([either])], rows).class == "pass"
	two := object.union(either, {"quorum": 2})
	verdict := _verdict([_rule([two])], rows)
	contains(verdict.said, "by ann (ProviderUnavailable); 2 of 2 signers needed.")
	_verdict([_rule([two])], array.concat(rows, [[_key(either, _ann), [_recent]]])).class == "pass"
}

_by(subject) := object.union(_recent, {"subjects": [subject], "issuer": "https://issuer.example.test"})

test_quorum_counts_people if {
	again := {"name": "again", "attestor": {"key": {"data": " A\nNN\n"}}}
	twice := object.union(_entry([_ann, again]), {"quorum": 2})
	verdict := _verdict([_rule([twice])], [[_key(twice, _ann), [_recent]], [_key(twice, again), [_recent]]])
	verdict.said == "Image has attestation scan, but not by different people; 2 of 2 signers needed."
	fitting := object.union(_entry([_certified("dev", "@example.test$"), _certified("lead", "^ann@")]), {"quorum": 2})
	asked := _key(fitting, fitting.signers[0])
	_verdict([_rule([fitting])], [[asked, [_by("ann@example.test")]]]).class == "deny"
	_verdict([_rule([fitting])], [[asked, [_by("ann@example.test"), _by("bob@example.test")]]]).class == "pass"
}

test_what_a_stranger_attests_counts_for_nothing if {
	certified := _entry([_certified("dev", "^ann@")])
	verdict := _verdict([_rule([certified])], [[_key(certified, certified.signers[0]), [_by("eve@example.test")]]])
	verdict.reason == "IdentityMismatch"
	_verdict([_rule([certified])], [[_key(certified, certified.signers[0]), [_by("ann@example.test")]]]).class == "pass"
}

test_missing_answers_deny if {
	every rows in [[], [["another", [_recent]]], [[_key(_scanned, _ann), null]], [[_key(_scanned, _ann), []]]] {
		_verdict([_rule([_scanned])], rows).class == "deny"
	}
}

# What an older definition leaves of such a rule has neither.
test_rule_that_says_both_or_neither_is_no_rule if {
	signer := {"name": "ann", "verify": {"key": {"data": "ANN"}}}
	every rule in [
		object.union(_rule([_scanned]), {"signers": [signer]}),
		object.remove(_rule([_scanned]), ["attestations"]),
		_rule([]),
		_rule(null),
	] {
		_verdict([rule], [[_key(_scanned, _ann), [_recent]]]).reason == "ParametersInvalid"
	}
}

_satisfied(rules) if {
	context := {"review": _review, "namespace": "shop", "now": _now, "problems": [], "given": _given(rules)}
	answered := answers.by_key(_answers([[_key(_scanned, _ann), [_recent]]]), [_key(_scanned, _ann)])
	{"class": "pass"} in signers.verdicts(context, _image, answered)
}

# Parameters are checked before. If that fails, nothing is satisfied.
test_rule_that_cannot_be_judged_is_not_satisfied if {
	_satisfied([_rule([_scanned])])
	both := object.union(_rule([_scanned]), {"signers": [{"name": "ann", "verify": {"key": {"data": "ANN"}}}]})
	neither := {"images": [{"glob": "**"}]}
	every rule in [both, neither, _rule([_scanned, "x"]), _rule([_scanned, {}]), _rule([]), _rule([_entry([_ann, "x"])])] {
		not _satisfied([rule])
		not _satisfied([_rule([_scanned]), rule])
	}
}
