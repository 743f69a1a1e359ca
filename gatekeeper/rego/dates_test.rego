package lib.bestbefore.dates_test

import future.keywords

import data.lib.bestbefore.dates

_given := {"maxAge": "30d", "schedule": [], "minAge": "", "minAgeProof": "", "dates": ["config"]}

_cooled := object.union(_given, {"minAge": "7d", "minAgeProof": "created"})

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_on(created) := {
	"digest": "sha256:00",
	"created": created,
	"createdNs": sprintf("%d", [time.parse_rfc3339_ns(created)]),
	"createdFrom": "config",
}

_judged(platform) := dates.judged(_given, platform, dates.unproved, _now)

test_fresh_image if {
	_judged(_on("2026-02-01T00:00:00Z")) == {"reason": "", "built": 1769904000000000000, "due": null, "said": "", "details": {}}
}

test_old_image if {
	_judged(_on("2026-01-02T00:00:00Z")) == {
		"reason": "ImageTooOld",
		"built": 1767312000000000000,
		"due": 1769904000000000000,
		"said": "is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-01)",
		"details": {
			"created": "2026-01-02T00:00:00Z",
			"createdFrom": "config",
			"bestBefore": "2026-02-01T00:00:00Z",
			"age": "45d",
			"limit": "30d",
		},
	}
}

test_best_before_is_the_first_moment_that_is_too_late if {
	_judged(_on("2026-01-17T00:00:01Z")).reason == ""
	_judged(_on("2026-01-17T00:00:00Z")).reason == "ImageTooOld"
}

test_age_is_told_as_precisely_as_it_matters if {
	every created, said in {
		"2026-01-16T21:00:00Z": "is 30 days 3 hours old, 30 days are allowed",
		"2026-01-16T23:48:00Z": "is 30 days 12 minutes old, 30 days are allowed",
		"2025-02-16T23:48:00Z": "is 364 days old, 30 days are allowed",
	} {
		startswith(_judged(_on(created)).said, said)
	}
	dates.judged(object.union(_given, {"maxAge": "24h"}), _on("2026-02-14T00:00:00Z"), dates.unproved, _now).said == "is 2 days old, 1 day is allowed (built 2026-02-14T00:00:00Z, best before 2026-02-15)"
}

test_moment_is_told_in_utc if {
	judged := _judged(_on("2026-01-02T01:30:00.123456789+02:00"))
	judged.details.created == "2026-01-01T23:30:00Z"
}

test_absent_date_is_none if {
	_judged({"created": null, "createdNs": null, "createdFrom": "config"}) == {
		"reason": "ImageUndated",
		"built": null,
		"due": null,
		"said": "does not say when it was built",
		"details": {"created": null, "limit": "30d"},
	}
}

test_unreadable_date_is_none_and_not_repeated if {
	judged := _judged({"created": "last\nTuesday", "createdNs": null, "createdFrom": "config"})
	judged.reason == "ImageUndated"
	judged.said == "says when it was built in a way that is no RFC 3339"
}

test_date_that_builders_write_for_none_is_none if {
	every created in ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "1980-01-01T00:00:01Z", "2012-12-31T23:59:59Z"] {
		judged := _judged(_on(created))
		judged.reason == "ImageUndated"
		judged.said == sprintf("says that it was built %s, before there were such images", [created])
		judged.built == null
	}
	_judged(_on("2013-01-01T00:00:00Z")).reason == "ImageTooOld"
}

test_date_that_cannot_be_formatted_is_none if {
	year_one := {"created": "0001-01-01T00:00:00Z", "createdNs": "-62135596800000000000", "createdFrom": "config"}
	_judged(year_one).reason == "ImageUndated"
	_judged(year_one).said == "says that it was built before the year 1678, before there were such images"
}

test_date_of_another_source_is_none if {
	judged := _judged(object.union(_on("2026-02-01T00:00:00Z"), {"createdFrom": "annotation"}))
	judged.reason == "ImageUndated"
	judged.said == "has no date of a source that counts (config)"
}

test_publishers_date_is_not_told_where_no_publisher_counts if {
	every said in [{"created": "yesterday", "createdNs": null}, {"created": null, "createdNs": null}, {"created": "2026-02-01T00:00:00Z", "createdNs": "1769904000000000000"}] {
		platform := object.union({"createdFrom": "config"}, said)
		judged := dates.judged(object.union(_given, {"dates": ["provenance"]}), platform, dates.unproved, _now)
		judged.reason == "ImageUndated"
		judged.said == "has no date of a source that counts (provenance)"
	}
}

test_image_is_not_known_to_be_young_where_a_proof_was_not_looked_at if {
	unseen := object.union(dates.unproved, {"unseen": 2})
	judged := dates.judged(_given, _on("2026-02-01T00:00:00Z"), unseen, _now)
	judged.reason == "ImageUndated"
	judged.said == "has 2 signatures or attestations that nobody could look at, one of which may date it"
	dates.judged(_given, _on("2026-01-02T00:00:00Z"), unseen, _now).reason == "ImageTooOld"
	alone := object.union(_cooled, {"maxAge": null, "minAgeProof": "provenance"})
	finished := object.union(unseen, {"finished": _now - (8 * 86400000000000)})
	dates.judged(alone, _on("2026-01-02T00:00:00Z"), finished, _now).reason == "ImageUndated"
	dates.judged(alone, _on("2026-01-02T00:00:00Z"), object.union(finished, {"unseen": 0}), _now).reason == ""
}

