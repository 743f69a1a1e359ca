package lib.bestbefore.cip_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.cip
import data.lib.bestbefore.reference
import data.lib.bestbefore.selection

_image := {"text": "registry.test/app:1", "asked": "registry.test/app:1", "note": "", "path": "spec.containers[0].image", "config": true}

_other := object.union(_image, {"text": "registry.test/other:1", "asked": "registry.test/other:1"})

_bare := {
	"name": "p",
	"images": [{"glob": "**"}],
	"authorities": [{"name": "authority-0", "static": {"action": "pass"}}],
}

_ruled := object.union(_bare, {"rego": {"fetchConfigFile": true}})

_answered(image, value) := {"responses": [[cip.question(image), value]], "errors": [], "system_error": ""}

_verdict(policy, image, response, values) := cip.verdict(policy, image, _said(policy, image, response), values)

_document(policy, image, response) := cip.document(policy, image, _said(policy, image, response))

_said(policy, image, response) := answers.by_key(response, keys) if {
	keys := cip.questions(policy, [image])
} else := {}

_config := {"config": {"linux/amd64": {"created": "2026-01-01T00:00:00Z"}}}

_reason(policy, response, values) := reason if {
	verdict := _verdict(policy, _image, response, values)
	verdict.passed == false
	reason := verdict.reason
}

test_static_pass_passes if _verdict(_bare, _image, {}, []) == {"passed": true}

test_rule_that_says_true_passes if _verdict(_ruled, _image, _answered(_image, _config), [true]) == {"passed": true}

test_nobody_who_vouches_never_passes if {
	every authorities in [[], [{"name": "a"}], [{}], [{"name": "a", "static": {"action": "Pass"}}], null] {
		not _verdict(object.union(_bare, {"authorities": authorities}), _image, {}, []).passed == true
		not _verdict(object.union(_ruled, {"authorities": authorities}), _image, {}, [true]).passed == true
	}
}

test_policy_that_cannot_be_read_never_passes if {
	every policy in [{}, null, {"authorities": []}, {"authorities": {}}] {
		not _verdict(policy, _image, {}, [true]).passed == true
	}
}

test_only_true_passes if {
	every values in [[], [false], [null], ["true"], [1], [set()], [[]], [{"result": true}], [true, true]] {
		_reason(_ruled, _answered(_image, _config), values) == "PolicyFailed"
	}
}

test_facts_that_are_missing_never_pass if {
	every response in [
		{},
		null,
		{"responses": null, "errors": null},
		{"responses": [], "errors": [], "system_error": "dial tcp: refused"},
		_answered(_other, _config),
		_answered(_image, null),
	] {
		_reason(_ruled, response, [true]) == "ProviderUnavailable"
	}
	not _verdict(_ruled, _image, _answered(_image, {"digest": "sha256:1"}), []).passed == true
}

test_item_error_never_passes if {
	response := {"responses": [], "errors": [[cip.question(_image), "ContentInvalid: bad"]]}
	_reason(_ruled, response, [true]) == "ContentInvalid"
}

test_malformed_reference_never_passes if {
	image := object.union(_image, {"text": "UPPER", "asked": "UPPER"})
	_verdict(_bare, image, {}, []).reason == "ReferenceInvalid"
	_verdict(_bare, image, {}, []).said == "The image reference is malformed."
	_verdict(_bare, image, {}, []).line == "could not parse reference: UPPER"
	_verdict(_ruled, image, {}, [true]).reason == "ReferenceInvalid"
}

test_digest_of_sha512_is_malformed_as_upstream if {
	text := sprintf("registry.test/app@sha512:%064d%064d", [0, 0])
	reference.parsed(text)
	image := object.union(_image, {"text": text, "asked": text})
	cip.questions(_ruled, [image]) == []
	_verdict(_bare, image, {}, []).reason == "ReferenceInvalid"
	contains(_verdict(_bare, image, {}, []).said, "No ClusterImagePolicy can judge a digest of SHA-512")
	startswith(_verdict(_bare, image, {}, []).line, "could not parse reference: ")
	_verdict(_ruled, image, _answered(image, _config), [true]).reason == "ReferenceInvalid"
	selection.covers({"images": [{"glob": "elsewhere.test/**"}]}, text)
}

