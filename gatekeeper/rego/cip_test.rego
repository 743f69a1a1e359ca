package lib.bestbefore.cip_test

import future.keywords

import data.lib.bestbefore.cip

_image := {"text": "registry.test/app:1", "asked": "registry.test/app:1", "note": "", "path": "spec.containers[0].image"}

_other := object.union(_image, {"text": "registry.test/other:1", "asked": "registry.test/other:1"})

_bare := {
	"name": "p",
	"images": [{"glob": "**"}],
	"authorities": [{"name": "authority-0", "static": {"action": "pass"}}],
}

_ruled := object.union(_bare, {"rego": {"fetchConfigFile": true}})

_answered(image, value) := {"responses": [[cip.question(image), value]], "errors": [], "system_error": ""}

_config := {"config": {"linux/amd64": {"created": "2026-01-01T00:00:00Z"}}}

_reason(policy, response, values) := reason if {
	verdict := cip.verdict(policy, _image, response, values)
	verdict.passed == false
	reason := verdict.reason
}

test_static_pass_passes if cip.verdict(_bare, _image, {}, []) == {"passed": true}

test_rule_that_says_true_passes if cip.verdict(_ruled, _image, _answered(_image, _config), [true]) == {"passed": true}

test_nobody_who_vouches_never_passes if {
	every authorities in [[], [{"name": "a"}], [{}], [{"name": "a", "static": {"action": "Pass"}}], null] {
		not cip.verdict(object.union(_bare, {"authorities": authorities}), _image, {}, []).passed == true
		not cip.verdict(object.union(_ruled, {"authorities": authorities}), _image, {}, [true]).passed == true
	}
}

test_policy_that_cannot_be_read_never_passes if {
	every policy in [{}, null, {"authorities": []}, {"authorities": {}}] {
		not cip.verdict(policy, _image, {}, [true]).passed == true
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
	not cip.verdict(_ruled, _image, _answered(_image, {"digest": "sha256:1"}), []).passed == true
}

test_item_error_never_passes if {
	response := {"responses": [], "errors": [[cip.question(_image), "ContentInvalid: bad"]]}
	_reason(_ruled, response, [true]) == "ContentInvalid"
}

test_malformed_reference_never_passes if {
	image := object.union(_image, {"text": "UPPER", "asked": "UPPER"})
	cip.verdict(_bare, image, {}, []).reason == "ReferenceInvalid"
	cip.verdict(_ruled, image, {}, [true]).reason == "ReferenceInvalid"
}

test_one_answer_serves_one_image if {
	response := _answered(_image, _config)
	cip.verdict(_ruled, _image, response, [true]).passed == true
	cip.verdict(_ruled, _other, response, [true]).reason == "ProviderUnavailable"
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
	cip.document(object.union(_bare, {"rego": {}}), {"object": reviewed}, _image, {}) == {"authorityMatches": matches}
	everything := {"fetchConfigFile": true, "includeSpec": true, "includeObjectMeta": true, "includeTypeMeta": true}
	response := _answered(_image, _config)
	cip.document(object.union(_bare, {"rego": everything}), {"object": reviewed}, _image, response) == {
		"authorityMatches": matches,
		"config": _config.config,
		"spec": {"x": 1},
		"metadata": {"name": "web"},
		"typemeta": {"kind": "Pod", "apiVersion": "v1"},
	}
}

test_document_is_undefined_without_the_facts if not cip.document(_ruled, {"object": {}}, _image, {})

_review := {"operation": "CREATE", "kind": {"kind": "Pod"}, "object": {"kind": "Pod", "spec": {"containers": [{"image": "registry.test/app:1"}]}}}

test_policy_that_covers_nothing_cannot_be_read if {
	count(cip.images(_bare, _review)) == 1
	every policy in [{"name": "p"}, object.union(_bare, {"images": []}), object.union(_bare, {"images": null}), {}] {
		not cip.images(policy, _review)
	}
}

test_refusal_by_a_policy_without_a_name_is_still_told if {
	refused := {"passed": false, "reason": "Internal", "said": "", "line": ""}
	every policy in [{}, null, {"name": null}] {
		is_string(cip.violation(policy, _image, refused).msg)
	}
}
