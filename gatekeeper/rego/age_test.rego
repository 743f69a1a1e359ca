package lib.bestbefore.age_test

import future.keywords

import data.lib.bestbefore.age
import data.lib.bestbefore.answers
import data.lib.bestbefore.judgement

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_fresh := "2026-02-01T00:00:00Z"

_old := "2026-01-02T00:00:00Z"

_pod := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {"containers": [{"name": "web", "image": "registry.test/app:1"}]},
}

_applied := {
	"operation": "CREATE",
	"uid": "7",
	"namespace": "shop",
	"userInfo": {"username": "alice"},
	"object": _pod,
	"oldObject": null,
}

_drained := object.union(_applied, {"userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"}})

_context(fields, review) := context if {
	given := object.union({"maxAge": "30d", "workloadsMatched": true}, fields)
	context := judgement.context(age.complete(given), age.problems(given), review) with time.now_ns as _now
}

_judged(context, image, response) := verdict if {
	[verdict] := judgement.verdicts(context, image, [own |
		judgement.is_open(context, image)
		some own in age.verdicts(context, image, answers.by_key(response, age.questions(context, image)))
	])
}

_asked(context, images) := {key |
	some image in images
	judgement.is_open(context, image)
	some key in age.questions(context, image)
}

_image := {
	"text": "registry.test/app:1",
	"path": "spec.containers[0].image",
	"list": "containers",
	"name": "web",
	"asked": "registry.test/app:1",
	"note": "",
}

_key := `{"image":"registry.test/app:1","v":1}`

_platform(created) := {
	"digest": _digest,
	"created": created,
	"createdNs": sprintf("%d", [time.parse_rfc3339_ns(created)]),
	"createdFrom": "config",
}

_undated := {"digest": _digest, "created": null, "createdNs": null, "createdFrom": "config"}

_answered(platforms) := {
	"responses": [[_key, {"digest": _digest, "platforms": platforms}]],
	"errors": [],
	"status_code": 200,
	"system_error": "",
}

_built(created) := _answered({"linux/amd64": _platform(created)})

_verdict(fields, response) := _judged(_context(fields, _applied), _image, response)

_class(fields, response) := _verdict(fields, response).class

test_fresh_image_passes if _verdict({}, _built(_fresh)) == {"class": "pass"}

test_old_image_is_denied if {
	_verdict({}, _built(_old)) == {
		"class": "deny",
		"choice": "",
		"reason": "ImageTooOld",
		"said": "Image is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-01).",
		"note": "",
		"digest": _digest,
		"created": "2026-01-02T00:00:00Z",
		"question": _key,
		"details": {
			"class": "deny",
			"platform": "linux/amd64",
			"created": "2026-01-02T00:00:00Z",
			"createdFrom": "config",
			"bestBefore": "2026-02-01T00:00:00Z",
			"age": "45d",
			"limit": "30d",
		},
	}
}

test_all_platforms_have_to_pass if {
	response := _answered({
		"linux/amd64": _platform(_fresh),
		"linux/arm64": _platform("2026-01-10T00:00:00Z"),
		"linux/arm64/v8": _platform(_old),
	})
	verdict := _verdict({}, response)
	verdict.class == "deny"
	verdict.details.platform == "linux/arm64/v8"
	startswith(verdict.said, "Image (linux/arm64/v8) is 45 days old")
}

test_any_platform_may_pass if {
	platforms := {"linux/amd64": _platform(_fresh), "linux/arm64": _platform(_old)}
	_class({"platforms": "any"}, _answered(platforms)) == "pass"
	verdict := _verdict({"platforms": "any"}, _answered({
		"linux/amd64": _platform("2026-01-10T00:00:00Z"),
		"linux/arm64": _platform(_old),
	}))
	verdict.class == "deny"
	verdict.details.platform == "linux/amd64"
}

test_platform_that_is_gone_never_passes if {
	platforms := {"linux/amd64": _platform(_fresh), "linux/arm64": {"digest": _digest, "gone": true}}
	verdict := _verdict({}, _answered(platforms))
	verdict.class == "deny"
	verdict.reason == "NotFound"
	verdict.said == "Image (linux/arm64) is named by its index, and the registry does not have it."
	every given in [{"unknownAge": "allow"}, {"reschedule": "allow"}] {
		_class(given, _answered(platforms)) == "deny"
	}
}

