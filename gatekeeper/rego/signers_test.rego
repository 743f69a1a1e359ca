package lib.bestbefore.signers_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.signers
import data.lib.bestbefore.signing_parameters

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_ann := {"name": "ann", "verify": {"key": {"data": "ANN"}}}

_bob := {"name": "bob", "verify": {"key": {"data": "BOB"}}}

_certified(name, expression) := {
	"name": name,
	"verify": {"keyless": {"trustRoot": ""}},
	"identities": [{"issuer": "https://issuer.example.test", "subjectRegExp": expression}],
}

_image := {"text": "registry.test/shop/app:1", "asked": "registry.test/shop/app:1", "path": "spec.containers[0].image", "note": ""}

_pod := {"kind": "Pod", "metadata": {"namespace": "shop"}, "spec": {"containers": [{"name": "a", "image": _image.text}]}}

_review := {"operation": "CREATE", "uid": "7", "namespace": "shop", "kind": {"kind": "Pod"}, "object": _pod, "oldObject": null}

_context(given) := {"given": signing_parameters.complete(given), "review": _review, "now": _now}

_rule(listed, quorum) := {"images": [{"glob": "registry.test/**"}], "signers": listed, "quorum": quorum}

_given(listed, quorum) := {"rules": [_rule(listed, quorum)], "digest": "off"}

_signature(subject) := {"id": subject, "subjects": [subject], "issuer": "https://issuer.example.test", "times": []}

_key_signature := {"id": "0", "subjects": [], "times": []}

_answers(rows) := {
	"responses": [[authorities.question(signer, _image), {"proofs": proofs}] | some [signer, proofs] in rows],
	"errors": [],
	"system_error": "",
}

_verdict(given, response) := signers.verdict(_context(given), _image, response)

_class(given, rows) := _verdict(given, _answers(rows)).class

test_image_with_its_signature_passes if {
	_verdict(_given([_ann], 1), _answers([[_ann, [_key_signature]]])) == {"class": "pass"}
}

test_quorum_left_out_is_one if {
	given := {"rules": [object.remove(_rule([_ann, _bob], 1), ["quorum"])]}
	_class(given, [[_bob, [_key_signature]]]) == "pass"
	_class(given, []) == "deny"
}

test_unsigned_image_is_told_who_is_missing if {
	verdict := _verdict(_given([_ann], 1), _answers([[_ann, []]]))
	verdict.class == "deny"
	verdict.reason == "SignatureAbsent"
	verdict.said == "Image is not signed by ann (SignatureAbsent); 1 of 1 signers needed."
	verdict.note == "signature key validation failed for authority ann for registry.test/shop/app:1: no signatures found"
	verdict.ref == answers.ref(authorities.question(_ann, _image))
	verdict.details == {
		"class": "deny",
		"quorum": 1,
		"signers": ["ann"],
		"signed": 0,
		"missing": [{"name": "ann", "reason": "SignatureAbsent"}],
	}
}

test_quorum_counts_signers if {
	one := [[_ann, [_key_signature]], [_bob, []]]
	_class(_given([_ann, _bob], 1), one) == "pass"
	_class(_given([_ann, _bob], 2), one) == "deny"
	_class(_given([_ann, _bob], 2), [[_ann, [_key_signature]], [_bob, [_key_signature]]]) == "pass"
}

test_two_signatures_of_one_signer_are_one if {
	_class(_given([_ann, _bob], 2), [[_ann, [_key_signature, {"id": "1", "subjects": []}]], [_bob, []]]) == "deny"
}

test_key_under_two_names_is_one_signer if {
	again := {"name": "again", "verify": {"key": {"data": " A\nNN\n"}}}
	verdict := _verdict(_given([_ann, again], 2), _answers([[_ann, [_key_signature]], [again, [_key_signature]]]))
	verdict.class == "deny"
	verdict.reason == "IdentityMismatch"
	verdict.said == "Image is signed, but not by different people; 2 of 2 signers needed."
	verdict.note == "2 signers are 1 here"
}

