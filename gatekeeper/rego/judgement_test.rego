package lib.bestbefore.judgement_test

import future.keywords

import data.lib.bestbefore.judgement

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_image := {
	"text": "registry.test/app:1",
	"path": "spec.containers[0].image",
	"list": "containers",
	"name": "web",
	"asked": "registry.test/app:1",
	"note": "",
}

_review := {"operation": "CREATE", "namespace": "shop", "object": {"kind": "Pod"}}

_context(given, problems) := context if {
	context := judgement.context(object.union({"exemptions": [], "reports": "all"}, given), problems, _review)
		with time.now_ns as _now
}

_sound := _context({}, [])

_own := judgement.failed("deny", "TooLoud", "Image is too loud.")

_verdicts(own) := judgement.verdicts(_sound, _image, own)

test_verdict_of_a_rule_gets_all_its_fields if {
	_verdicts([_own]) == [{
		"class": "deny",
		"reason": "TooLoud",
		"said": "Image is too loud.",
		"note": "",
		"question": "",
		"details": {"class": "deny"},
	}]
}

test_verdict_of_a_rule_keeps_what_it_brings if {
	fields := {"note": "since noon", "question": "abc", "details": {"decibels": 90}, "digest": "sha256:00", "created": null}
	[verdict] := _verdicts([object.union(_own, fields)])
	verdict.note == "since noon"
	verdict.question == "abc"
	verdict.details == {"decibels": 90, "class": "deny"}
	verdict.digest == "sha256:00"
	verdict.created == null
}

test_every_verdict_of_a_rule_counts if count(_verdicts([_own, {"class": "pass"}, _own])) == 3

test_passing_verdict_is_nothing_else if _verdicts([{"class": "pass", "note": "x"}]) == [{"class": "pass"}]

test_rule_without_a_verdict_admits_nothing if {
	[verdict] := _verdicts([])
	verdict.class == "invalid"
	verdict.reason == "Internal"
	not judgement.settled(_sound, verdict)
}

test_verdict_of_another_shape_admits_nothing if {
	every own in [
		null,
		{},
		"pass",
		{"class": "fine"},
		{"class": "deny"},
		object.remove(_own, ["said"]),
		object.union(_own, {"reason": null}),
		object.union(_own, {"said": 1}),
		object.union(_own, {"class": "allow"}),
		object.union(_own, {"details": "x"}),
	] {
		[verdict] := _verdicts([own])
		verdict.class == "invalid"
		verdict.reason == "Internal"
	}
}

test_context_of_another_shape_admits_nothing if {
	every context in [null, {}, {"given": {}}, "x"] {
		[verdict] := judgement.verdicts(context, _image, [{"class": "pass"}])
		verdict.class == "invalid"
	}
}

test_image_of_another_shape_admits_nothing if {
	[verdict] := judgement.verdicts(_sound, {}, [{"class": "pass"}])
	verdict.class == "invalid"
}

test_what_is_wrong_with_the_parameters_stands_before_everything if {
	context := _context({"exemptions": [_exemption("2026-03-01")]}, ["`volume` is no parameter", "`x` is 1"])
	[verdict] := judgement.verdicts(context, _image, [{"class": "pass"}])
	verdict.class == "invalid"
	verdict.reason == "ParametersInvalid"
	verdict.said == "No image can be judged: `volume` is no parameter; `x` is 1."
	not judgement.is_open(context, _image)
}

test_malformed_reference_is_denied_unopened if {
	image := object.union(_image, {"text": "UPPER"})
	[verdict] := judgement.verdicts(_sound, image, [{"class": "pass"}])
	verdict.class == "deny"
	verdict.reason == "ReferenceInvalid"
	not judgement.is_open(_sound, image)
	judgement.is_open(_sound, _image)
}

_exemption(until) := {"image": "registry.test/**", "namespace": "shop", "until": until, "reason": "x", "owner": "ops"}

test_exempt_image_passes_unopened if {
	context := _context({"exemptions": [_exemption("2026-03-01")]}, [])
	judgement.verdicts(context, _image, [_own]) == [{"class": "pass"}]
	not judgement.is_open(context, _image)
}

test_exemption_that_ended_is_told_beside_the_other_notes if {
	context := _context({"exemptions": [_exemption("2026-02-01")]}, [])
	image := object.union(_image, {"note": "it has not started"})
	[verdict] := judgement.verdicts(context, image, [object.union(_own, {"note": "since noon"})])
	verdict.note == "it has not started; since noon; the exemption for registry.test/** (ops) ended on 2026-02-01"
	judgement.is_open(context, _image)
}

test_context_without_parameters_is_none if {
	found := [context | context := judgement.context(input.given, [], _review)] with input as {}
	found == []
}

_settled(reports, class) if judgement.settled({"given": {"reports": reports}}, {"class": class})

test_twins_share_the_classes if {
	every reports in ["all", "deny", "warn"] {
		_settled(reports, "pass")
		not _settled(reports, "invalid")
	}
	_settled("deny", "warn")
	not _settled("deny", "deny")
	_settled("warn", "deny")
	not _settled("warn", "warn")
}

test_constraint_that_warns_reports_a_denial_that_hangs_on_a_choice if {
	denial := {"class": "deny", "choice": "unknownAge"}
	not judgement.settled({"given": {"reports": "warn"}}, denial)
	judgement.settled({"given": {"reports": "warn"}}, {"class": "deny", "choice": ""})
	judgement.settled({"given": {"reports": "deny"}}, {"class": "warn", "choice": "unknownAge"})
}

test_single_constraint_reports_everything if {
	every reports in ["all", "", null, "x"] {
		not _settled(reports, "warn")
		not _settled(reports, "deny")
	}
}

test_expanded_workload_is_judged_where_its_workload_is_not if {
	pod := {
		"kind": "Pod",
		"metadata": {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]},
		"spec": {"containers": [{"name": "web", "image": "registry.test/app:1"}]},
	}
	every workloads, number in {["Deployment"]: 0, ["Job"]: 1, []: 1} {
		context := object.union(_context({"workloads": workloads}, []), {"review": {"operation": "CREATE", "object": pod}})
		count(judgement.images(context)) == number
	}
}

_of(images) := judgement.for_each(object.union(_sound, {"review": {"operation": "CREATE", "object": {
	"kind": "Pod",
	"spec": {"containers": [{"image": image} | some image in images]},
}}}))

test_context_for_each_image_has_nothing_of_its_containers if _of(["app:1"]) == _of(["app:1", "app:2"])

test_images_are_asked_for_as_the_pod_pulls_where_parameters_say_so if {
	pod := {
		"kind": "Pod",
		"metadata": {"namespace": "shop"},
		"spec": {"containers": [{"image": "app:1"}], "imagePullSecrets": [{"name": "regcred"}]},
	}
	review := {"kind": {"kind": "Pod"}, "operation": "CREATE", "object": pod}
	every wanted, puller in {true: {"namespace": "shop", "pullSecrets": ["regcred"]}, false: {}} {
		[image] := judgement.images(object.union(_context({"podCredentials": wanted, "workloads": []}, []), {"review": review}))
		image.puller == puller
	}
}
