package lib.bestbefore.built_test

import future.keywords

import data.lib.bestbefore.built

_now := time.parse_rfc3339_ns("2026-11-29T12:00:00Z")

_ns(created) := sprintf("%d", [time.parse_rfc3339_ns(created)])

_facts(created) := {"createdNs": _ns(created), "platforms": {"linux/amd64": {"createdNs": _ns(created)}}}

_said(created) := built.said(_facts(created), _now)

test_date_is_told_in_days_and_by_the_calendar if {
	_said("2026-10-29T08:00:00Z") == "built 31 days ago, 2026-10-29"
	_said("2026-11-28T10:00:00Z") == "built 1 day ago, 2026-11-28"
	_said("1970-01-01T00:00:00Z") == "built 20786 days ago, 1970-01-01"
}

test_date_of_today_is_told_in_hours if {
	_said("2026-11-29T09:30:00Z") == "built 2 hours 30 minutes ago, 2026-11-29"
	_said("2026-11-29T12:00:00Z") == "built less than a minute ago, 2026-11-29"
}

test_date_in_the_future_is_told_as_such if _said("2027-01-01T00:00:00Z") == "built in the future, 2027-01-01"

test_oldest_platform_is_named_where_dates_differ if {
	old := _ns("2026-10-29T08:00:00Z")
	facts := {"createdNs": old, "platforms": {
		"linux/amd64": {"createdNs": _ns("2026-11-20T08:00:00Z")},
		"windows/amd64:10.0.17763.1": {"createdNs": old},
	}}
	built.said(facts, _now) == "its oldest platform windows/amd64:10.0.17763.1 built 31 days ago, 2026-10-29"
	same := {"createdNs": old, "platforms": {"linux/amd64": {"createdNs": old}, "linux/arm64": {"createdNs": old}}}
	built.said(same, _now) == "built 31 days ago, 2026-10-29"
}

test_name_that_is_none_is_not_told if {
	old := _ns("2026-10-29T08:00:00Z")
	facts := {"createdNs": old, "platforms": {"x y": {"createdNs": old}, "linux/arm64": {"createdNs": _ns("2026-11-20T08:00:00Z")}}}
	built.said(facts, _now) == "built 31 days ago, 2026-10-29"
}

test_missing_date_is_told if {
	built.said({"createdNs": null, "platforms": {}}, _now) == "without a date that can be read"
	built.said({"createdNs": "soon", "platforms": {}}, _now) == "without a date that can be read"
}

test_date_that_no_calendar_has_is_told_in_words if {
	built.said({"createdNs": "-99999999999999999999", "platforms": {}}, _now) == "built 1178193 days ago, before the year 1678"
	built.said({"createdNs": "99999999999999999999", "platforms": {}}, _now) == "built in the future, after the year 2261"
}

test_without_facts_nothing_is_told if {
	every facts in [{}, null, {"createdNs": null}, "x"] {
		built.said(facts, _now) == ""
	}
}
