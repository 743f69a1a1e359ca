# METADATA
# title: Durations
# description: Spans of time as people write them in parameters (`30d`, `720h`, `1d12h`), and as messages show them.
package lib.bestbefore.duration

import future.keywords

# METADATA
# description: Nanoseconds of a day.
day := 86400000000000

_units := {"d": day, "h": 3600000000000, "m": 60000000000}

# A hundred years: the sum of a date and a duration stays within the 64 bits that dates are formatted from.
_longest := 36500 * day

# METADATA
# description: |
#   The nanoseconds of a duration: days, hours and minutes in this order, each at most once. Undefined for what is no
#   duration, and beyond a hundred years.
nanoseconds(text) := total if {
	is_string(text)
	regex.match(`^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?$`, text)
	text != ""
	total := sum([amount |
		some part in regex.find_n(`[0-9]+[dhm]`, text, -1)
		last := count(part) - 1
		amount := to_number(substring(part, 0, last)) * _units[substring(part, last, 1)]
	])
	total <= _longest
}

# METADATA
# description: A span as parameters have it, `45d3h12m`; what is less than a minute is left out.
text(span) := concat("", [piece |
	some unit, amount in _parts(span)
	amount > 0
	piece := sprintf("%d%s", [amount, unit])
]) if {
	span >= _units.m
} else := "0m"

# METADATA
# description: |
#   A span in words, `45 days`, in units not smaller than `precision` asks for: nanoseconds of a difference that the
#   words must show.
words(span, precision) := concat(" ", pieces) if {
	pieces := [piece |
		some unit, amount in _parts(span)
		amount > 0
		_shown(unit, precision)
		piece := _counted(amount, unit)
	]
	count(pieces) > 0
} else := "less than a minute" if {
	span < _units.m
} else := text(span)

# METADATA
# description: The verb that goes with words.
is_or_are(said) := "is" if {
	regex.match(`^(1 [a-z]+|less than a minute)$`, said)
} else := "are"

_shown("d", _)

_shown("h", precision) if precision < day

_shown("m", precision) if precision < _units.h

_counted(1, unit) := sprintf("1 %s", [_names[unit]])

_counted(amount, unit) := sprintf("%d %ss", [amount, _names[unit]]) if amount != 1

_names := {"d": "day", "h": "hour", "m": "minute"}

# Whole numbers only: a division of large numbers would round.
_parts(span) := {"d": (span - hours) / day, "h": (hours - minutes) / _units.h, "m": (minutes - seconds) / _units.m} if {
	hours := span % day
	minutes := hours % _units.h
	seconds := minutes % _units.m
}
