package lib.bestbefore.authorities_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities

_image := {"text": "registry.test/app:1", "asked": "registry.test/app:1"}

_result(authority, response) := authorities.judged(authority, _image, answers.by_key(response, keys)) if {
	keys := authorities.questions(authority, _image)
}

_by_key := {"name": "ann", "verify": {"key": {"data": "PEM", "hashAlgorithm": "sha256"}}}

_keyless(identities) := {"name": "ci", "verify": {"keyless": {"trustRoot": "public"}}, "identities": identities}

_proof := {
	"id": "0123",
	"subjects": ["ann@example.test", "https://example.test/ann"],
	"issuer": "https://issuer.example.test",
	"githubWorkflowRepo": "",
	"format": "legacy",
	"times": [],
	"digest": "sha256:1",
}

_answered(authority, value) := {
	"responses": [[authorities.question(authority, _image), value]],
	"errors": [],
	"system_error": "",
}

_judged(authority, proofs) := _result(authority, _answered(authority, {"proofs": proofs}))

_matches(identity) if _judged(_keyless([identity]), [_proof]).match

test_static_pass_matches_without_asking if {
	authority := {"name": "a", "static": {"action": "pass"}}
	_result(authority, {}) == {"match": {"static": true}}
	authorities.questions(authority, _image) == set()
}

test_static_fail_says_its_message if {
	authorities.judged({"name": "a", "static": {"action": "fail", "message": "moved"}}, _image, {}) == {
		"reason": "StaticDeny",
		"said": "moved",
		"line": "disallowed by static policy: moved",
	}
	authorities.judged({"name": "a", "static": {"action": "fail"}}, _image, {}).line == "disallowed by static policy: "
}

test_static_fail_without_a_message_says_that_the_policy_denies if {
	every static in [{"action": "fail"}, {"action": "fail", "message": ""}] {
		judged := authorities.judged({"name": "a", "static": static}, _image, {})
		judged.said == "The policy refuses every image that it covers."
		judged.line == "disallowed by static policy: "
	}
}

test_authority_of_no_kind_matches_nothing if {
	every authority in [{"name": "a"}, {"name": "a", "static": {"action": "Pass"}}, {}, null] {
		_result(authority, {}) == {
			"reason": "Internal",
			"said": "",
			"line": "the authority is of no kind that is known",
		}
	}
}

test_authority_whose_key_could_not_be_read_vouches_for_nothing_and_says_why if {
	authority := {"name": "a", "absent": {"message": "the key hashivault://k cannot be had: Vault cannot be reached"}}
	judged := authorities.judged(authority, _image, {})
	judged.reason == "KeyUnavailable"
	judged.said == "KeyUnavailable: authority a: the key hashivault://k cannot be had: Vault cannot be reached."
	endswith(judged.line, ": the key hashivault://k cannot be had: Vault cannot be reached")
	not judged.match
	not authorities.hopeful(authority)
	authorities.questions(authority, _image) == set()
}

test_identities_without_keyless_match_nobody if {
	authority := object.union(_keyless([{"issuerRegExp": ".", "subjectRegExp": "."}]), {"verify": {"keyless": false}})
	not _judged(authority, [_proof]).match
	_judged(object.union(authority, {"verify": {"keyless": {}}}), [_proof]).match
}

test_only_what_may_match_is_asked_about if {
	authorities.hopeful(_by_key)
	authorities.hopeful({"name": "a", "static": {"action": "pass"}})
	every authority in [{"name": "a"}, {"name": "a", "static": {"action": "fail"}}] {
		not authorities.hopeful(authority)
	}
	authorities.questions(_by_key, _image) == {authorities.question(_by_key, _image)}
	authorities.questions({"name": "a", "static": {"action": "fail"}}, _image) == set()
}

test_question_is_of_version_one if {
	json.unmarshal(authorities.question(_by_key, _image)) == {
		"v": 1,
		"image": "registry.test/app:1",
		"verify": {"key": {"data": "PEM", "hashAlgorithm": "sha256"}},
	}
}