test_person_whom_two_signers_fit_is_one_signer if {
	listed := [_certified("dev", "@example.test$"), _certified("lead", "^ann@")]
	_class(_given(listed, 2), [[listed[0], [_signature("ann@example.test")]]]) == "deny"
	both := [_signature("ann@example.test"), _signature("bob@example.test")]
	_class(_given(listed, 2), [[listed[0], both]]) == "pass"
	_class(_given(listed, 1), [[listed[0], [_signature("ann@example.test")]]]) == "pass"
}

test_crowd_of_signers_counts_as_its_people if {
	listed := [_certified("a", "^ann@"), _certified("b", "^ann@"), _certified("c", "^(bob|cyd|dan)@")]
	signatures := [_signature(sprintf("%s@example.test", [name])) | some name in ["ann", "bob", "cyd"]]
	_class(_given(listed, 3), [[listed[0], signatures]]) == "deny"
	_class(_given(listed, 2), [[listed[0], signatures]]) == "pass"
}

test_stranger_s_certificate_is_no_signature if {
	dev := _certified("dev", "^ann@")
	verdict := _verdict(_given([dev], 1), _answers([[dev, [_signature("eve@example.test")]]]))
	verdict.class == "deny"
	verdict.reason == "IdentityMismatch"
}

test_every_rule_that_covers_an_image_counts if {
	given := {"rules": [_rule([_ann], 1), _rule([_bob], 1)]}
	_class(given, [[_ann, [_key_signature]]]) == "deny"
	_class(given, [[_bob, [_key_signature]]]) == "deny"
	_class(given, [[_ann, [_key_signature]], [_bob, [_key_signature]]]) == "pass"
}

test_rule_for_other_images_does_not_count if {
	other := object.union(_rule([_bob], 1), {"images": [{"glob": "other.test/**"}]})
	_class({"rules": [_rule([_ann], 1), other]}, [[_ann, [_key_signature]]]) == "pass"
}

test_uncovered_images_are_a_choice_and_denied_by_default if {
	rules := [object.union(_rule([_ann], 1), {"images": [{"glob": "other.test/**"}]})]
	_verdict({"rules": rules}, {}).class == "deny"
	_verdict({"rules": rules}, {}).reason == "NoMatchingPolicy"
	every choice, class in {"deny": "deny", "warn": "warn", "allow": "pass"} {
		_verdict({"rules": rules, "unmatched": choice}, {}).class == class
	}
}

test_missing_answers_deny if {
	every response in [
		{},
		null,
		[],
		"x",
		{"responses": null},
		{"responses": [[authorities.question(_ann, _image), null]]},
		{"responses": [[authorities.question(_ann, _image), {}]]},
		{"responses": [[authorities.question(_ann, _image), {"proofs": null}]]},
		{"responses": [[authorities.question(_bob, _image), {"proofs": [_key_signature]}]]},
		{"responses": [], "system_error": "connection refused"},
		{"responses": [[authorities.question(_ann, _image), {"proofs": [_key_signature]}]], "system_error": "refused"},
		{"responses": [], "errors": [[authorities.question(_ann, _image), "ContentInvalid: bad"]]},
	] {
		_verdict(_given([_ann], 1), response).class == "deny"
	}
}

_passing(signer, reason) := {"system_error": json.marshal({name: {"reason": reason, "message": "m"}})} if {
	name := answers.ref(authorities.question(signer, _image))
}

test_outage_is_the_reason_only_where_an_answer_could_have_helped if {
	timeout := _passing(_bob, "Timeout")
	_verdict(_given([_ann, _bob], 2), object.union(_answers([[_ann, [_key_signature]]]), timeout)).reason == "Timeout"
	_verdict(_given([_ann, _bob], 1), object.union(_answers([[_ann, []]]), timeout)).reason == "Timeout"
	_verdict(_given([_ann, _bob], 2), object.union(_answers([[_ann, []]]), timeout)).reason == "SignatureAbsent"
}

test_malformed_reference_is_denied_unasked if {
	image := object.union(_image, {"text": "UPPER/case", "asked": "UPPER/case"})
	context := _context(_given([_ann], 1))
	signers.verdict(context, image, {}).reason == "ReferenceInvalid"
	signers.questions(context, [image]) == []
}

