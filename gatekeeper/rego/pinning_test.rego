package lib.bestbefore.pinning_test

import future.keywords

import data.lib.bestbefore.pinning

_tag := {"text": "registry.test/app:1"}

_digest := {"text": "registry.test/app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}

_review(kind, operation) := {"kind": {"kind": kind}, "operation": operation, "uid": "1"}

test_tag_on_a_created_pod_is_denied_where_required if pinning.finding("require", _review("Pod", "CREATE"), _tag) == "deny"

test_tag_on_a_created_pod_is_warned_of_where_asked if pinning.finding("warn", _review("Pod", "CREATE"), _tag) == "warn"

test_malformed_reference_is_not_pinned if pinning.finding("require", _review("Pod", "CREATE"), {"text": "UPPER"}) == "deny"

test_digest_is_fine_everywhere if {
	every kind in ["Pod", "Deployment"] {
		not pinning.finding("require", _review(kind, "CREATE"), _digest)
	}
}

test_nothing_is_found_where_off if not pinning.finding("off", _review("Pod", "CREATE"), _tag)

test_workload_may_keep_its_tag_where_pods_need_a_digest if {
	not pinning.finding("require", _review("Deployment", "UPDATE"), _tag)
}

test_workload_is_warned_of_where_asked if pinning.finding("warn", _review("Deployment", "CREATE"), _tag) == "warn"

test_image_without_an_object_is_left_alone if {
	every setting in ["require", "warn"] {
		not pinning.finding(setting, {"kind": {"kind": ""}, "operation": "CREATE", "uid": "1"}, _tag)
	}
}

test_new_container_of_a_running_pod_is_warned_of_at_most if {
	pinning.finding("require", _review("Pod", "UPDATE"), _tag) == "warn"
}

test_expanded_pod_is_left_alone if {
	not pinning.finding("require", {"kind": {"kind": "Pod"}, "operation": "CREATE"}, _tag)
}

test_audit_finds_nothing if not pinning.finding("require", _review("Pod", ""), _tag)
