package signedimages_test

import future.keywords

import data.signedimages

_digest := concat("", ["sha256:", concat("", ["0" | some _ in numbers.range(1, 64)])])

_good := concat("@", ["registry.test/shop/good:1", _digest])

_bad := concat("@", ["registry.test/shop/bad:1", _digest])

_given(fields) := object.union(
	{
		"rules": [{"images": [{"glob": "registry.test/**"}], "signers": [{"name": "ann", "verify": {"key": {"data": "ANN"}}}]}],
		"reports": "deny",
	},
	fields,
)

_answers(request) := {
	"responses": [[key, {"proofs": [{"id": "0", "subjects": []}]}] |
		some key in request.keys
		json.unmarshal(key).image == _good
	],
	"errors": [],
	"status_code": 200,
	"system_error": "",
}

_review(images) := {
	"operation": "CREATE",
	"uid": "7",
	"kind": {"kind": "Pod"},
	"namespace": "shop",
	"userInfo": {"username": "alice"},
	"object": {
		"apiVersion": "v1",
		"kind": "Pod",
		"metadata": {"name": "web", "namespace": "shop"},
		"spec": {"containers": [{"name": image, "image": image} | some image in images]},
	},
	"oldObject": null,
}

_violations(given, review) := found if {
	found := signedimages.violation with input as {"parameters": given, "review": review} with external_data as _answers
}

_reasons(given, review) := {[violation.details.image, violation.details.reason] |
	some violation in _violations(given, review)
}

test_signed_images_are_admitted if _violations(_given({}), _review([_good])) == set()

test_unsigned_image_beside_a_signed_one_is_named if {
	[violation] := [each | some each in _violations(_given({}), _review([_good, _bad]))]
	violation.details.image == _bad
	violation.details.policy == "SignedImages"
	startswith(violation.msg, "Image is not signed by ann (ProviderUnavailable); 1 of 1 signers needed. Image registry.test/shop/bad:1@sha256:")
	contains(violation.msg, "(spec.containers[1].image): see `bestbefore explain ProviderUnavailable`, ref ")
}

test_tag_is_reported_beside_the_missing_signature if {
	_reasons(_given({}), _review(["registry.test/shop/app:1"])) == {
		["registry.test/shop/app:1", "ProviderUnavailable"],
		["registry.test/shop/app:1", "DigestMissing"],
	}
}

test_each_twin_of_the_pair_reports_its_class if {
	given := _given({"unmatched": "warn", "digest": "warn"})
	images := [_bad, "registry.test/shop/tag:1", "other.test/app:1"]
	_reasons(given, _review(images)) == {[_bad, "ProviderUnavailable"], ["registry.test/shop/tag:1", "ProviderUnavailable"]}
	_reasons(object.union(given, {"reports": "warn"}), _review(images)) == {
		["other.test/app:1", "NoMatchingPolicy"],
		["registry.test/shop/tag:1", "DigestMissing"],
	}
	count(_reasons(object.union(given, {"reports": "all"}), _review(images))) == 4
}

_both_denied(found) if {violation.details.image | some violation in found} == {_good, _bad}

_two := {"parameters": _given({}), "review": _review([_good, _bad])}

_undefined(request) := {} if request == "never"

_null(_) := null

_empty(_) := {}

_refused(_) := {"responses": null, "errors": null, "system_error": "refused"}

test_call_without_an_answer_denies_both if {
	_both_denied(signedimages.violation) with input as _two with external_data as _undefined
	_both_denied(signedimages.violation) with input as _two with external_data as _null
	_both_denied(signedimages.violation) with input as _two with external_data as _empty
	_both_denied(signedimages.violation) with input as _two with external_data as _refused
}

test_unreadable_parameters_deny_by_both_twins if {
	every reports in ["deny", "warn", "all"] {
		_reasons(_given({"rules": [], "reports": reports}), _review([_good])) == {[_good, "ParametersInvalid"]}
	}
	_reasons({}, _review([_good])) == {[_good, "ParametersInvalid"]}
}

test_parameters_of_another_type_deny if {
	every given in [null, [], "x"] {
		{violation.details.reason | some violation in _violations(given, _review([_good]))} == {"Internal"}
	}
}

test_missing_parameters_or_review_deny if {
	every document in [{}, {"parameters": _given({})}, {"review": _review([_good])}, null, []] {
		found := signedimages.violation with input as document with external_data as _answers
		count(found) > 0
	}
}

test_update_of_a_pod_judges_what_is_new if {
	review := object.union(_review([_bad]), {"operation": "UPDATE", "oldObject": _review([_bad]).object})
	_violations(_given({}), review) == set()
	added := object.union(_review([_bad, _good]), {"operation": "UPDATE", "oldObject": _review([_good]).object})
	_reasons(_given({}), added) == {[_bad, "ProviderUnavailable"]}
}

test_deletion_is_never_denied if {
	_violations(_given({}), object.union(_review([_bad]), {"operation": "DELETE"})) == set()
}
