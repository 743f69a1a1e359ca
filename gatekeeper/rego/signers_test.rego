package lib.bestbefore.signers_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.judgement
import data.lib.bestbefore.signers

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

_context(given) := context if {
	context := judgement.context(signers.complete(given), signers.problems(given), _review) with time.now_ns as _now
}

_all_verdicts(context, image, response) := judgement.verdicts(context, image, [own |
	judgement.is_open(context, image)
	some own in signers.verdicts(context, image, answers.by_key(response, signers.questions(context, image)))
])

_asked(context, images) := {key |
	some image in images
	judgement.is_open(context, image)
	some key in signers.questions(context, image)
}

_rule(listed, quorum) := {"images": [{"glob": "registry.test/**"}], "signers": listed, "quorum": quorum}

_given(listed, quorum) := {"rules": [_rule(listed, quorum)], "digest": "off"}

_signature(subject) := {"id": subject, "subjects": [subject], "issuer": "https://issuer.example.test", "times": []}

_key_signature := {"id": "0", "subjects": [], "times": []}

_answers(rows) := {
	"responses": [[authorities.question(signer, _image), {"proofs": proofs}] | some [signer, proofs] in rows],
	"errors": [],
	"system_error": "",
}

_verdict(given, response) := _all_verdicts(_context(given), _image, response)[0]

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
	verdict.note == ""
	verdict.line == "signature key validation failed for authority ann for registry.test/shop/app:1: no signatures found"
	verdict.question == authorities.question(_ann, _image)
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

test_key_in_two_spellings_is_one_signer if {
	block := "-----BEGIN PUBLIC KEY-----\nMFkw\nEwYH==\n-----END PUBLIC KEY-----\n"
	ann := {"name": "ann", "verify": {"key": {"data": block}}}
	every text in [
		concat("", ["# bob's key: the new one\n", block, "\nof 2026"]),
		"-----BEGIN PUBLIC KEY-----\nOwner: bob\n\nMFkwEwYH==\n-----END PUBLIC KEY-----",
	] {
		bob := {"name": "bob", "verify": {"key": {"data": text}}}
		_class(_given([ann, bob], 2), [[ann, [_key_signature]], [bob, [_key_signature]]]) == "deny"
	}
	other := {"name": "other", "verify": {"key": {"data": replace(block, "MFkw", "MFkx")}}}
	_class(_given([ann, other], 2), [[ann, [_key_signature]], [other, [_key_signature]]]) == "pass"
}

# One RSA key, and another one: `openssl rsa -pubin -RSAPublicKey_out` makes the second form of the first.
_rsa := {
	"spki": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAo9UFZp7uvK+IqSBRzGrQ\n2cNT0bWTNAyoTRWPt+MT05y9mdYLBTK84XZtovYttlAmfRPjHSnn6uQOQL2VoFaw\nZJfR78VmO5uJ0KAV8rE4tXG6LbR5920SqW5Zz4AQCLl76Mm2rFzp8fd31+K4oEqI\njD2/xXhuE2/hFhIVd6Bm6J498hQBz0fUYoRlfvcF/JDAFb7ItdV4nuJ4p5P/r/hZ\nxPZjCdjpd2Rkn4eqeQ+gh/8WobKDLb4BxRHtPI+/6u+ZX+kNdbZ8ory/Q0B36JGC\nGh/ScNM2OZNEvLslRVdOr29QNPHKyAPdIHoePZ/758bkXA++HfEakquCpG84leWI\nmwIDAQAB\n-----END PUBLIC KEY-----\n",
	"pkcs1": "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAo9UFZp7uvK+IqSBRzGrQ2cNT0bWTNAyoTRWPt+MT05y9mdYLBTK8\n4XZtovYttlAmfRPjHSnn6uQOQL2VoFawZJfR78VmO5uJ0KAV8rE4tXG6LbR5920S\nqW5Zz4AQCLl76Mm2rFzp8fd31+K4oEqIjD2/xXhuE2/hFhIVd6Bm6J498hQBz0fU\nYoRlfvcF/JDAFb7ItdV4nuJ4p5P/r/hZxPZjCdjpd2Rkn4eqeQ+gh/8WobKDLb4B\nxRHtPI+/6u+ZX+kNdbZ8ory/Q0B36JGCGh/ScNM2OZNEvLslRVdOr29QNPHKyAPd\nIHoePZ/758bkXA++HfEakquCpG84leWImwIDAQAB\n-----END RSA PUBLIC KEY-----\n",
	"other": "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAywZXRE+b5G/TvDRyesNm+jfUwX3dmUgPkp/DSOcmmDWI6V/kZ1yC\nJNSDBdj1FZqFsOy4dNT/k9+vKdtgvnpKLrYdROZisgh4fx0ui4w6kVjTL4CgsCnI\nZaZOEyAQIEQFf9wnsvnQo/xYdfFrsE4xbnfaY8fsV8JfD+z45HnwSdVOrQyjw/nb\niky0+Gm+kF/9FmvQMiLgIL2Pwd5dPpt0viKveG7Al4FbpE7qYtPU59enipC7Y65z\nWEAOljjJ0WhBEN6gBv2x5xbCuLctl1U69jJ35FZv7J27jqs/WTRA8BVvTW0SexIY\ndIlSqo+7qa5l2h5/p9YtCTUHpKk34W3p1wIDAQAB\n-----END RSA PUBLIC KEY-----\n",
}