test_future_date_is_told if {
	_judged(_on("2026-02-16T00:05:01Z")) == {
		"reason": "ImageFromFuture",
		"built": null,
		"due": null,
		"said": "says that it was built in the future (2026-02-16T00:05:01Z)",
		"details": {"created": "2026-02-16T00:05:01Z", "createdFrom": "config", "limit": "30d"},
	}
}

test_clocks_may_differ_a_little if {
	_judged(_on("2026-02-16T00:05:00Z")).reason == ""
	_judged(_on("2026-02-16T00:05:01Z")).reason == "ImageFromFuture"
}

test_far_future_is_told if {
	far := {"created": "9999-12-31T23:59:59Z", "createdNs": "253402300799000000000", "createdFrom": "config"}
	_judged(far).reason == "ImageFromFuture"
	_judged(far).said == "says that it was built in the future (after the year 2261)"
}

test_answer_of_another_shape_is_no_undated_image if {
	every platform in [
		null,
		[],
		"x",
		{},
		{"createdNs": 1767312000000000000, "createdFrom": "config"},
		{"createdNs": "1767312000000000000"},
		{"createdNs": "1767312000000000000", "createdFrom": null},
		{"createdNs": "soon", "createdFrom": "config"},
		{"createdNs": "", "createdFrom": "config"},
		{"createdNs": "1e30", "createdFrom": "config"},
		{"createdNs": true, "createdFrom": "config"},
		{"createdNs": "9999999999999999999999999999999", "createdFrom": "config"},
	] {
		_judged(platform) == {
			"reason": "Internal",
			"built": null,
			"due": null,
			"said": "has a date that cannot be judged",
			"details": {},
		}
	}
}

test_limit_that_cannot_be_read_is_no_freshness if {
	every limit in [null, "", "x"] {
		dates.judged(object.union(_given, {"maxAge": limit}), _on("2026-02-15T00:00:00Z"), dates.unproved, _now).reason == "Internal"
	}
}

test_clocks_may_differ_by_five_minutes_and_no_more if {
	late := {"created": "2026-02-16T00:05:00Z", "createdNs": sprintf("%d", [_now + 300000000001]), "createdFrom": "config"}
	_judged(late).reason == "ImageFromFuture"
	_judged(object.union(late, {"createdNs": sprintf("%d", [_now + 300000000000])})).reason == ""
}

test_moment_is_in_words_where_it_cannot_be_formatted if {
	dates.moment(-9223372036854775807) == "before the year 1678"
	dates.moment(-9223372036854775806) == "1677-09-21T00:12:43Z"
	dates.moment(9223372036854775807) == "after the year 2261"
	dates.moment(9223372036854775806) == "2262-04-11T23:47:16Z"
}

test_absent_date_is_no_matter_of_its_source if {
	judged := _judged({"created": null, "createdNs": null, "createdFrom": "annotation"})
	judged.said == "does not say when it was built"
}

test_young_image_is_told_until_when if {
	judged := dates.judged(_cooled, _on("2026-02-14T01:02:03Z"), dates.unproved, _now)
	judged.reason == "ImageTooYoung"
	judged.said == "is 1 day old, 7 days are required (built 2026-02-14T01:02:03Z, old enough on 2026-02-21T01:02:03Z)"
	judged.due == null
	judged.details == {
		"created": "2026-02-14T01:02:03Z",
		"createdFrom": "config",
		"oldEnough": "2026-02-21T01:02:03Z",
		"bestBefore": "2026-03-16T01:02:03Z",
		"age": "1d22h57m",
		"limit": "30d",
		"cooldown": "7d",
	}
}

test_sentence_of_a_young_image_is_short_enough_for_its_platform if {
	judged := dates.judged(_cooled, _on("2026-02-09T01:02:03.5Z"), dates.unproved, _now)
	count(judged.said) + count("Image (linux/amd64) .") <= 120
}

test_age_of_less_than_a_day_is_told_in_hours_and_minutes if {
	startswith(dates.judged(_cooled, _on("2026-02-15T21:30:00Z"), dates.unproved, _now).said, "is 2h30m old")
	startswith(dates.judged(_cooled, _on("2026-02-16T00:00:00Z"), dates.unproved, _now).said, "is less than a minute old")
	startswith(dates.judged(object.union(_cooled, {"minAge": "90m"}), _on("2026-02-15T23:00:00Z"), dates.unproved, _now).said, "is 1 hour old, 1 hour 30 minutes are required")
}

test_image_is_old_enough_from_the_moment_on if {
	dates.judged(_cooled, _on("2026-02-09T00:00:00Z"), dates.unproved, _now).reason == ""
	dates.judged(_cooled, _on("2026-02-09T00:00:01Z"), dates.unproved, _now).reason == "ImageTooYoung"
}

