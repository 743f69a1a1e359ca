package template_own_test

import future.keywords

import data.template_own

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_facts := {
	"registry.test/fresh:1": "2026-02-01T00:00:00Z",
	"registry.test/old:1": "2026-01-02T00:00:00Z",
	"registry.test/epoch:1": "1970-01-01T00:00:00Z",
}

_answers(request) := {
	"responses": [[key, _value(created)] |
		some key in request.keys
		created := _facts[json.unmarshal(key).image]
	],
	"errors": [],
	"status_code": 200,
	"system_error": "",
}

_value(created) := {"digest": "sha256:00", "platforms": {"linux/amd64": {
	"created": created,
	"createdNs": sprintf("%d", [time.parse_rfc3339_ns(created)]),
	"createdFrom": "config",
}}}

_pod(images) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {"containers": [{"name": image, "image": image} | some image in images]},
}

_review(images) := {
	"operation": "CREATE",
	"uid": "7",
	"namespace": "shop",
	"userInfo": {"username": "alice"},
	"object": _pod(images),
	"oldObject": null,
}

_drained(images) := object.union(_review(images), {"userInfo": {"username": "system:kube-controller-manager"}})

_given(fields) := object.union({"maxAge": "30d", "workloadsMatched": true, "reports": "deny"}, fields)

_violations(given, review) := found if {
	found := template_own.violation with input as {"parameters": given, "review": review}
		with external_data as _answers
		with time.now_ns as _now
}

_reasons(given, review) := {[violation.details.image, violation.details.reason] |
	some violation in _violations(given, review)
}

test_fresh_images_are_admitted if _violations(_given({}), _review(["registry.test/fresh:1"])) == set()

test_old_image_beside_a_fresh_one_is_named if {
	_violations(_given({}), _review(["registry.test/fresh:1", "registry.test/old:1"])) == {{
		"msg": "Image is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-01). spec.containers[1].image registry.test/old:1 (ImageTooOld, ref 9fa3b115b4d0). Rebuild it, or move to a newer tag.",
		"details": {
			"policy": "MaximumImageAge",
			"image": "registry.test/old:1",
			"path": "spec.containers[1].image",
			"reason": "ImageTooOld",
			"said": "Image is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-01).",
			"digest": "sha256:00",
			"created": "2026-01-02T00:00:00Z",
			"createdFrom": "config",
			"remedy": "Rebuild it, or move to a newer tag.",
			"bestBefore": "2026-02-01T00:00:00Z",
			"age": "45d",
			"limit": "30d",
			"platform": "linux/amd64",
			"class": "deny",
			"ref": "9fa3b115b4d0",
			"question": `{"image":"registry.test/old:1","v":1}`,
			"actor": "person",
			"request": {"uid": "7", "operation": "CREATE"},
		},
	}}
}

test_page_of_the_reason_is_named_where_there_is_one if {
	given := _given({"reasonsUrl": "https://docs.example.com/reasons"})
	[violation] := [each | some each in _violations(given, _review(["registry.test/old:1"]))]
	contains(violation.msg, "Rebuild it, or move to a newer tag. See https://docs.example.com/reasons#imagetooold.")
}

test_each_twin_reports_its_class if {
	images := ["registry.test/old:1", "registry.test/epoch:1"]
	given := _given({"unknownAge": "warn"})
	_reasons(given, _review(images)) == {["registry.test/old:1", "ImageTooOld"]}
	_reasons(object.union(given, {"reports": "warn"}), _review(images)) == {["registry.test/epoch:1", "ImageUndated"]}
	count(_reasons(object.union(given, {"reports": "all"}), _review(images))) == 2
}

test_drained_node_is_a_warning if {
	_reasons(_given({}), _drained(["registry.test/old:1"])) == set()
	_reasons(_given({"reports": "warn"}), _drained(["registry.test/old:1"])) == {["registry.test/old:1", "ImageTooOld"]}
}

_denied_without(found) if {
	count(found) == 2
	{violation.details.reason | some violation in found} == {"ProviderUnavailable"}
}

_two := {"parameters": _given({}), "review": _review(["registry.test/fresh:1", "registry.test/old:1"])}