test_question_holds_no_identity if {
	authorities.question(_keyless([{"issuer": "x"}]), _image) == authorities.question(_keyless([]), _image)
}

test_key_that_proves_matches if {
	_judged(_by_key, [{"id": "0123", "subjects": [], "issuer": ""}]).match == {"signatures": [{"id": "0123"}]}
}

test_signature_is_told_as_upstream_tells_it if {
	_judged(_keyless([{"issuer": _proof.issuer, "subject": "ann@example.test"}]), [_proof]).match.signatures == [{
		"id": "0123",
		"subject": "ann@example.test",
		"issuer": "https://issuer.example.test",
	}]
}

test_no_proof_is_no_match if {
	_judged(_by_key, []) == {
		"stage": "authorities",
		"question": authorities.question(_by_key, _image),
		"reason": "SignatureAbsent",
		"said": "SignatureAbsent: authority ann does not vouch for this image.",
		"line": "signature key validation failed for authority ann for registry.test/app:1: no signatures found",
	}
}

test_missing_answer_is_no_match if {
	every response in [{}, null, {"responses": null}, _answered(_by_key, {}), _answered(_by_key, {"proofs": null})] {
		not _result(_by_key, response).match
	}
	_result(_by_key, {}).reason == "ProviderUnavailable"
	every value in [{}, {"proofs": null}, {"proofs": "x"}, {"proofs": {}}] {
		_result(_by_key, _answered(_by_key, value)).reason == "Internal"
	}
}

test_provider_failure_is_told_in_its_words if {
	response := {"responses": [], "errors": [[authorities.question(_by_key, _image), "ContentInvalid: bad"]]}
	_result(_by_key, response) == {
		"stage": "authorities",
		"question": authorities.question(_by_key, _image),
		"reason": "ContentInvalid",
		"said": "ContentInvalid: authority ann does not vouch for this image.",
		"line": "signature key validation failed for authority ann for registry.test/app:1: bad",
	}
}

test_identities_that_fit if {
	every identity in [
		{"issuer": "https://issuer.example.test", "subject": "ann@example.test"},
		{"issuer": "https://issuer.example.test", "subject": "https://example.test/ann"},
		{"issuerRegExp": "issuer", "subjectRegExp": "^ann@"},
		{"issuerRegExp": `^https://[a-z.]+$`, "subject": "ann@example.test"},
	] {
		_matches(identity)
	}
}

test_identities_that_do_not_fit if {
	every identity in [
		{"issuer": "https://issuer.example.test", "subject": "bob@example.test"},
		{"issuer": "https://issuer.example", "subject": "ann@example.test"},
		{"issuerRegExp": "issuer", "subjectRegExp": "^bob@"},
		{"issuerRegExp": "^issuer", "subjectRegExp": "ann"},
		{"issuer": "https://issuer.example.test"},
		{"subject": "ann@example.test"},
		{"issuer": "", "subject": "", "issuerRegExp": "", "subjectRegExp": ""},
		{},
	] {
		not _matches(identity)
	}
}

# A text that is empty was not given, whatever it would match.
test_empty_identities_match_nobody if {
	nameless := object.union(_proof, {"issuer": "", "subjects": [""]})
	every identity in [
		{"issuer": "", "subject": "ann@example.test"},
		{"issuerRegExp": "", "subject": "ann@example.test"},
		{"issuer": "https://issuer.example.test", "subject": ""},
		{"issuer": "https://issuer.example.test", "subjectRegExp": ""},
		{"issuerRegExp": "", "subjectRegExp": ""},
		{"issuerRegExp": "issuer", "subjectRegExp": ""},
		{"issuerRegExp": "", "subjectRegExp": "ann"},
	] {
		not _matches(identity)
	}
	every identity in [{"issuer": "", "subjectRegExp": "^"}, {"issuerRegExp": "^", "subject": ""}] {
		not _judged(_keyless([identity]), [nameless]).match
	}
}