test_any_platform_may_pass_beside_one_that_is_gone if {
	gone := {"digest": _digest, "gone": true}
	_class({"platforms": "any"}, _answered({"linux/amd64": _platform(_fresh), "linux/arm64": gone})) == "pass"
	_class({"platforms": "any"}, _answered({"linux/amd64": _platform(_old), "linux/arm64": gone})) == "deny"
	_class({"platforms": "any"}, _answered({"linux/arm64": gone})) == "deny"
}

test_unknown_age_of_one_platform_counts if {
	platforms := {"linux/amd64": _platform(_fresh), "linux/arm64": _undated}
	_class({}, _answered(platforms)) == "deny"
	_class({"unknownAge": "warn"}, _answered(platforms)) == "warn"
	_class({"unknownAge": "allow"}, _answered(platforms)) == "pass"
	_class({"platforms": "any"}, _answered(platforms)) == "pass"
}

test_old_platform_beside_an_undated_one_is_denied if {
	platforms := {"linux/amd64": _platform(_old), "linux/arm64": _undated}
	_class({"unknownAge": "warn"}, _answered(platforms)) == "deny"
	_class({"unknownAge": "allow"}, _answered(platforms)) == "deny"
	_class({"unknownAge": "warn", "platforms": "any"}, _answered(platforms)) == "warn"
}

test_unknown_ages_are_judged_alike if {
	every platform, reason in {
		_undated: "ImageUndated",
		_platform("1970-01-01T00:00:00Z"): "ImageUndated",
		_platform("2027-01-01T00:00:00Z"): "ImageFromFuture",
	} {
		every choice, class in {"deny": "deny", "warn": "warn"} {
			verdict := _verdict({"unknownAge": choice}, _answered({"linux/amd64": platform}))
			verdict.class == class
			verdict.reason == reason
		}
		_class({"unknownAge": "allow"}, _answered({"linux/amd64": platform})) == "pass"
	}
}

test_platform_whose_name_is_no_name_is_not_told if {
	verdict := _verdict({}, _answered({"linux/amd64": _platform(_fresh), "linux/\nEVIL": _platform(_old)}))
	startswith(verdict.said, "Image is 45 days old")
}

test_answer_without_platforms_is_no_verdict if {
	every platforms in [null, {}, [], "x", 1] {
		verdict := _verdict({"unknownAge": "allow"}, _answered(platforms))
		verdict.class == "invalid"
		verdict.reason == "Internal"
	}
	_class({"unknownAge": "allow"}, {"responses": [[_key, {}]], "errors": []}) == "invalid"
}

test_platform_of_another_shape_is_denied if {
	every platform in [null, {}, "x", {"createdNs": 1}] {
		verdict := _verdict({"unknownAge": "allow"}, _answered({"linux/amd64": platform}))
		verdict.class == "deny"
		verdict.reason == "Internal"
	}
}

test_platforms_in_a_list_are_all_judged if {
	_class({}, _answered([_platform(_fresh), _platform(_old)])) == "invalid"
}

test_missing_answer_is_denied if {
	every response in [{}, null, {"responses": null, "errors": null, "system_error": "refused"}, {"responses": []}] {
		verdict := _verdict({"unknownAge": "allow"}, response)
		verdict.class == "deny"
		verdict.reason == "ProviderUnavailable"
	}
}

test_provider_s_reason_is_told if {
	verdict := _verdict({}, {"responses": [], "errors": [[_key, "ContentInvalid: not an image"]]})
	verdict.reason == "ContentInvalid"
	verdict.said == "ContentInvalid: not an image"
}

test_pull_secret_that_cannot_be_used_is_a_note_beside_the_reason if {
	detail := "pull secret shop/regcred does not exist"
	said := json.marshal({answers.ref(_key): {"reason": "Unauthorized", "message": "refuses us", "detail": detail}})
	verdict := _verdict({}, {"responses": [], "errors": [], "system_error": said})
	verdict.reason == "Unauthorized"
	verdict.note == detail
}

test_unreadable_parameters_admit_nothing if {
	every fields in [{"maxAge": "30 days"}, {"maxAge": null}, {"dates": ["provenance"]}, {"maxAgee": "1d"}] {
		verdict := _verdict(fields, _built(_fresh))
		verdict.class == "invalid"
		verdict.reason == "ParametersInvalid"
	}
	_verdict({"maxAge": "30 days"}, _built(_fresh)).said == "No image can be judged: `maxAge` is \"30 days\", expected a duration of 1m to 36500d such as `30d`, `720h` or `1d12h`."
}