_undefined(request) := {} if request == "never"

_null(_) := null

_empty(_) := {}

_refused(_) := {"responses": null, "errors": null, "system_error": "refused"}

_silent(_) := {"responses": [], "errors": [], "system_error": ""}

test_undefined_call_denies if {
	_denied_without(template_own.violation) with input as _two with external_data as _undefined with time.now_ns as _now
}

test_null_answer_denies if {
	_denied_without(template_own.violation) with input as _two with external_data as _null with time.now_ns as _now
}

test_empty_answer_denies if {
	_denied_without(template_own.violation) with input as _two with external_data as _empty with time.now_ns as _now
}

test_refused_call_denies if {
	_denied_without(template_own.violation) with input as _two with external_data as _refused with time.now_ns as _now
}

test_answer_without_the_key_denies if {
	_denied_without(template_own.violation) with input as _two with external_data as _silent with time.now_ns as _now
}

test_unreadable_parameters_deny_by_both_twins if {
	every reports in ["deny", "warn"] {
		given := _given({"maxAge": "30 days", "reports": reports})
		_reasons(given, _review(["registry.test/fresh:1"])) == {["registry.test/fresh:1", "ParametersInvalid"]}
	}
	_reasons({}, _review(["registry.test/fresh:1"])) == {["registry.test/fresh:1", "ParametersInvalid"]}
}

test_parameters_of_another_type_deny if {
	every given in [null, [], "x"] {
		{violation.details.reason | some violation in _violations(given, _review(["registry.test/fresh:1"]))} == {"Internal"}
	}
}

test_missing_parameters_or_review_deny if {
	every document in [{}, {"parameters": {"maxAge": "30d"}}, {"review": _review(["registry.test/fresh:1"])}, null, []] {
		found := template_own.violation with input as document
			with external_data as _answers
		{violation.details.reason | some violation in found} == {"Internal"}
	}
}

test_object_without_images_is_admitted if {
	review := object.union(_review([]), {"object": {"kind": "Scale"}})
	_violations(_given({"maxAge": "x"}), review) == set()
}

test_deletion_is_admitted if {
	review := object.union(_review(["registry.test/old:1"]), {"operation": "DELETE"})
	_violations(_given({}), review) == set()
}

test_running_pod_may_be_relabelled if {
	old := _pod(["registry.test/old:1"])
	new := object.union(old, {"metadata": {"labels": {"a": "b"}}})
	review := object.union(_review([]), {"operation": "UPDATE", "object": new, "oldObject": old})
	_violations(_given({}), review) == set()
}

test_questions_are_one_call if {
	asked := template_own.questions with input as {
		"parameters": _given({}),
		"review": _review(["registry.test/old:1", "registry.test/fresh:1", "registry.test/old:1", "UPPER"]),
	}
	asked == [`{"image":"registry.test/fresh:1","v":1}`, `{"image":"registry.test/old:1","v":1}`]
}

_stale(request) := object.union(_answers(request), {"responses": [[key, object.union(value, _seen)] |
	some [key, value] in _answers(request).responses
]})

_seen := {"stale": true, "observedAt": "2026-02-15T23:10:00Z"}

_of_an_outage(fields) := found if {
	found := template_own.violation with input as {"parameters": _given(fields), "review": _review(["registry.test/fresh:1"])}
		with external_data as _stale
		with time.now_ns as _now
}

test_policy_may_refuse_what_was_seen_before_the_registry_went_away if {
	count(_of_an_outage({})) == 0
	[violation] := [each | some each in _of_an_outage({"stale": "deny"})]
	violation.details.reason == "RegistryUnavailable"
	said := "RegistryUnavailable: the registry was last seen at 2026-02-15T23:10:00Z, and the policy refuses stale answers."
	startswith(violation.msg, said)
}

# Waivers: the Constraints of a pair take some, the template reads none of the cluster, so they stand in the parameters.
_waiver := {
	"name": "late",
	"from": "2026-02-01T00:00:00Z",
	"until": "2026-03-01T00:00:00Z",
	"policies": ["maximum-image-age"],
	"namespaces": ["shop"],
	"images": ["registry.test/old"],
	"reason": "the vendor rebuilds in March",
	"owner": "team-shop",
	"ticket": "SEC-12",
}