test_certificate_without_an_issuer_is_a_stranger if {
	nameless := object.union(object.remove(_proof, ["issuer"]), {"subjects": ["ann@example.test"]})
	judged := _judged(_keyless([{"issuerRegExp": ".*", "subjectRegExp": ".*"}]), [nameless])
	judged.reason == "IdentityMismatch"
	endswith(judged.line, "got subjects [ann@example.test] with issuer ")
}

test_stranger_is_named if {
	_judged(_keyless([{"issuer": "x", "subject": "y"}]), [_proof]).line == "signature keyless validation failed for authority ci for registry.test/app:1: no matching signatures: none of the expected identities matched what was in the certificate, got subjects [ann@example.test https://example.test/ann] with issuer https://issuer.example.test"
}

test_no_identities_match_nobody if not _judged(_keyless([]), [_proof]).match

test_one_of_several_signatures_is_enough if {
	other := object.union(_proof, {"subjects": ["bob@example.test"]})
	authority := _keyless([{"issuer": _proof.issuer, "subject": "ann@example.test"}])
	count(_judged(authority, [other, _proof]).match.signatures) == 1
}

test_question_names_who_pulls_the_image if {
	image := {"asked": "app:1", "puller": {"namespace": "shop", "pullSecrets": ["a"]}, "namespace": "shop"}
	json.unmarshal(authorities.question({"verify": {"key": {"data": "k"}}}, image)) == {
		"v": 1,
		"image": "app:1",
		"verify": {"key": {"data": "k"}},
		"namespace": "shop",
		"pullSecrets": ["a"],
	}
}

test_question_with_pull_secrets_of_the_authority_says_whose_namespace_it_is if {
	verify := {"key": {"data": "k"}, "source": {"pullSecrets": ["signatures"]}}
	image := {"asked": "app:1", "puller": {}, "namespace": "shop"}
	json.unmarshal(authorities.question({"verify": verify}, image)).namespace == "shop"
}

_type := "https://example.test/scan/v1"

_wants(entries) := _attesting(_by_key, entries)

_attesting(authority, entries) := object.union(
	object.remove(authority, ["verify"]),
	{"attestor": authority.verify, "attestations": entries},
)

_entry(name) := {"name": name, "type": "scan", "wish": {"predicateType": _type}}

_ruled(name) := object.union(_entry(name), {"rule": "attestation_1"})

_attested_proof := {
	"id": "e3b0",
	"subjects": [],
	"format": "legacy",
	"times": [],
	"digest": "sha256:1",
	"attestation": {"digest": "sha256:2", "predicateType": _type, "statement": {}},
}

_attested(authority, proofs) := authorities.judged(authority, _image, answered) if {
	answered := {key: {"value": {"proofs": proofs}} | some key in authorities.questions(authority, _image)}
}

test_attestation_matches_as_policy_controller_shows_it if {
	_attested(_wants([_entry("a")]), [_attested_proof]) == {"match": {"attestations": {"a": [{
		"id": "e3b0",
		"predicateType": "scan",
		"digest": "sha256:2",
	}]}}}
}

test_every_entry_has_to_be_satisfied if {
	authority := _wants([_entry("a"), _ruled("b")])
	judged := _attested(authority, [_attested_proof])
	not judged.match
	judged.reason == "AttestationRejected"
	startswith(judged.line, "failed evaluating rego policy for type b: ")
	judged.said == "AttestationRejected: authority ann does not vouch for this image."
	_attested(_wants([_entry("a"), _entry("b")]), [_attested_proof]).match
}

test_of_two_entries_of_one_name_both_hold_and_the_last_is_shown if {
	other := object.union(_entry("a"), {"type": "other"})
	judged := _attested(_wants([_entry("a"), other]), [_attested_proof])
	judged.match.attestations.a[0].predicateType == "other"
	not _attested(_wants([_ruled("a"), _entry("a")]), [_attested_proof]).match
}

test_entry_of_another_type_says_which_there_are if {
	other := object.union(_attested_proof, {"attestation": {"digest": "sha256:2", "predicateType": "b"}})
	judged := _attested(_wants([_entry("a")]), [other])
	judged.reason == "AttestationAbsent"
	judged.line == `no matching attestations with type scan, checked the following predicateTypes: "b"`
	not judged.match
}

