package lib.bestbefore.schedule_test

import future.keywords

import data.lib.bestbefore.schedule

_day := 86400000000000

_at(text) := time.parse_rfc3339_ns(text)

_ramp := {"maxAge": "90d", "schedule": [
	{"from": "2026-03-01", "maxAge": "60d"},
	{"from": "2026-05-01T02:00:00+02:00", "maxAge": "30d"},
]}

_loosened := {"maxAge": "30d", "schedule": [
	{"from": "2026-12-15", "maxAge": "60d"},
	{"from": "2027-01-05", "maxAge": "30d"},
]}

test_date_begins_with_its_day_in_utc if {
	schedule.start({"from": "2026-03-01"}) == _at("2026-03-01T00:00:00Z")
	schedule.start({"from": "2026-03-01T02:00:00+02:00"}) == _at("2026-03-01T00:00:00Z")
	schedule.start({"from": "2024-02-29"}) == _at("2024-02-29T00:00:00Z")
	every odd in ["2026-02-29", "2026-13-01", "2026-3-1", "soon", "", "2026-03-01T00:00:00", "2026-03-01 00:00:00Z", "1500-01-01", "2400-01-01", null, 1] {
		not schedule.start({"from": odd})
	}
}

test_limit_is_that_of_the_moment if {
	every moment, limit in {
		"2020-01-01T00:00:00Z": 90,
		"2026-02-28T23:59:59Z": 90,
		"2026-03-01T00:00:00Z": 60,
		"2026-04-30T23:59:59Z": 60,
		"2026-05-01T00:00:00Z": 30,
		"2200-01-01T00:00:00Z": 30,
	} {
		schedule.limit(_ramp, _at(moment)) == limit * _day
	}
	schedule.limit({"maxAge": "30d", "schedule": []}, 0) == 30 * _day
}

test_without_a_limit_there_is_none if {
	given := {"maxAge": null, "schedule": []}
	not schedule.is_limited(given)
	not schedule.limit(given, 0)
	not schedule.due(given, 0, 1)
	schedule.is_limited(_ramp)
}

test_image_is_due_when_it_is_too_old_first if {
	every built, due in {
		"2026-01-01T00:00:00Z": "2026-03-02T00:00:00Z",
		"2025-12-15T00:00:00Z": "2026-03-01T00:00:00Z",
		"2025-12-01T00:00:00Z": "2026-03-01T00:00:00Z",
		"2025-11-01T00:00:00Z": "2026-01-30T00:00:00Z",
		"2026-03-15T00:00:00Z": "2026-05-01T00:00:00Z",
		"2026-04-15T00:00:00Z": "2026-05-15T00:00:00Z",
	} {
		every now in [_at(built), _at(due) - 1, _at(due), _at("2030-01-01T00:00:00Z")] {
			schedule.due(_ramp, _at(built), now) == _at(due)
		}
	}
}

test_due_is_the_beginning_of_what_goes_on if {
	built := _at("2026-11-01T00:00:00Z")
	first := _at("2026-12-01T00:00:00Z")
	second := _at("2026-12-31T00:00:00Z")
	schedule.due(_loosened, built, first - 1) == first
	schedule.due(_loosened, built, first) == first
	schedule.due(_loosened, built, _at("2026-12-15T00:00:00Z")) == second
	schedule.due(_loosened, built, second) == second
	schedule.due(_loosened, built, _at("2027-01-05T00:00:00Z")) == second
}

test_note_tells_since_when_the_limit_is_another if {
	schedule.note(_ramp, _at("2026-03-01T00:00:00Z")) == "`schedule` allows 60d since 2026-03-01T00:00:00Z"
	schedule.note(_ramp, _at("2026-05-01T00:00:00Z")) == "`schedule` allows 30d since 2026-05-01T00:00:00Z"
	schedule.note(_ramp, _at("2026-02-28T00:00:00Z")) == ""
	schedule.note({"maxAge": null, "schedule": []}, 0) == ""
}

test_schedule_of_which_a_part_cannot_be_read_is_none if {
	every entry in [{"from": "soon", "maxAge": "30d"}, {"from": "2026-05-01", "maxAge": "x"}, {}, null] {
		not schedule.limit({"maxAge": "90d", "schedule": [entry]}, _at("2026-01-01T00:00:00Z"))
	}
	every entries in [null, "x", 1] {
		not schedule.limit({"maxAge": "90d", "schedule": entries}, 0)
	}
}