_exemption := {"image": "registry.test/**", "namespace": "shop", "until": "2026-03-01", "reason": "x", "owner": "ops"}

test_exempt_image_passes_without_an_answer if {
	_class({"exemptions": [_exemption]}, {}) == "pass"
	_class({"exemptions": [object.union(_exemption, {"namespace": "bank"})]}, {}) == "deny"
}

test_exemption_goes_by_the_namespace_of_the_request if {
	elsewhere := object.union(_applied, {"namespace": "bank"})
	_judged(_context({"exemptions": [_exemption]}, elsewhere), _image, {}).class == "deny"
	nowhere := object.remove(_applied, ["namespace"])
	_judged(_context({"exemptions": [_exemption]}, nowhere), _image, {}).class == "pass"
	without := object.union(nowhere, {"object": {"metadata": {"namespace": ""}}})
	_judged(_context({"exemptions": [_exemption]}, without), _image, {}).class == "deny"
}

test_exemption_that_ended_is_told if {
	exemption := object.union(_exemption, {"until": "2026-02-01"})
	_verdict({"exemptions": [exemption]}, _built(_old)).note == "the exemption for registry.test/** (ops) ended on 2026-02-01"
	_verdict({"exemptions": [exemption]}, {}).note == "the exemption for registry.test/** (ops) ended on 2026-02-01"
}

test_malformed_reference_is_exempt_from_nothing if {
	image := object.union(_image, {"text": "UPPER", "asked": "UPPER"})
	verdict := _judged(_context({"exemptions": [object.union(_exemption, {"image": "**"})]}, _applied), image, {})
	verdict.class == "deny"
	verdict.reason == "ReferenceInvalid"
}

_drained_class(fields, response) := _judged(_context(fields, _drained), _image, response).class

test_rescheduled_image_is_let_through if {
	_drained_class({}, _built(_old)) == "warn"
	_drained_class({"reschedule": "allow"}, _built(_old)) == "pass"
	_drained_class({"reschedule": "deny"}, _built(_old)) == "deny"
	_drained_class({"workloadsMatched": false}, _built(_old)) == "deny"
	_drained_class({}, _built(_fresh)) == "pass"
}

test_rescheduled_image_beyond_its_grace_is_judged_in_full if {
	_drained_class({"grace": "14d"}, _built(_old)) == "deny"
	_drained_class({"grace": "16d"}, _built(_old)) == "warn"
}

test_rescheduled_image_of_unknown_age_takes_the_softer_word if {
	undated := _answered({"linux/amd64": _undated})
	_drained_class({}, undated) == "warn"
	_drained_class({"reschedule": "allow"}, undated) == "pass"
	_drained_class({"unknownAge": "allow"}, undated) == "pass"
	_drained_class({"unknownAge": "warn", "reschedule": "allow"}, undated) == "pass"
	_drained_class({"grace": "14d"}, undated) == "deny"
}

test_rescheduling_helps_no_image_without_an_answer if {
	_drained_class({"reschedule": "allow"}, {}) == "deny"
	_drained_class({"reschedule": "allow"}, _answered({"linux/amd64": {}})) == "deny"
	_judged(_context({}, _drained), _image, _answered({"linux/amd64": {}})).note == ""
}

test_notes_stand_together if {
	image := object.union(_image, {"note": "it has not started"})
	exemption := object.union(_exemption, {"until": "2026-02-01"})
	context := _context({"exemptions": [exemption]}, _drained)
	_judged(context, image, _built(_old)).note == "it has not started; a controller made it, so it is let through (`reschedule`); the exemption for registry.test/** (ops) ended on 2026-02-01"
}

_texts(context) := [image.text | some image in age.images(context)]

test_images_are_those_that_the_globs_cover if {
	_texts(_context({}, _applied)) == ["registry.test/app:1"]
	_texts(_context({"images": []}, _applied)) == ["registry.test/app:1"]
	_texts(_context({"images": [{"glob": "other.test/**"}]}, _applied)) == []
}

