package lib.bestbefore.selection_test

import future.keywords

import data.lib.bestbefore.selection

_review := {
	"kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
	"object": {"metadata": {"labels": {"app": "web", "tier": "front"}}},
}

_selected(match) if {
	selection.selected({"images": [{"glob": "**"}], "match": match}, _review, "registry.test/app:1")
}

_entry(fields) := object.union({"group": "apps", "version": "v1", "resource": "deployments"}, fields)

test_one_glob_is_enough if {
	policy := {"images": [{"glob": "other.test/**"}, {"glob": "registry.test/**"}]}
	selection.selected(policy, _review, "registry.test/app:1")
	not selection.selected(policy, _review, "third.test/app:1")
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