_taking(fields) := _given(object.union(
	{"name": "maximum-image-age", "waivers": {"allowed": true, "entries": [_waiver]}},
	fields,
))

test_waived_image_is_admitted_with_a_warning_that_says_all if {
	_violations(_taking({}), _review(["registry.test/old:1"])) == set()
	[shown] := [each | some each in _violations(_taking({"reports": "warn"}), _review(["registry.test/old:1"]))]
	startswith(shown.msg, "Waived until 2026-03-01T00:00:00Z by the Waiver late (team-shop). spec.containers[0].image registry.test/old:1 (Waived, ref ")
	contains(shown.msg, "Note: without it: ImageTooOld: Image is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-01).")
	shown.details.reason == "Waived"
	shown.details.class == "waived"
	shown.details.waived.reason == "ImageTooOld"
	shown.details.waiver == {
		"name": "late",
		"until": "2026-03-01T00:00:00Z",
		"owner": "team-shop",
		"ticket": "SEC-12",
		"reason": "the vendor rebuilds in March",
		"breakGlass": false,
	}
}

test_single_constraint_cannot_warn_so_it_only_admits if {
	_violations(_taking({"reports": "all"}), _review(["registry.test/old:1"])) == set()
}

test_image_that_the_waiver_does_not_cover_is_denied_and_told_of_waivers if {
	[denied] := [each | some each in _violations(_taking({}), _review(["registry.test/old:1", "registry.test/epoch:1"]))]
	denied.details.image == "registry.test/epoch:1"
	endswith(denied.details.remedy, sprintf(" Or ask for a Waiver for %s.", [_taking({}).name]))
}

test_waiver_of_another_policy_is_none if {
	_reasons(_taking({"name": "other"}), _review(["registry.test/old:1"])) == {["registry.test/old:1", "ImageTooOld"]}
}

test_policy_that_takes_no_waivers_denies_as_if_there_were_none if {
	given := _given({"name": "maximum-image-age", "waivers": {"allowed": false, "entries": [_waiver]}})
	[denied] := [each | some each in _violations(given, _review(["registry.test/old:1"]))]
	denied.details.remedy == "Rebuild it, or move to a newer tag."
}

test_waivers_of_the_wrong_shape_are_a_parameter_that_is_wrong if {
	every waivers in [true, [], {"allowed": "yes"}, {"maxDays": 0}, {"maxDays": 1.5}, {"maxDays": 367}, {"entries": {}}, {"until": ""}] {
		_reasons(_given({"waivers": waivers}), _review(["registry.test/old:1"])) == {["registry.test/old:1", "ParametersInvalid"]}
	}
}

test_wrong_parameters_are_never_waived if {
	given := _taking({"maxAge": "soon"})
	_reasons(given, _review(["registry.test/old:1"])) == {["registry.test/old:1", "ParametersInvalid"]}
}

test_malformed_reference_is_never_waived if {
	given := _taking({"waivers": {"allowed": true, "entries": [object.union(_waiver, {"images": ["**"]})]}})
	_reasons(given, _review(["Registry test/old"])) == {["Registry test/old", "ReferenceInvalid"]}
}

test_waiver_holds_where_nobody_answers if {
	given := _taking({"waivers": {"allowed": true, "entries": [object.union(_waiver, {"images": ["**"]})]}})
	found := template_own.violation with input as {"parameters": given, "review": _review(["registry.test/old:1"])}
		with external_data as _refused
		with time.now_ns as _now
	found == set()
}

test_denial_says_of_a_waiver_why_it_does_not_hold if {
	given := _taking({"waivers": {"allowed": true, "entries": [object.union(_waiver, {"until": "2026-02-10T00:00:00Z"})]}})
	[denied] := [each | some each in _violations(given, _review(["registry.test/old:1"]))]
	contains(denied.msg, "Note: the Waiver late ended on 2026-02-10T00:00:00Z.")
}
