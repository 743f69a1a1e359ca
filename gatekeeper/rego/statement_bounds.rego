# METADATA
# title: Bounds of a statement
# description: |
#   What SignedImages may ask of a statement without a rule of one's own: a time in it that is not too long ago, and texts
#   in it that globs fit. Such an entry has `age`, `{at, max}`, and `values`, a list of `{at, globs}`; `at` is the path
#   from the statement on.
package lib.bestbefore.statement_bounds

import future.keywords

import data.lib.bestbefore.duration

# How much later than here it may be where somebody attests: clocks differ.
_clock_skew := 5 * 60000000000

_shown_characters := 80

# METADATA
# description: The parts of a statement that an entry looks at, as a question names them.
paths(entry) := sort({path | some path in array.concat(aged, valued)}) if {
	aged := [entry.age.at]
	valued := [each.at | some each in object.get(entry, "values", [])]
} else := sort({each.at | some each in object.get(entry, "values", [])})

# METADATA
# description: What keeps a statement from the bounds of an entry, in words; none where all of them hold.
faults(entry, statement, now) := array.concat(aged, valued) if {
	aged := [fault | fault := _age_fault(entry.age, statement, now)]
	valued := [fault |
		some each in object.get(entry, "values", [])
		fault := _value_fault(each, statement)
	]
}

# METADATA
# description: Whether a text may stand as a glob. Printable characters of ASCII may, of which only `*` means anything.
is_glob(text) if {
	is_string(text)
	regex.match(`^[!-~]{1,512}$`, text)
}

# METADATA
# description: Whether a glob fits the whole of a text; `*` stops at a slash, `**` does not.
fits(glob, text) if {
	is_glob(glob)
	is_string(text)
	regex.match(_pattern(glob), text)
}

# Total where the entry has an age: what cannot be compared is a fault.
_age_fault(age, statement, now) := sprintf("%s is no time", [_path(age.at)]) if {
	not _time(age, statement)
} else := sprintf("%s is in the future (%s)", [_path(age.at), _moment(time_ns)]) if {
	time_ns := _time(age, statement)
	time_ns > now + _clock_skew
} else := sprintf("%s is %s ago, and at most %s are allowed", [_path(age.at), past, age.max]) if {
	time_ns := _time(age, statement)
	not _is_recent(now - time_ns, age.max)
	past := duration.words(now - time_ns, duration.nanoseconds("1h"))
}

_is_recent(span, limit) if span < duration.nanoseconds(limit)

_time(age, statement) := time.parse_rfc3339_ns(_at(statement, age.at))

_moment(time_ns) := time.format([time_ns, "UTC", "2006-01-02T15:04:05Z07:00"])

_value_fault(each, statement) := sprintf("%s is %s, and no glob fits it", [_path(each.at), _shown(found)]) if {
	found := _at(statement, each.at)
	not _is_one_of(each.globs, found)
}

_is_one_of(globs, text) if {
	some glob in globs
	fits(glob, text)
}

_at(statement, path) := object.get(statement, path, null)

_path(at) := concat(".", at)

# A statement may hold anything, of any size.
_shown(found) := substring(found, 0, _shown_characters) if {
	is_string(found)
} else := "not there" if {
	found == null
} else := sprintf("an %s", [type_name(found)]) if {
	type_name(found) in {"object", "array"}
} else := sprintf("a %s", [type_name(found)])

# Double stars are set aside first, so that the single star's replacement does not meet them.
_pattern(glob) := sprintf("^%s$", [replace(single, "\u0000", ".*")]) if {
	escaped := regex.replace(glob, `[.+?()|\[\]{}^$\\]`, `\$0`)
	double := replace(escaped, "**", "\u0000")
	single := replace(double, "*", "[^/]*")
}
