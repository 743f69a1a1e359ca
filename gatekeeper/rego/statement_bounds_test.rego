package lib.bestbefore.statement_bounds_test

import future.keywords

import data.lib.bestbefore.statement_bounds

_now := time.parse_rfc3339_ns("2026-02-16T00:00:00Z")

_scanned := {"age": {"at": ["predicate", "metadata", "scanFinishedOn"], "max": "7d"}}

_built_by(globs) := {"values": [{"at": ["predicate", "builder", "id"], "globs": globs}]}

_scan(finished) := {"predicate": {"metadata": {"scanFinishedOn": finished}}}

_build(id) := {"predicate": {"builder": {"id": id}}}

_aged(finished) := statement_bounds.faults(_scanned, _scan(finished), _now)

test_entry_without_bounds_has_no_fault_and_looks_at_nothing if {
	statement_bounds.faults({}, {}, _now) == []
	statement_bounds.paths({}) == []
}

test_parts_that_an_entry_looks_at_are_named_once if {
	both := object.union(_scanned, {"values": [{"at": ["a"], "globs": ["*"]}, {"at": ["a"], "globs": ["x"]}]})
	statement_bounds.paths(both) == [["a"], ["predicate", "metadata", "scanFinishedOn"]]
}

test_time_within_the_limit_is_no_fault if {
	every finished in ["2026-02-15T00:00:00Z", "2026-02-09T00:00:00.000000001Z", "2026-02-16T00:05:00Z"] {
		_aged(finished) == []
	}
}

test_time_at_the_limit_is_a_fault_that_says_how_long_ago if {
	_aged("2026-02-09T00:00:00Z") == ["predicate.metadata.scanFinishedOn is 7 days ago, and at most 7d are allowed"]
	_aged("2026-01-16T03:00:00Z") == ["predicate.metadata.scanFinishedOn is 30 days 21 hours ago, and at most 7d are allowed"]
}

test_time_in_the_future_is_a_fault if {
	_aged("2026-02-16T00:05:01Z") == ["predicate.metadata.scanFinishedOn is in the future (2026-02-16T00:05:01Z)"]
}

test_what_is_no_time_is_a_fault if {
	every finished in [null, "", "yesterday", 5, {}, "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
		count(_aged(finished)) == 1
	}
	statement_bounds.faults(_scanned, {"predicate": "text"}, _now) == ["predicate.metadata.scanFinishedOn is no time"]
	statement_bounds.faults(_scanned, {}, _now) == ["predicate.metadata.scanFinishedOn is no time"]
}

test_text_that_a_glob_fits_is_no_fault if {
	statement_bounds.faults(_built_by(["https://a/*", "https://b/**"]), _build("https://b/c/d"), _now) == []
}

test_text_that_no_glob_fits_is_a_fault_that_shows_it if {
	faults := statement_bounds.faults(_built_by(["https://a/*"]), _build("https://a/b/c"), _now)
	faults == ["predicate.builder.id is https://a/b/c, and no glob fits it"]
}

test_what_is_no_text_is_a_fault_that_shows_no_more_than_its_kind if {
	every id, shown in {"[1]": "an array", "{}": "an object", "5": "a number", "null": "not there"} {
		faults := statement_bounds.faults(_built_by(["**"]), _build(json.unmarshal(id)), _now)
		faults == [sprintf("predicate.builder.id is %s, and no glob fits it", [shown])]
	}
	statement_bounds.faults(_built_by(["**"]), {}, _now) == ["predicate.builder.id is not there, and no glob fits it"]
}

test_every_value_has_to_fit if {
	entry := {"values": [{"at": ["a"], "globs": ["1"]}, {"at": ["b"], "globs": ["2"]}]}
	statement_bounds.faults(entry, {"a": "1", "b": "2"}, _now) == []
	count(statement_bounds.faults(entry, {"a": "1", "b": "1"}, _now)) == 1
	count(statement_bounds.faults(entry, {"a": "2", "b": "1"}, _now)) == 2
}

test_star_stops_at_a_slash_and_two_do_not if {
	statement_bounds.fits("git+https://h/o/*@refs/tags/v*", "git+https://h/o/web@refs/tags/v1.4")
	not statement_bounds.fits("git+https://h/o/*@refs/tags/v*", "git+https://h/o/web/x@refs/tags/v1.4")
	statement_bounds.fits("https://h/o/**", "https://h/o/web/x")
	statement_bounds.fits("a#*", "a#b")
}

test_glob_fits_the_whole_and_its_other_characters_mean_themselves if {
	not statement_bounds.fits("https://h/o", "https://h/o/x")
	not statement_bounds.fits("h/o", "https://h/o")
	not statement_bounds.fits("a.b", "axb")
	statement_bounds.fits("a.b+c?(d)[e]{f}^$|\\", "a.b+c?(d)[e]{f}^$|\\")
	not statement_bounds.fits("a|b", "a")
	not statement_bounds.fits("a*", "ab\nc/d")
	not statement_bounds.fits("a", "a\n")
}

test_glob_is_printable if {
	statement_bounds.is_glob("https://h/**")
	every text in ["", "a b", "é", "a\u0000b", 5, null, concat("", ["x" | some _ in numbers.range(1, 513)])] {
		not statement_bounds.is_glob(text)
	}
	not statement_bounds.fits("", "")
}