test_rsa_key_in_two_forms_is_one_signer if {
	ann := {"name": "ann", "verify": {"key": {"data": _rsa.spki}}}
	bob := {"name": "bob", "verify": {"key": {"data": _rsa.pkcs1}}}
	other := {"name": "other", "verify": {"key": {"data": _rsa.other}}}
	_class(_given([ann, bob], 2), [[ann, [_key_signature]], [bob, [_key_signature]]]) == "deny"
	_class(_given([ann, other], 2), [[ann, [_key_signature]], [other, [_key_signature]]]) == "pass"
	_class(_given([bob, other], 2), [[bob, [_key_signature]], [other, [_key_signature]]]) == "pass"
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
	_all_verdicts(context, image, {})[0].reason == "ReferenceInvalid"
	_asked(context, [image]) == set()
}

_exempt(until) := {
	"rules": [_rule([_ann], 1)],
	"exemptions": [{"image": "registry.test/shop/*", "until": until, "reason": "r", "owner": "team-shop"}],
}

test_exemption_holds_until_its_end if {
	_verdict(_exempt("2026-03-01"), {}).class == "pass"
	_asked(_context(_exempt("2026-03-01")), [_image]) == set()
	verdict := _verdict(_exempt("2026-02-01"), {})
	verdict.class == "deny"
	contains(verdict.note, "the exemption for registry.test/shop/* (team-shop) ended on 2026-02-01")
}

test_each_signer_is_one_question_whatever_rule_it_stands_in if {
	given := {"rules": [_rule([_ann, _bob], 1), _rule([_ann], 1)]}
	asked := {json.unmarshal(key).verify.key.data | some key in _asked(_context(given), [_image])}
	asked == {"ANN", "BOB"}
	count(_asked(_context(given), [_image])) == 2
}

test_certified_signers_of_one_trust_root_are_one_question if {
	given := _given([_certified("a", "^ann@"), _certified("b", "^bob@")], 2)
	count(_asked(_context(given), [_image])) == 1
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
		_asked(_context(given), [_image]) == set()
	}
}

test_static_verdict_in_a_signer_vouches_for_nobody if {
	signer := object.union(_ann, {"static": {"action": "pass"}})
	_verdict(_given([signer], 1), {}).class == "invalid"
}

_unpinned(given, text) := verdict if {
	some verdict in _all_verdicts(_context(given), object.union(_image, {"text": text}), {})
	verdict.reason == "DigestMissing"
}

test_tag_of_a_new_pod_is_denied_unless_said_otherwise if {
	given := {"rules": [_rule([_ann], 1)]}
	_unpinned(given, "registry.test/shop/app:1").class == "deny"
	_unpinned(given, "registry.test/shop/app:1").reason == "DigestMissing"
	_unpinned(object.union(given, {"digest": "warn"}), "registry.test/shop/app:1").class == "warn"
	not _unpinned(object.union(given, {"digest": "off"}), "registry.test/shop/app:1")
	_unpinned(object.union(given, {"digest": "off", "reports": "warn"}), "registry.test/shop/app:1")
	not _unpinned(object.union(given, {"digest": "off", "reports": "warn", "twin": {"digest": "off"}}), "registry.test/shop/app:1")
	not _unpinned(given, concat("", ["registry.test/shop/app@sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])]))
}

test_nobody_looks_at_the_tag_of_an_image_without_a_rule_or_with_an_exemption if {
	not _unpinned({"rules": [_rule([_ann], 1)], "unmatched": "allow"}, "other.test/shop/app:1")
	not _unpinned(_exempt("2026-03-01"), "registry.test/shop/app:1")
	not _unpinned({"rules": [_rule([_ann], 9)]}, "registry.test/shop/app:1")
}

test_running_pods_are_asked_about_by_the_digest_that_runs if {
	digest := concat("", ["sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])])
	pod := object.union(_pod, {"status": {"containerStatuses": [{"name": "a", "imageID": concat("@", ["registry.test/shop/app", digest])}]}})
	context := object.union(_context(_given([_ann], 1)), {"review": {"operation": "", "kind": {"kind": "Pod"}, "object": pod}})
	[key] := [key | some key in _asked(context, signers.images(context))]
	json.unmarshal(key).image == concat("@", ["registry.test/shop/app", digest])
}

test_signer_is_nothing_but_its_signatures if {
	signer := object.union(_ann, {"static": {"action": "pass"}})
	unchecked := object.union(_context(_given([signer], 1)), {"problems": []})
	_all_verdicts(unchecked, _image, {})[0].reason == "ProviderUnavailable"
	_all_verdicts(unchecked, _image, _answers([[_ann, []]]))[0].reason == "SignatureAbsent"
}

test_choices_are_named_so_that_a_twin_can_report_for_the_other if {
	given := {"rules": [_rule([_ann], 1)]}
	_unpinned(given, "registry.test/shop/app:1").choice == "digest"
	other := object.union(_image, {"text": "other.test/app:1"})
	_all_verdicts(_context(given), other, {})[0].choice == "unmatched"
	not _verdict(given, _answers([[_ann, []]])).choice
}

_satisfied(rules) if {
	context := {"given": {"rules": rules, "digest": "off"}, "review": _review, "namespace": "shop", "now": _now, "problems": []}
	answered := answers.by_key(_answers([[_ann, [_key_signature]]]), [authorities.question(_ann, _image)])
	{"class": "pass"} in signers.verdicts(context, _image, answered)
}

# Parameters are checked before. If that fails, a rule that cannot be judged is not satisfied.
test_rule_that_cannot_be_judged_is_not_satisfied if {
	good := _rule([_ann], 1)
	_satisfied([good])
	every signer in ["x", null] {
		bad := {"images": good.images, "signers": [_ann, signer]}
		not _satisfied([bad])
		not _satisfied([good, bad])
	}
}