test_one_answer_serves_one_image if {
	response := _answered(_image, _config)
	_verdict(_ruled, _image, response, [true]).passed == true
	_verdict(_ruled, _other, response, [true]).reason == "ProviderUnavailable"
}

test_nothing_is_asked_where_no_document_decides if {
	cip.questions(_bare, [_image]) == []
	refusing := [{"name": "a", "static": {"action": "fail"}}]
	cip.questions(object.union(_ruled, {"authorities": refusing}), [_image]) == []
}

test_each_image_is_asked_about_once if {
	cip.questions(_ruled, [_image, _image, _other]) == sort([cip.question(_image), cip.question(_other)])
}

test_rule_gets_what_it_asked_for_and_nothing_else if {
	reviewed := {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web"}, "spec": {"x": 1}}
	matches := {"authority-0": {"static": true}}
	bare := object.union(_bare, {"rego": {}})
	_document(bare, _image, {}) == {"authorityMatches": matches}
	cip.object_document(bare, reviewed) == {}
	everything := {"fetchConfigFile": true, "includeSpec": true, "includeObjectMeta": true, "includeTypeMeta": true}
	full := object.union(_bare, {"rego": everything})
	_document(full, _image, _answered(_image, _config)) == {"authorityMatches": matches, "config": _config.config}
	cip.object_document(full, reviewed) == {
		"spec": {"x": 1},
		"metadata": {"name": "web"},
		"typemeta": {"kind": "Pod", "apiVersion": "v1"},
	}
}

test_document_is_undefined_without_the_facts if not cip.document(_ruled, _image, {})

_review := {"operation": "CREATE", "kind": {"kind": "Pod"}, "object": {"kind": "Pod", "spec": {"containers": [{"image": "registry.test/app:1"}]}}}

test_policy_that_covers_nothing_cannot_be_read if {
	count(cip.images(_bare, _review, true)) == 1
	every policy in [{"name": "p"}, object.union(_bare, {"images": []}), object.union(_bare, {"images": null}), {}] {
		not cip.images(policy, _review, true)
	}
}

test_policy_of_which_nobody_knows_what_it_covers_cannot_be_read if {
	selector := {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
	cip.images(object.union(_bare, {"match": [{"resource": "pods", "selector": selector}]}), _review, true)
	every images in [[{}], [{"globs": "**"}], [{"glob": null}], [{"glob": "x/**"}, {}], ["**"], [{"glob": "ghcr.io/(acme"}], [{"glob": " **"}]] {
		not cip.images(object.union(_bare, {"images": images}), _review, true)
	}
	every match in [
		null,
		[{}],
		[{"resources": "pods"}],
		[{"resource": "pods", "selector": {"matchExpressions": [{"key": "app", "operator": "in", "values": ["web"]}]}}],
		[{"resource": "pods", "selector": {"matchExpressions": [{"operator": "Exists"}]}}],
	] {
		not cip.images(object.union(_bare, {"match": match}), _review, true)
	}
}

test_refusal_by_a_policy_without_a_name_is_still_told if {
	refused := {"passed": false, "reason": "Internal", "said": "", "line": ""}
	every policy in [{}, null, {"name": null}] {
		is_string(cip.violation(policy, _image, refused).msg)
	}
}

_pod(labels) := {
	"kind": "Pod",
	"metadata": {"name": "web", "labels": labels},
	"spec": {"containers": [{"name": "web", "image": "registry.test/app:1"}], "tolerations": []},
}

_updated(old, new) := {
	"operation": "UPDATE",
	"uid": "7",
	"kind": {"group": "", "version": "v1", "kind": "Pod"},
	"object": new,
	"oldObject": old,
}

_texts(policy, review) := [image.text | some image in cip.images(policy, review, true)]

test_label_that_brings_an_object_under_the_policy_is_judged if {
	matching := object.union(_bare, {"match": [{
		"resource": "pods",
		"version": "v1",
		"selector": {"matchExpressions": [{"key": "exempt", "operator": "DoesNotExist"}]},
	}]})
	_texts(matching, _updated(_pod({"exempt": "yes"}), _pod({}))) == ["registry.test/app:1"]
	_texts(matching, _updated(_pod({}), _pod({"exempt": "yes"}))) == []
	_texts(matching, _updated(_pod({}), _pod({"seen": "yes"}))) == []
}

test_what_the_rule_reads_counts_only_where_it_is_given_to_the_rule if {
	update := _updated(_pod({}), _pod({"team": "shop"}))
	reads := {"reads": [["metadata", "labels", "team"], ["spec", "tolerations"]]}
	_texts(object.union(_bare, {"rego": object.union({"includeObjectMeta": true}, reads)}), update) == ["registry.test/app:1"]
	_texts(object.union(_bare, {"rego": object.union({"includeSpec": true}, reads)}), update) == []
	_texts(object.union(_bare, {"rego": {"includeObjectMeta": true}}), update) == ["registry.test/app:1"]
	_texts(object.union(_bare, {"rego": {"includeObjectMeta": true, "reads": []}}), update) == []
}

test_expanded_workload_is_judged_where_its_workload_is_not if {
	owner := {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
	implied := {
		"operation": "CREATE",
		"kind": {"group": "", "version": "v1", "kind": "Pod"},
		"object": object.union(_pod({}), {"metadata": {"ownerReferences": [owner]}}),
	}
	_texts(object.union(_bare, {"workloads": ["Deployment"]}), implied) == []
	_texts(object.union(_bare, {"workloads": ["ReplicaSet"]}), implied) == ["registry.test/app:1"]
	_texts(_bare, implied) == ["registry.test/app:1"]
}

test_parts_of_the_configuration_stand_in_the_question if {
	[image] := cip.images(_bare, _review, [["config", "User"], ["created"]])
	cip.question(image) == `{"config":[["config","User"],["created"]],"image":"registry.test/app:1","v":1}`
	cip.questions(_ruled, cip.images(_bare, _review, true)) == [`{"config":true,"image":"registry.test/app:1","v":1}`]
}

test_platforms_without_any_part_are_facts_all_the_same if {
	image := object.union(_image, {"config": []})
	response := _answered(image, {"config": {"linux/amd64": {}}})
	_verdict(_ruled, image, response, [true]) == {"passed": true}
	_document(_ruled, image, response).config == {"linux/amd64": {}}
}

_key(name) := {"name": name, "verify": {"key": {"data": name}}}

_unproved(reasons) := {"responses": [], "errors": [], "system_error": json.marshal({ref: failure |
	some name, reason in reasons
	ref := answers.ref(authorities.question(_key(name), _image))
	failure := {"reason": reason, "message": "m"}
})}

test_authority_without_an_answer_decides_because_it_might_have_vouched if {
	policy := object.union(_bare, {"authorities": [_key("a"), _key("b")]})
	every reason in ["Timeout", "RegistryUnavailable", "TrustRootStale", "ProviderUnavailable"] {
		_reason(policy, _unproved({"a": "SignatureRejected", "b": reason}), []) == reason
	}
	_reason(policy, _unproved({"a": "SignatureRejected", "b": "SignatureAbsent"}), []) == "SignatureRejected"
}

test_attestation_that_is_rejected_says_more_than_one_that_is_not_there if {
	policy := object.union(_bare, {"authorities": [_key("a"), _key("b")]})
	_reason(policy, _unproved({"a": "AttestationAbsent", "b": "AttestationRejected"}), []) == "AttestationRejected"
	_reason(policy, _unproved({"a": "AttestationRejected", "b": "AttestationAbsent"}), []) == "AttestationRejected"
	_reason(policy, _unproved({"a": "AttestationAbsent", "b": "AttestationAbsent"}), []) == "AttestationAbsent"
	_reason(policy, _unproved({"a": "IdentityMismatch", "b": "AttestationRejected"}), []) == "IdentityMismatch"
	_reason(policy, _unproved({"a": "AttestationAbsent", "b": "Timeout"}), []) == "Timeout"
}

test_where_was_looked_for_a_signature_stands_first_and_in_a_note if {
	detail := "no legacy signature, but a bundle; looked under the tag sha256-0123….sig; advice"
	key := authorities.question(_key("a"), _image)
	said := json.marshal({answers.ref(key): {"reason": "SignatureAbsent", "message": "no signatures found", "detail": detail}})
	policy := object.union(_bare, {"authorities": [_key("a")]})
	verdict := _verdict(policy, _image, {"responses": [], "errors": [], "system_error": said}, [])
	verdict.said == "SignatureAbsent: authority a: no legacy signature, but a bundle."
	verdict.note == sprintf("authority a: %s", [detail])
	endswith(verdict.line, ": no signatures found")
}

test_first_sentence_stays_where_there_is_nothing_instead if {
	detail := "no legacy signature; looked under the tag sha256-0123….sig"
	key := authorities.question(_key("a"), _image)
	said := json.marshal({answers.ref(key): {"reason": "SignatureAbsent", "message": "no signatures found", "detail": detail}})
	policy := object.union(_bare, {"authorities": [_key("a")]})
	verdict := _verdict(policy, _image, {"responses": [], "errors": [], "system_error": said}, [])
	verdict.said == "SignatureAbsent: authority a does not vouch for this image."
	verdict.note == sprintf("authority a: %s", [detail])
}

test_detail_that_is_no_text_is_left_out if {
	key := authorities.question(_key("a"), _image)
	said := json.marshal({answers.ref(key): {"reason": "SignatureAbsent", "message": "no signatures found", "detail": 7}})
	policy := object.union(_bare, {"authorities": [_key("a")]})
	verdict := _verdict(policy, _image, {"responses": [], "errors": [], "system_error": said}, [])
	verdict.said == "SignatureAbsent: authority a does not vouch for this image."
	verdict.note == ""
}

test_policy_that_asks_nothing_has_no_ref if {
	verdict := {"passed": false, "reason": "SignatureAbsent", "said": "", "line": "x"}
	cip.violation(_bare, _image, verdict).details.ref == ""
	cip.violation(_ruled, _image, verdict).details.ref == answers.ref(cip.question(_image))
}

test_image_without_a_digest_is_told_with_the_page_of_the_reason if {
	found := cip.violation(object.union(_bare, {"reasonsUrl": "https://docs.example.com/reasons"}), _image, cip.unpinned(_image, "deny"))
	contains(found.msg, " See https://docs.example.com/reasons#digestmissing. failed policy: p: must be an image digest")
	found.details.reason == "DigestMissing"
	not contains(cip.violation(_bare, _image, cip.unpinned(_image, "deny")).msg, "See ")
}

_refusing := {"name": "strict", "static": {"action": "fail", "message": "not here"}}

test_reference_that_is_malformed_is_named_before_all_else if {
	malformed := object.union(_image, {"text": "UPPER", "asked": "UPPER"})
	every policy in [_bare, _ruled, object.union(_bare, {"authorities": [_refusing]})] {
		verdict := _verdict(policy, malformed, {}, [true])
		[verdict.reason, verdict.line] == ["ReferenceInvalid", "could not parse reference: UPPER"]
	}
}

test_facts_decide_only_where_somebody_vouches if {
	keyed := {"name": "signed", "verify": {"key": {"data": "k"}}}
	policy := object.union(_ruled, {"authorities": [_refusing, keyed]})
	proofs := {"responses": [[authorities.question(keyed, _image), {"proofs": []}]], "errors": [], "system_error": ""}
	verdict := _verdict(policy, _image, proofs, [])
	verdict.reason == "StaticDeny"
	startswith(verdict.line, "disallowed by static policy: not here signature key validation failed")
}

test_facts_that_are_missing_are_named_with_the_authorities_that_refuse if {
	policy := object.union(_ruled, {"authorities": array.concat([_refusing], _bare.authorities)})
	verdict := _verdict(policy, _image, {}, [])
	verdict.reason == "ProviderUnavailable"
	verdict.said != ""
	verdict.line == "disallowed by static policy: not here the provider did not answer this question"
}

test_rule_that_fails_names_what_is_known_of_the_image_and_the_authorities_that_refuse if {
	policy := object.union(_ruled, {"authorities": array.concat([_refusing], _bare.authorities)})
	facts := object.union(_config, {"digest": "sha256:1", "created": "2026-01-01T00:00:00Z"})
	verdict := _verdict(policy, _image, _answered(_image, facts), [[{"result": false, "error": "too old", "warning": ""}]])
	[verdict.reason, verdict.said, verdict.digest, verdict.created] == ["PolicyFailed", "too old", "sha256:1", "2026-01-01T00:00:00Z"]
	startswith(verdict.line, "disallowed by static policy: not here failed evaluating rego policy")
	plain := _verdict(object.union(_bare, {"rego": {}}), _image, {}, [])
	[plain.reason, plain.digest, plain.created] == ["PolicyFailed", "", null]
}

test_pull_secret_that_cannot_be_used_is_a_note_beside_the_reason if {
	detail := "pull secret shop/regcred does not exist"
	key := cip.question(_image)
	said := json.marshal({answers.ref(key): {"reason": "Unauthorized", "message": "refuses us", "detail": detail}})
	verdict := _verdict(_ruled, _image, {"responses": [], "errors": [], "system_error": said}, [])
	verdict.reason == "Unauthorized"
	verdict.note == detail
}

test_images_are_asked_for_as_their_pod_pulls_where_the_policy_says_so if {
	pod := {"kind": "Pod", "spec": {"containers": [{"image": "app:1"}], "imagePullSecrets": [{"name": "a"}]}}
	review := {"kind": {"kind": "Pod"}, "operation": "CREATE", "namespace": "shop", "object": pod}
	[image] := cip.images(object.union(_bare, {"podCredentials": true}), review, [])
	json.unmarshal(cip.question(image)) == {
		"v": 1,
		"image": "app:1",
		"config": [],
		"namespace": "shop",
		"pullSecrets": ["a"],
	}
	[shared] := cip.images(_bare, review, [])
	json.unmarshal(cip.question(shared)) == {"v": 1, "image": "app:1", "config": []}
}

_by(subject) := {
	"subjects": [subject],
	"issuer": "https://issuer.test",
	"attestation": {"digest": "sha256:2", "predicateType": "t", "statement": {}},
}

_attesting(name, subject, rule) := {
	"name": name,
	"attestor": {"keyless": {"trustRoot": {"name": "own"}}},
	"identities": [{"issuer": "https://issuer.test", "subject": subject}],
	"attestations": [{"name": "scan", "type": "t", "rule": rule, "wish": {"predicateType": "t"}}],
}

_attested(authorities_, proofs) := {rule: places |
	policy := {"authorities": authorities_}
	answered := {key: {"value": {"proofs": proofs}} | some key in cip.questions(policy, [_image])}
	some by_rule in cip.attested(policy, [_image], answered)
	some rule, places in by_rule
}

test_rule_judges_statements_by_those_whom_its_authority_names if {
	proofs := [_by("eve"), _by("ann"), _by("bob"), object.remove(_by("ann"), ["attestation"])]
	_attested([_attesting("a", "ann", "r")], proofs) == {"r": {1}}
	_attested([_attesting("a", "ann", "r"), _attesting("b", "bob", "s")], proofs) == {"r": {1}, "s": {2}}
	_attested([_attesting("a", "ann", "r"), _attesting("b", "bob", "r")], proofs) == {"r": {1, 2}}
}

test_rule_judges_nothing_of_strangers_alone if {
	_attested([_attesting("a", "ann", "r")], [_by("eve")]) == {}
	_attested([_attesting("a", "ann", "r")], []) == {}
	cip.attested({"authorities": [_attesting("a", "ann", "r")]}, [_image], {}) == {}
}

test_rule_judges_whatever_a_key_attests if {
	by_key := object.union(_attesting("a", "", "r"), {"attestor": {"key": {"data": "PEM"}}})
	_attested([object.remove(by_key, ["identities"])], [_by("eve"), _by("ann")]) == {"r": {0, 1}}
}
