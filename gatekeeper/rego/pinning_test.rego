package lib.bestbefore.pinning_test

import future.keywords

import data.lib.bestbefore.pinning

_tag := {"text": "registry.test/app:1"}

_digest := {"text": "registry.test/app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}

_finding(setting, review, image) := class if {
	class := pinning.finding(setting, review)
	not pinning.pinned(image)
}

_review(kind, operation) := {"kind": {"kind": kind}, "operation": operation, "uid": "1"}

test_tag_on_a_created_pod_is_denied_where_required if _finding("require", _review("Pod", "CREATE"), _tag) == "deny"

test_tag_on_a_created_pod_is_warned_of_where_asked if _finding("warn", _review("Pod", "CREATE"), _tag) == "warn"

test_malformed_reference_is_not_pinned if _finding("require", _review("Pod", "CREATE"), {"text": "UPPER"}) == "deny"

test_digest_is_fine_everywhere if {
	every setting in ["require", "warn"] {
		every kind in ["Pod", "Deployment"] {
			every operation in ["CREATE", "UPDATE"] {
				not _finding(setting, _review(kind, operation), _digest)
			}
		}
	}
}

test_nothing_is_found_where_off if {
	every kind in ["Pod", "Deployment"] {
		every operation in ["CREATE", "UPDATE"] {
			not _finding("off", _review(kind, operation), _tag)
		}
	}
}

test_workload_may_keep_its_tag_where_pods_need_a_digest if {
	not _finding("require", _review("Deployment", "UPDATE"), _tag)
}

test_workload_is_warned_of_where_asked if _finding("warn", _review("Deployment", "CREATE"), _tag) == "warn"

test_image_without_an_object_is_left_alone if {
	every setting in ["require", "warn"] {
		not _finding(setting, {"kind": {"kind": ""}, "operation": "CREATE", "uid": "1"}, _tag)
	}
}

test_new_container_of_a_running_pod_is_warned_of_at_most if {
	_finding("require", _review("Pod", "UPDATE"), _tag) == "warn"
}

test_expanded_pod_is_left_alone if {
	not _finding("require", {"kind": {"kind": "Pod"}, "operation": "CREATE"}, _tag)
}

test_changed_workload_is_warned_of_where_asked if {
	_finding("warn", _review("Deployment", "UPDATE"), _tag) == "warn"
}

test_audit_and_deletion_find_nothing if {
	every setting in ["require", "warn"] {
		every kind in ["Pod", "Deployment"] {
			every operation in ["", "DELETE"] {
				not _finding(setting, _review(kind, operation), _tag)
			}
		}
	}
}

test_update_that_takes_a_digest_away_says_so if {
	startswith(pinning.said({"unpins": true}), "This update un-pins the Pod")
	startswith(pinning.said({}), "The image is named by a tag")
}