test_unreadable_parameters_cover_every_image if {
	_texts(_context({"images": [{"glob": "other.test/["}]}, _applied)) == ["registry.test/app:1"]
	_texts(_context({"images": [{"glob": "other.test/**"}], "maxAge": ""}, _applied)) == ["registry.test/app:1"]
}

test_running_image_is_asked_by_its_digest if {
	running := object.union(_pod, {"status": {"containerStatuses": [{
		"name": "web",
		"imageID": concat("@", ["registry.test/app", _digest]),
	}]}})
	[image] := age.images(_context({}, {"operation": "", "object": running, "oldObject": null, "userInfo": {}}))
	image.asked == concat("@", ["registry.test/app", _digest])
	age.question(_context({}, _applied), image) == sprintf(`{"image":"registry.test/app@%s","v":1}`, [_digest])
}

_expanded := object.union(object.remove(_applied, ["uid", "userInfo"]), {"object": {"metadata": {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]}}})

test_expanded_workload_is_judged_where_it_was_applied if {
	_texts(_context({}, _expanded)) == []
	_texts(_context({"reschedule": "deny"}, _expanded)) == []
	_texts(_context({"workloadsMatched": false}, _expanded)) == ["registry.test/app:1"]
}

test_expanded_object_of_another_kind_is_judged if {
	review := object.union(_expanded, {"object": {"metadata": {"ownerReferences": [{"kind": "Rollout"}]}}})
	_texts(_context({}, review)) == ["registry.test/app:1"]
}

_questions(fields, image) := _asked(_context(fields, _applied), [image])

test_question_is_canonical if _questions({}, _image) == {_key}

test_nothing_is_asked_in_vain if {
	_questions({"exemptions": [_exemption]}, _image) == set()
	_questions({"maxAge": ""}, _image) == set()
	_questions({}, object.union(_image, {"text": "UPPER", "asked": "UPPER"})) == set()
}

test_verdict_is_total if {
	every context in [null, {}, {"given": {}}] {
		_judged(context, _image, {}).class == "invalid"
	}
	_judged(_context({}, _applied), {}, {}).class == "invalid"
}

_on(spec) := object.union(_applied, {"object": object.union(_pod, {"spec": object.union(_pod.spec, spec)})})

_placed(given, spec, platforms) := _judged(_context(given, _on(spec)), _image, _answered(platforms))

_mixed := {"linux/amd64": _platform(_fresh), "windows/amd64:10.0.17763.5329": _platform(_old)}

test_platform_that_the_pod_cannot_run_on_is_not_judged if {
	_placed({}, {"os": {"name": "linux"}}, _mixed).class == "pass"
	_placed({}, {"nodeSelector": {"kubernetes.io/os": "linux"}}, _mixed).class == "pass"
	_placed({}, {}, _mixed).class == "deny"
	_placed({"platforms": "any"}, {"os": {"name": "windows"}}, _mixed).class == "deny"
}

test_platform_that_is_not_judged_is_named if {
	platforms := object.union(_mixed, {"linux/arm64": _platform(_old), "linux/s390x\n": _platform(_old)})
	verdict := _placed({}, {"os": {"name": "linux"}}, platforms)
	startswith(verdict.said, "Image (linux/arm64) is 45 days old")
	verdict.note == "not judged, as the Pod cannot run there: windows/amd64:10.0.17763.5329"
	many := {sprintf("windows/amd64:10.0.%d", [number]): _platform(_old) | some number in numbers.range(1, 5)}
	more := _placed({}, {"os": {"name": "linux"}}, object.union(many, {"linux/arm64": _platform(_old)}))
	more.note == "not judged, as the Pod cannot run there: windows/amd64:10.0.1, windows/amd64:10.0.2, windows/amd64:10.0.3 and 2 more"
}

test_windows_is_named_with_its_version if {
	startswith(_placed({}, {}, _mixed).said, "Image (windows/amd64:10.0.17763.5329) is 45 days old")
	_placed({}, {}, _mixed).details.platform == "windows/amd64:10.0.17763.5329"
}

test_image_without_a_platform_for_the_pod_is_denied_and_says_so if {
	every spec in [{"nodeSelector": {"kubernetes.io/arch": "s390x"}}, {"os": {"name": "plan9"}}] {
		every given in [{}, {"platforms": "any"}, {"unknownAge": "allow"}] {
			verdict := _placed(given, spec, {"linux/amd64": _platform(_fresh), "linux/arm64": _platform(_fresh)})
			verdict.class == "deny"
			verdict.reason == "PlatformAbsent"
			verdict.note == "not judged, as the Pod cannot run there: linux/amd64, linux/arm64"
		}
	}
}

