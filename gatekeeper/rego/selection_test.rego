package lib.bestbefore.selection_test

import future.keywords

import data.lib.bestbefore.selection

_review := {
	"kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
	"object": {"metadata": {"labels": {"app": "web", "tier": "front"}}},
}

_selected(match) if {
	selection.matches({"match": match}, _review)
}

_entry(fields) := object.union({"group": "apps", "version": "v1", "resource": "deployments"}, fields)

test_one_glob_is_enough if {
	policy := {"images": [{"glob": "other.test/**"}, {"glob": "registry.test/**"}]}
	every each in [policy, object.union(policy, {"match": [_entry({"group": "other"})]})] {
		selection.covers(each, "registry.test/app:1")
		not selection.covers(each, "third.test/app:1")
		selection.covers_as_written(each, "registry.test/app:1")
		not selection.covers_as_written(each, "REGISTRY.test/app:1")
	}
}

test_no_match_entries_mean_every_object if _selected([])

test_one_entry_is_enough if _selected([{"version": "v1", "resource": "pods"}, _entry({})])

test_group_and_resource_are_exact if {
	not _selected([_entry({"group": "*"})])
	not _selected([_entry({"group": ""})])
	not _selected([_entry({"resource": "deployment"})])
	not _selected([{"group": "apps", "version": "v1"}])
}

test_version_may_be_a_star if {
	_selected([_entry({"version": "*"})])
	not _selected([_entry({"version": "v1beta1"})])
}

test_labels_must_all_fit if {
	_selected([_entry({"selector": {"matchLabels": {"app": "web"}}})])
	not _selected([_entry({"selector": {"matchLabels": {"app": "web", "tier": "back"}}})])
}

test_expressions_must_all_hold if {
	_selected([_entry({"selector": {"matchExpressions": [
		{"key": "tier", "operator": "In", "values": ["front", "edge"]},
		{"key": "tier", "operator": "NotIn", "values": ["back"]},
		{"key": "absent", "operator": "NotIn", "values": ["x"]},
		{"key": "app", "operator": "Exists"},
		{"key": "absent", "operator": "DoesNotExist"},
	]}})])
}

test_expression_that_does_not_hold_excludes if {
	every expression in [
		{"key": "tier", "operator": "In", "values": ["back"]},
		{"key": "tier", "operator": "NotIn", "values": ["front"]},
		{"key": "absent", "operator": "Exists"},
		{"key": "app", "operator": "DoesNotExist"},
		{"key": "app", "operator": "Near", "values": ["web"]},
	] {
		not _selected([_entry({"selector": {"matchExpressions": [expression]}})])
	}
}

test_group_and_version_that_are_left_out_are_empty if {
	review := {"kind": {"version": "", "kind": "Pod"}, "object": {}}
	every entry in [{"resource": "pods"}, {"group": "", "version": "", "resource": "pods"}] {
		selection.matches({"match": [entry]}, review)
	}
	not _selected([{"group": "apps", "resource": "deployments"}])
}

test_labels_of_selectors_are_named if {
	labels := selection.labels({"match": [
		_entry({}),
		_entry({"selector": {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}}),
	]})
	{label | some label in labels} == {["metadata", "labels", "app"], ["metadata", "labels", "tier"]}
	selection.labels({}) == []
}

_readable(fields) if selection.readable(object.union({"images": [{"glob": "registry.test/**"}]}, fields))

test_selection_that_leaves_nothing_out_unsaid_is_readable if {
	_readable({})
	_readable({"match": [_entry({}), _entry({"selector": {"matchLabels": {"app": "web"}, "matchExpressions": [
		{"key": "tier", "operator": "In", "values": ["front"]},
		{"key": "tier", "operator": "NotIn", "values": ["back"]},
		{"key": "tier", "operator": "Exists"},
		{"key": "other", "operator": "DoesNotExist"},
	]}})]})
}

test_selection_that_may_leave_out_images_is_not_readable if {
	every images in [[], [{}], [{"glob": "a b"}], [{"glob": "a/**"}, {"glob": ""}]] {
		not _readable({"images": images})
	}
	not _readable({"match": [{"group": "apps", "version": "v1"}]})
	every selector in [null, "app=web", {"matchLabels": ["app"]}] {
		not _readable({"match": [_entry({}), _entry({"selector": selector})]})
	}
	every expression in [
		{"operator": "Exists"},
		{"key": "tier"},
		{"key": "tier", "operator": "Near"},
		{"key": "tier", "operator": "In"},
		{"key": "tier", "operator": "In", "values": []},
		{"key": "tier", "operator": "NotIn", "values": "back"},
	] {
		not _readable({"match": [_entry({"selector": {"matchExpressions": [expression]}})]})
	}
}
