package lib.bestbefore.duration_test

import future.keywords

import data.lib.bestbefore.duration

test_durations_are_read if {
	every text, hours in {
		"30d": 720,
		"720h": 720,
		"1d12h": 36,
		"1d1h60m": 26,
		"120m": 2,
		"030d": 720,
		"0d": 0,
		"36500d": 876000,
	} {
		duration.nanoseconds(text) == hours * 3600000000000
	}
}

test_what_is_no_duration_is_undefined if {
	every text in [
		"",
		"30",
		"d",
		"30 d",
		" 30d",
		"30d ",
		"30d\n",
		"-30d",
		"+30d",
		"1.5d",
		"30D",
		"12h1d",
		"1d1d",
		"30s",
		"1w",
		"P30D",
		"36501d",
		"36500d1m",
		"999999999d",
		"9999999999d",
		30,
		null,
		["30d"],
		{},
		true,
	] {
		not duration.nanoseconds(text)
	}
}

test_spans_are_written_as_they_are_read if {
	every text, written in {"30d": "30d", "720h": "30d", "90m": "1h30m", "1d1m": "1d1m", "0m": "0m"} {
		duration.text(duration.nanoseconds(text)) == written
	}
	duration.text(59999999999) == "0m"
}

_words(text, precision) := duration.words(duration.nanoseconds(text), duration.nanoseconds(precision))

test_words_are_as_precise_as_they_must_be if {
	_words("45d3h12m", "15d") == "45 days"
	_words("30d3h12m", "3h") == "30 days 3 hours"
	_words("30d12m", "12m") == "30 days 12 minutes"
	_words("30d", "0m") == "30 days"
	_words("1d", "1d") == "1 day"
	_words("1d1h1m", "0m") == "1 day 1 hour 1 minute"
	_words("3h", "1d") == "3h"
	_words("0m", "1d") == "less than a minute"
}

test_verb_goes_with_words if {
	duration.is_or_are("1 day") == "is"
	duration.is_or_are("less than a minute") == "is"
	duration.is_or_are("30 days") == "are"
	duration.is_or_are("1 day 1 hour") == "are"
	duration.is_or_are("11 days") == "are"
}

test_seconds_are_left_out if {
	duration.text(60000000000) == "1m"
	duration.text(5430000000000) == "1h30m"
	duration.words(5430000000000, 0) == "1 hour 30 minutes"
}

test_unit_as_long_as_the_precision_says_enough if {
	_words("30d12m", "1h") == "30 days"
	_words("30d3h", "1d") == "30 days"
}