test_workload_is_judged_by_where_its_pods_can_run if {
	template := {"spec": {"nodeSelector": {"kubernetes.io/os": "linux"}, "containers": [{"name": "web", "image": "registry.test/app:1"}]}}
	deployment := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop"}, "spec": {"template": template}}
	context := _context({}, object.union(_applied, {"object": deployment}))
	_judged(context, _image, _answered(_mixed)).class == "pass"
}

test_row_that_cannot_be_judged_is_not_left_out if {
	context := _context({}, _applied)
	unsound := object.union(context, {"given": object.union(context.given, {"unknownAge": "maybe"})})
	platforms := {"linux/amd64": _platform(_fresh), "linux/arm64": _undated}
	_judged(unsound, _image, _answered(platforms)).class == "invalid"
	_judged(context, _image, _answered(platforms)).class == "deny"
}

test_what_a_controller_brings_is_said_to_be_let_through_before_all_else if {
	verdict := _judged(_context({}, _drained), _image, _built(_old))
	startswith(verdict.said, "Let through: Image is 45 days old, 30 days are allowed")
	not startswith(_judged(_context({}, _applied), _image, _built(_old)).said, "Let through")
	undated := _judged(_context({"unknownAge": "warn"}, _drained), _image, _answered({"linux/amd64": _undated}))
	startswith(undated.said, "Image does not say")
}

test_injected_image_is_judged_in_full if {
	_drained_class({"injected": ["registry.test/app*"]}, _built(_old)) == "deny"
	_drained_class({"injected": ["registry.test/other*"]}, _built(_old)) == "warn"
}

# What a pair of Constraints reports together, each with parameters of its own.
_reported(denying, warning, review, response) := {reports |
	some reports, given in {"deny": denying, "warn": warning}
	context := _context(object.union(given, {"reports": reports}), review)
	not judgement.settled(context, _judged(context, _image, response))
}

test_pair_that_agrees_speaks_once_of_what_no_choice_decides if {
	_reported({}, {}, _applied, _built(_old)) == {"deny"}
	_reported({}, {}, _drained, _built(_old)) == {"warn"}
	_reported({}, {}, _applied, _built(_fresh)) == set()
}

test_pair_that_agrees_to_warn_or_allow_denies_nothing if {
	undated := _answered({"linux/amd64": _undated})
	_reported({"unknownAge": "warn"}, {"unknownAge": "warn"}, _applied, undated) == {"warn"}
	allowed := {"unknownAge": "allow", "reschedule": "allow", "twin": {"unknownAge": "allow", "reschedule": "allow"}}
	_reported(allowed, allowed, _applied, undated) == set()
	_reported(allowed, allowed, _drained, _built(_old)) == set()
}

test_pair_that_disagrees_is_never_silent_where_one_denies if {
	undated := _answered({"linux/amd64": _undated})
	every softer in ["warn", "allow"] {
		"warn" in _reported({"unknownAge": softer}, {}, _applied, undated)
		"deny" in _reported({}, {"unknownAge": softer}, _applied, undated)
		"warn" in _reported({"reschedule": softer}, {"reschedule": "deny"}, _drained, _built(_old))
		"deny" in _reported({"reschedule": "deny"}, {"reschedule": softer}, _drained, _built(_old))
	}
}

test_pair_that_disagrees_is_never_silent_where_one_warns if {
	undated := _answered({"linux/amd64": _undated})
	_reported({"unknownAge": "warn"}, {"unknownAge": "allow"}, _applied, undated) == {"warn"}
	_reported({"reschedule": "warn"}, {"reschedule": "allow"}, _drained, _built(_old)) == {"warn"}
	mixed := _answered({"linux/amd64": _undated, "linux/arm64": _platform(_fresh)})
	_reported({"unknownAge": "warn"}, {"unknownAge": "allow"}, _applied, mixed) == {"warn"}
	_reported({}, {"unknownAge": "allow", "platforms": "any"}, _applied, _built(_fresh)) == set()
	context := _context({"reports": "warn", "unknownAge": "allow"}, _applied)
	verdict := _judged(context, _image, undated)
	verdict.note == "if the Constraint that denies lets it pass too, `twin.unknownAge` has to say so here"
}