test_cooldown_alone_has_no_best_before if {
	alone := object.union(_cooled, {"maxAge": null})
	dates.judged(alone, _on("2019-01-01T00:00:00Z"), dates.unproved, _now).reason == ""
	judged := dates.judged(alone, _on("2026-02-14T00:00:00Z"), dates.unproved, _now)
	judged.details == {"created": "2026-02-14T00:00:00Z", "createdFrom": "config", "oldEnough": "2026-02-21T00:00:00Z", "age": "2d", "cooldown": "7d"}
	dates.judged(alone, {"created": null, "createdNs": null, "createdFrom": "config"}, dates.unproved, _now).details == {"created": null, "cooldown": "7d"}
}

test_a_little_in_the_future_is_young_and_not_old_enough if {
	judged := dates.judged(_cooled, _on("2026-02-16T00:05:00Z"), dates.unproved, _now)
	judged.reason == "ImageTooYoung"
	judged.details.age == "0m"
	dates.judged(_cooled, _on("2026-02-16T00:05:01Z"), dates.unproved, _now).reason == "ImageFromFuture"
}

test_cooldown_that_cannot_be_read_lets_nothing_pass if {
	every cooldown in ["x", null, 7, "7 days"] {
		dates.judged(object.union(_cooled, {"minAge": cooldown}), _on("2026-02-01T00:00:00Z"), dates.unproved, _now).reason == "Internal"
	}
}

test_schedule_that_cannot_be_read_lets_nothing_pass if {
	every schedule in [null, [{}], [{"from": "soon", "maxAge": "30d"}], [{"from": "2026-01-01", "maxAge": "x"}]] {
		dates.judged(object.union(_given, {"schedule": schedule}), _on("2026-02-15T00:00:00Z"), dates.unproved, _now).reason == "Internal"
	}
}

test_limit_of_the_schedule_counts_from_its_moment if {
	given := object.union(_given, {"maxAge": "90d", "schedule": [{"from": "2026-02-16T00:00:00Z", "maxAge": "30d"}]})
	judged := dates.judged(given, _on("2026-01-02T00:00:00Z"), dates.unproved, _now)
	judged.reason == "ImageTooOld"
	judged.said == "is 45 days old, 30 days are allowed (built 2026-01-02T00:00:00Z, best before 2026-02-16)"
	judged.details.limit == "30d"
	dates.judged(given, _on("2026-01-02T00:00:00Z"), dates.unproved, _now - 1).reason == ""
}

test_platform_that_the_registry_does_not_have_is_not_found_whatever_is_said_of_it if {
	judged := dates.judged(_given, object.union(_on("2026-02-01T00:00:00Z"), {"gone": true}), dates.unproved, _now)
	judged.reason == "NotFound"
}

_days := 86400000000000

# What proves the age of an answer that cannot be read is about another one, perhaps.
test_what_is_proved_does_not_make_up_for_an_answer_that_cannot_be_read if {
	unreadable := object.union(_on("2026-02-01T00:00:00Z"), {"createdNs": 5})
	by_builder := object.union(dates.unproved, {"started": _now - _days, "finished": _now - _days})
	dates.judged(object.union(_given, {"dates": ["provenance"]}), unreadable, by_builder, _now).reason == "Internal"
	alone := object.union(_cooled, {"maxAge": null, "minAgeProof": "log"})
	by_log := object.union(dates.unproved, {"existed": _now - (8 * _days), "source": "log"})
	dates.judged(alone, unreadable, by_log, _now).reason == "Internal"
	dates.judged(alone, _on("2026-02-01T00:00:00Z"), by_log, _now).reason == ""
}

test_that_an_image_was_there_makes_it_no_younger if {
	given := object.union(_cooled, {"dates": ["config", "log"], "minAgeProof": "log"})
	undated := {"created": null, "createdNs": null, "createdFrom": "config"}
	there := object.union(dates.unproved, {"existed": _now - (10 * _days), "source": "log"})
	dates.judged(given, undated, there, _now).reason == "ImageUndated"
}

test_proof_that_the_policy_does_not_count_makes_an_image_no_older if {
	there := object.union(dates.unproved, {"existed": _now - (40 * _days), "source": "log"})
	by_log := object.union(_cooled, {"dates": ["annotation"], "minAgeProof": "log"})
	dates.judged(by_log, _on("2026-02-01T00:00:00Z"), there, _now).reason == "ImageUndated"
	built := object.union(dates.unproved, {"started": _now - (40 * _days), "finished": _now - (39 * _days)})
	by_builder := object.union(_cooled, {"minAgeProof": "provenance"})
	dates.judged(by_builder, _on("2026-02-01T00:00:00Z"), built, _now).reason == ""
}

test_date_counts_where_a_log_counts_too_and_shows_nothing if {
	given := object.union(_given, {"dates": ["config", "log"]})
	dates.judged(given, _on("2026-01-02T00:00:00Z"), dates.unproved, _now).reason == "ImageTooOld"
	dates.judged(given, _on("2026-02-01T00:00:00Z"), dates.unproved, _now).reason == ""
}