_exempt(until) := {
	"rules": [_rule([_ann], 1)],
	"exemptions": [{"image": "registry.test/shop/*", "until": until, "reason": "r", "owner": "team-shop"}],
}

test_exemption_holds_until_its_end if {
	_verdict(_exempt("2026-03-01"), {}).class == "pass"
	signers.questions(_context(_exempt("2026-03-01")), [_image]) == []
	verdict := _verdict(_exempt("2026-02-01"), {})
	verdict.class == "deny"
	contains(verdict.note, "the exemption for registry.test/shop/* (team-shop) ended on 2026-02-01")
}

test_each_signer_is_one_question_whatever_rule_it_stands_in if {
	given := {"rules": [_rule([_ann, _bob], 1), _rule([_ann], 1)]}
	asked := {json.unmarshal(key).verify.key.data | some key in signers.questions(_context(given), [_image])}
	asked == {"ANN", "BOB"}
	count(signers.questions(_context(given), [_image])) == 2
}

test_certified_signers_of_one_trust_root_are_one_question if {
	given := _given([_certified("a", "^ann@"), _certified("b", "^bob@")], 2)
	count(signers.questions(_context(given), [_image])) == 1
}

test_unreadable_parameters_admit_nothing_and_ask_nothing if {
	every given in [
		{},
		{"rules": []},
		_given([_ann], 2),
		_given([_ann, _ann], 1),
		object.union(_given([_ann], 1), {"unmatched": "maybe"}),
	] {
		_verdict(given, _answers([[_ann, [_key_signature]]])).class == "invalid"
		_verdict(given, _answers([[_ann, [_key_signature]]])).reason == "ParametersInvalid"
		signers.questions(_context(given), [_image]) == []
	}
}

test_static_verdict_in_a_signer_vouches_for_nobody if {
	signer := object.union(_ann, {"static": {"action": "pass"}})
	_verdict(_given([signer], 1), {}).class == "invalid"
}

test_undefined_verdict_admits_nothing if signers.verdict({}, {}, {}).class == "invalid"

_unpinned(given, text) := signers.unpinned(_context(given), object.union(_image, {"text": text}))

test_tag_of_a_new_pod_is_denied_unless_said_otherwise if {
	given := {"rules": [_rule([_ann], 1)]}
	_unpinned(given, "registry.test/shop/app:1").class == "deny"
	_unpinned(given, "registry.test/shop/app:1").reason == "DigestMissing"
	_unpinned(object.union(given, {"digest": "warn"}), "registry.test/shop/app:1").class == "warn"
	not _unpinned(object.union(given, {"digest": "off"}), "registry.test/shop/app:1")
	not _unpinned(given, concat("", ["registry.test/shop/app@sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])]))
}

test_nobody_looks_at_the_tag_of_an_image_without_a_rule_or_with_an_exemption if {
	not _unpinned({"rules": [_rule([_ann], 1)], "unmatched": "allow"}, "other.test/shop/app:1")
	not _unpinned(_exempt("2026-03-01"), "registry.test/shop/app:1")
	not _unpinned({"rules": [_rule([_ann], 9)]}, "registry.test/shop/app:1")
}

test_twins_report_their_own_class if {
	every class in ["pass", "warn", "deny", "invalid"] {
		settled := {reports |
			some reports in ["all", "deny", "warn"]
			signers.settled(_context({"rules": [_rule([_ann], 1)], "reports": reports}), {"class": class})
		}
		settled == {
			"pass": {"all", "deny", "warn"},
			"warn": {"deny"},
			"deny": {"warn"},
			"invalid": set(),
		}[class]
	}
}

test_running_pods_are_asked_about_by_the_digest_that_runs if {
	digest := concat("", ["sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])])
	pod := object.union(_pod, {"status": {"containerStatuses": [{"name": "a", "imageID": concat("@", ["registry.test/shop/app", digest])}]}})
	context := object.union(_context(_given([_ann], 1)), {"review": {"operation": "", "kind": {"kind": "Pod"}, "object": pod}})
	[key] := signers.questions(context, signers.images(context))
	json.unmarshal(key).image == concat("@", ["registry.test/shop/app", digest])
}