test_single_constraint_that_allows_is_silent if {
	undated := _answered({"linux/amd64": _undated})
	_judged(_context({"unknownAge": "allow"}, _applied), _image, undated) == {"class": "pass"}
	_judged(_context({"reschedule": "allow"}, _drained), _image, _built(_old)) == {"class": "pass"}
}

test_twin_that_reports_for_the_other_says_why if {
	context := _context({"reports": "warn"}, _applied)
	verdict := _judged(context, _image, _answered({"linux/amd64": _undated}))
	verdict.note == "if it was admitted, `unknownAge` of the Constraint that denies is another"
}

_annotated_key := `{"dates":["annotation"],"image":"registry.test/app:1","v":1}`

_annotated(created) := {
	"responses": [[_annotated_key, {"digest": _digest, "platforms": {"unknown": platform}}]],
	"errors": [],
	"system_error": "",
} if {
	platform := object.union(_platform(created), {"createdFrom": "annotation"})
}

test_annotation_is_asked_for_only_where_it_counts if {
	age.question(_context({}, _applied), _image) == _key
	age.question(_context({"dates": ["config"]}, _applied), _image) == _key
	every dates in [["annotation"], ["config", "annotation"], ["annotation", "config"]] {
		age.question(_context({"dates": dates}, _applied), _image) == _annotated_key
	}
}

test_artifact_is_judged_by_its_annotation if {
	fields := {"dates": ["config", "annotation"]}
	_class(fields, _annotated(_fresh)) == "pass"
	_verdict(fields, _annotated(_old)).reason == "ImageTooOld"
	_verdict(fields, _annotated("1970-01-01T00:00:00Z")).reason == "ImageUndated"
	_verdict(fields, _annotated("2026-03-01T00:00:00Z")).reason == "ImageFromFuture"
}

test_answer_without_the_annotation_is_none_to_who_asked_for_it if {
	_verdict({"dates": ["config", "annotation"]}, _built(_fresh)).reason == "ProviderUnavailable"
	_verdict({}, _annotated(_fresh)).reason == "ProviderUnavailable"
}

test_date_of_the_configuration_does_not_count_where_only_the_annotation_does if {
	response := {"responses": [[_annotated_key, {"digest": _digest, "platforms": {"linux/amd64": _platform(_fresh)}}]]}
	verdict := _verdict({"dates": ["annotation"]}, object.union(response, {"errors": [], "system_error": ""}))
	verdict.reason == "ImageUndated"
	verdict.said == "Image has no date of a source that counts (annotation)."
}

test_provider_that_does_not_know_annotations_admits_nothing if {
	failure := {"reason": "QuestionUnsupported", "message": "unknown field"}
	said := {"responses": [], "errors": [], "system_error": json.marshal({answers.ref(_annotated_key): failure})}
	verdict := _verdict({"dates": ["config", "annotation"]}, said)
	verdict.class == "deny"
	verdict.reason == "QuestionUnsupported"
}

_cooled := {"minAge": "7d", "minAgeProof": "created"}

_young := "2026-02-14T00:00:00Z"

test_young_image_is_denied_and_told_until_when if {
	verdict := _verdict(_cooled, _built(_young))
	verdict.class == "deny"
	verdict.choice == ""
	verdict.reason == "ImageTooYoung"
	verdict.said == "Image is 2 days old, 7 days are required (built 2026-02-14T00:00:00Z, old enough on 2026-02-21T00:00:00Z)."
	verdict.details.oldEnough == "2026-02-21T00:00:00Z"
	verdict.details.bestBefore == "2026-03-16T00:00:00Z"
	_class(_cooled, _built(_fresh)) == "pass"
	_class(_cooled, _built(_old)) == "deny"
}

test_cooldown_alone_denies_what_is_young_and_nothing_else if {
	context := judgement.context(age.complete(_cooled), age.problems(_cooled), _applied) with time.now_ns as _now
	_judged(context, _image, _built(_young)).reason == "ImageTooYoung"
	_judged(context, _image, _built("2014-01-01T00:00:00Z")) == {"class": "pass"}
}

