package lib.bestbefore.rescheduling_test

import future.keywords

import data.lib.bestbefore.rescheduling

_day := 86400000000000

_built := 1767225600000000000

_due := _built + (30 * _day)

_drained := {
	"operation": "CREATE",
	"uid": "7",
	"userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
	"object": {"kind": "Pod"},
}

_by_a_person := object.union(_drained, {"userInfo": {"username": "alice"}})

_image := {"text": "registry.test/app:1"}

_given := {"injected": [], "controllers": [], "maxAge": "30d", "grace": "", "reschedule": "warn", "workloadsMatched": true}

_context(fields, days) := {
	"given": object.union(_given, fields),
	"review": _drained,
	"now": _built + (days * _day),
}

_class(fields, days) := rescheduling.class(_context(fields, days), _image, _due)

_note(fields, days) := rescheduling.note(_context(fields, days), _image, _due)

test_class_is_the_one_chosen if {
	_class({"reschedule": "warn"}, 45) == "warn"
	_class({"reschedule": "allow"}, 45) == "pass"
	not _class({"reschedule": "deny"}, 45)
	not _class({"reschedule": "dryrun"}, 45)
}

test_without_a_grace_it_has_no_end if _class({}, 3650) == "warn"

test_grace_ends if {
	_class({"grace": "14d"}, 43) == "warn"
	not _class({"grace": "14d"}, 44)
	not _class({"grace": "0d"}, 30)
}

test_grace_that_cannot_be_read_is_none if {
	every grace in ["x", null, 14] {
		not _class({"grace": grace}, 31)
	}
}

test_unknown_age_is_within_a_grace_without_end_only if {
	rescheduling.class(_context({}, 45), _image, null) == "warn"
	not rescheduling.class(_context({"grace": "14d"}, 45), _image, null)
}

test_without_workloads_nothing_is_softened if {
	every matched in [false, null, "true", 1] {
		not _class({"workloadsMatched": matched}, 45)
		not rescheduling.in_force(object.union(_given, {"workloadsMatched": matched}))
	}
	not rescheduling.in_force(object.remove(_given, ["workloadsMatched"]))
}

test_people_are_judged_in_full if {
	not rescheduling.class(object.union(_context({}, 45), {"review": _by_a_person}), _image, _due)
}

test_audit_is_judged_in_full if {
	review := {"operation": "", "userInfo": {}, "object": {"kind": "Pod"}}
	not rescheduling.class(object.union(_context({}, 45), {"review": review}), _image, _due)
}

test_what_is_let_through_is_told if {
	_note({}, 45) == "a controller made it, so it is let through (`reschedule`)"
}

test_end_of_the_grace_is_told if {
	_note({"grace": "14d"}, 45) == "a controller made it, but its grace of 14d is over"
	rescheduling.note(_context({"grace": "14d"}, 45), _image, null) == "a controller made it, but the grace is only for images whose age is known"
}

test_missing_workloads_are_told_to_everybody if {
	said := "`reschedule` has no effect, because this Constraint does not match every kind of workload"
	_note({"workloadsMatched": false}, 45) == said
	rescheduling.note(object.union(_context({"workloadsMatched": false}, 45), {"review": _by_a_person}), _image, _due) == said
}

test_nothing_is_told_where_nothing_is_softened if {
	_note({"reschedule": "deny"}, 45) == ""
	_note({"reschedule": "deny", "workloadsMatched": false}, 45) == ""
	rescheduling.note(object.union(_context({}, 45), {"review": _by_a_person}), _image, _due) == ""
}

test_what_a_webhook_injects_is_judged_in_full_where_it_is_named if {
	every injected in [["registry.test/app*"], ["other.test/**", "registry.test/**"], ["**"]] {
		not _class({"injected": injected}, 45)
		_note({"injected": injected}, 45) == "a controller made it, but what `injected` names is judged in full"
	}
	_class({"injected": ["other.test/**"]}, 45) == "warn"
}

_operator := object.union(_drained, {"userInfo": {"username": "system:serviceaccount:databases:operator"}})

_by(review, fields) := object.union(_context(object.union({"controllers": ["databases/operator"]}, fields), 45), {"review": review})

test_controller_that_is_named_is_one if {
	rescheduling.class(_by(_operator, {}), _image, _due) == "warn"
	rescheduling.class(_by(_operator, {"reschedule": "allow"}), _image, _due) == "pass"
	not rescheduling.class(_by(_operator, {"controllers": []}), _image, _due)
	rescheduling.note(_by(_operator, {}), _image, _due) == "databases/operator made it, so it is let through (`reschedule`)"
	rescheduling.note(_by(_operator, {"grace": "1d"}), _image, _due) == "databases/operator made it, but its grace of 1d is over"
}

test_built_in_controllers_stay_ones if rescheduling.class(_by(_drained, {}), _image, _due) == "warn"

test_controller_that_is_named_makes_what_built_in_ones_make if {
	every kind in ["Pod", "Job", "ReplicaSet"] {
		review := json.patch(_operator, [{"op": "replace", "path": "/object/kind", "value": kind}])
		rescheduling.class(_by(review, {}), _image, _due) == "warn"
	}
	every kind in ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "ReplicationController", "Rollout"] {
		review := json.patch(_operator, [{"op": "replace", "path": "/object/kind", "value": kind}])
		not rescheduling.class(_by(review, {}), _image, _due)
	}
	not rescheduling.class(_by(object.union(_operator, {"operation": "UPDATE"}), {}), _image, _due)
}

test_nobody_else_is_that_controller if {
	every username in [
		"alice",
		"databases/operator",
		"system:serviceaccount:databases:operator2",
		"system:serviceaccount:database:operator",
		"system:serviceaccount:databases:operator:x",
		"system:serviceaccounts:databases:operator",
		"System:serviceaccount:databases:operator",
		" system:serviceaccount:databases:operator",
		"system:serviceaccount:databases/operator",
		"system:serviceaccount::",
		"",
		null,
	] {
		review := json.patch(_operator, [{"op": "replace", "path": "/userInfo/username", "value": username}])
		not rescheduling.class(_by(review, {}), _image, _due)
	}
}

test_name_of_a_controller_is_no_pattern if {
	every controllers in [["*"], ["*/*"], ["databases/*"], ["*/operator"], ["databases/operato?"], ["databases/.*"], "databases/operator"] {
		not rescheduling.class(_by(_operator, {"controllers": controllers}), _image, _due)
	}
}