test_signature_is_no_attestation_and_an_attestation_is_no_signature if {
	not _attested(_wants([_entry("a")]), [_proof]).match
	not _judged(_by_key, [_attested_proof]).match
	not _judged(object.union(_by_key, {"verify": {"key": {"data": "PEM"}, "attestation": {}}}), [_attested_proof]).match
}

test_authority_with_attestations_asks_for_no_signature if {
	keys := authorities.questions(_wants([_entry("a"), _entry("b")]), _image)
	count(keys) == 1
	every key in keys {
		json.unmarshal(key).verify.attestation == {"predicateType": _type, "statement": []}
	}
}

# A definition of an earlier release drops `attestations`, and a template of one does not look at them.
test_authority_of_which_the_attestations_were_dropped_takes_no_signature if {
	dropped := object.remove(_wants([_entry("a")]), ["attestations"])
	count(authorities.questions(dropped, _image)) == 0
	not dropped.verify
	judged := authorities.judged(dropped, _image, {})
	judged.reason == "Internal"
	not judged.match
}

test_authority_that_asks_for_both_is_refused if {
	both := object.union(_by_key, _wants([_entry("a")]))
	judged := _attested(both, [_attested_proof, _proof])
	judged.reason == "Internal"
	not judged.match
}

test_attestation_that_is_not_proved_is_refused_in_upstreams_words if {
	authority := _wants([_entry("a")])
	refs := [answers.ref(key) | some key in authorities.questions(authority, _image)]
	failure := {"reason": "AttestationAbsent", "message": "no matching attestations: "}
	judged := _result(authority, {"responses": [], "errors": [], "system_error": json.marshal({refs[0]: failure})})
	judged.reason == "AttestationAbsent"
	judged.line == "attestation key validation failed for authority ann for registry.test/app:1: no matching attestations: "
	not judged.match
}

test_attestation_by_somebody_else_satisfies_nothing if {
	authority := _attesting(_keyless([{"issuer": "https://issuer.example.test", "subject": "bob"}]), [_entry("a")])
	named := object.union(_attested_proof, {"subjects": ["ann"], "issuer": "https://issuer.example.test"})
	judged := _attested(authority, [named])
	judged.reason == "IdentityMismatch"
	contains(judged.line, "attestation keyless validation failed for authority ci for registry.test/app:1: no matching attestations: none of the expected identities matched")
	not judged.match
}

test_no_entries_are_no_vouching if {
	every entries in [[], {}, null, "x", [{}], [null]] {
		not _attested(_wants(entries), [_attested_proof]).match
	}
}

_stamped := {
	"name": "ann",
	"identities": [],
	"stamped": {"key": {"data": "PEM"}, "timestamp": {"trustRoot": "own"}},
}

test_authority_that_wants_a_timestamp_asks_for_it if {
	keys := authorities.questions(_stamped, _image)
	count(keys) == 1
	every key in keys {
		json.unmarshal(key).verify == _stamped.stamped
	}
	authorities.hopeful(_stamped)
	_attested(_stamped, [_proof]).match
	not _attested(_stamped, []).match
}

# A definition of an earlier release drops `stamped`, or `timestamp` in it, and a template of one does not look at it.
test_authority_of_which_the_timestamp_was_dropped_takes_no_signature_without_one if {
	every dropped in [
		object.remove(_stamped, ["stamped"]),
		object.union(object.remove(_stamped, ["stamped"]), {"stamped": {"key": {"data": "PEM"}}}),
		object.union(_stamped, {"verify": {"key": {"data": "PEM"}}}),
	] {
		count(authorities.questions(dropped, _image)) == 0
		not authorities.hopeful(dropped)
		judged := _attested(dropped, [_proof])
		judged.reason == "Internal"
		not judged.match
	}
}

test_authority_with_attestations_and_a_signature_with_a_timestamp_is_refused if {
	both := object.union(_stamped, _wants([_entry("a")]))
	not _attested(both, [_attested_proof, _proof]).match
}