test_what_is_young_is_denied_to_controllers_too if {
	every choice in ["warn", "allow", "deny"] {
		fields := object.union(_cooled, {"reschedule": choice, "controllers": ["databases/operator"]})
		_judged(_context(fields, _drained), _image, _built(_young)).class == "deny"
		_judged(_context(fields, _operator), _image, _built(_young)).class == "deny"
	}
	drained := _judged(_context(_cooled, _drained), _image, _built(_young))
	drained.note == "a controller made it, but `reschedule` is only for images that grew old"
	_judged(_context(_cooled, _drained), _image, _built(_old)).class == "warn"
}

test_unknown_age_beside_a_cooldown_is_denied_to_controllers_too if {
	every platform in [_undated, _platform("1970-01-01T00:00:00Z"), _platform("2026-02-16T00:05:01Z"), _platform("2027-01-01T00:00:00Z")] {
		response := _answered({"linux/amd64": platform})
		_judged(_context({}, _drained), _image, response).class == "warn"
		_judged(_context(_cooled, _drained), _image, response).class == "deny"
		_judged(_context(_cooled, _applied), _image, response).class == "deny"
	}
	_verdict(_cooled, _built("2026-02-16T00:05:00Z")).reason == "ImageTooYoung"
}

test_all_platforms_have_to_be_old_enough if {
	platforms := {
		"linux/amd64": _platform(_fresh),
		"linux/arm64": _platform("2026-02-10T00:00:00Z"),
		"linux/s390x": _platform(_young),
	}
	verdict := _verdict(_cooled, _answered(platforms))
	startswith(verdict.said, "Image (linux/s390x) is 2 days old, 7 days are required")
	_class(object.union(_cooled, {"platforms": "any"}), _answered(platforms)) == "pass"
	best := _verdict(object.union(_cooled, {"platforms": "any"}), _answered(object.remove(platforms, ["linux/amd64"])))
	startswith(best.said, "Image (linux/arm64) is 6 days old, 7 days are required")
}

test_step_of_the_schedule_is_told if {
	fields := {"maxAge": "90d", "schedule": [{"from": "2026-02-10", "maxAge": "30d"}]}
	verdict := _verdict(fields, _built(_old))
	verdict.reason == "ImageTooOld"
	verdict.note == "`schedule` allows 30d since 2026-02-10T00:00:00Z"
	verdict.details.bestBefore == "2026-02-10T00:00:00Z"
	_class({"maxAge": "90d", "schedule": [{"from": "2026-02-16T00:00:01Z", "maxAge": "30d"}]}, _built(_old)) == "pass"
}

test_grace_begins_with_the_step_of_the_schedule if {
	fields := {"maxAge": "90d", "grace": "7d", "schedule": [{"from": "2026-02-10", "maxAge": "30d"}]}
	_judged(_context(fields, _drained), _image, _built("2025-12-01T00:00:00Z")).class == "warn"
	_judged(_context(object.union(fields, {"grace": "6d"}), _drained), _image, _built("2025-12-01T00:00:00Z")).class == "deny"
	_judged(_context(object.union(fields, {"grace": "7d"}), _drained), _image, _built("2025-10-01T00:00:00Z")).class == "deny"
}

_operator := object.union(_applied, {"userInfo": {"username": "system:serviceaccount:databases:operator"}})

test_controller_that_is_named_follows_reschedule if {
	_judged(_context({}, _operator), _image, _built(_old)).class == "deny"
	verdict := _judged(_context({"controllers": ["databases/operator"]}, _operator), _image, _built(_old))
	verdict.class == "warn"
	verdict.choice == "reschedule"
	startswith(verdict.said, "Let through: Image is 45 days old")
	verdict.note == "databases/operator made it, so it is let through (`reschedule`)"
	_judged(_context({"controllers": ["databases/operator"]}, _applied), _image, _built(_old)).class == "deny"
	_judged(_context({"controllers": ["databases/operator"], "workloadsMatched": false}, _operator), _image, _built(_old)).class == "deny"
}

test_source_that_has_no_answer_denies_a_fresh_image_and_says_which if {
	signer := {"name": "anybody", "verify": {"keyless": {}, "format": "bundle"}}
	verdict := _verdict({"dates": ["config", "log"], "log": {"signers": [signer]}}, _built(_fresh))
	verdict.class == "deny"
	verdict.reason == "ProviderUnavailable"
	contains(verdict.question, "\"verify\"")
}
