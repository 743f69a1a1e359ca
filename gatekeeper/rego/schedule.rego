# METADATA
# title: Schedule
# description: |
#   How old an image may be, and when: `maxAge`, and from the moments of `schedule` on other limits. Times are nanoseconds
#   since 1970.
package lib.bestbefore.schedule

import future.keywords

import data.lib.bestbefore.duration

# The time before every entry, and after: no date and no duration leads so far.
_eternity := 100000000000000000000

# METADATA
# description: Whether there is a limit at all.
is_limited(given) if given.maxAge != null

# METADATA
# description: |
#   When an entry begins: an RFC 3339 time, or a date, which counts from its beginning in UTC. Undefined for what is
#   neither.
start(entry) := time.parse_rfc3339_ns(entry.from) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T`, entry.from)
} else := time.parse_rfc3339_ns(concat("", [entry.from, "T00:00:00Z"])) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, entry.from)
}

# METADATA
# description: The limit at a moment. Undefined where there is none, or where it cannot be read.
limit(given, now) := duration.nanoseconds(given.maxAge) if {
	given.schedule == []
} else := period.limit if {
	some period in _periods(given)
	period.start <= now
	now < period.end
}

# METADATA
# description: |
#   When an image that was built at a moment is too old: since when, if it is now; else from when on. Undefined where
#   there is no limit, or where it cannot be read.
due(given, built, now) := built + duration.nanoseconds(given.maxAge) if {
	given.schedule == []
} else := max(past) if {
	some span in _too_old(given, built)
	span.start <= now
	now < span.end
	past := [each | some each in _turns(given, built); each <= now]
} else := min([each | some each in _turns(given, built); each > now])

# METADATA
# description: What `schedule` has to do with the limit at a moment; "" where it has nothing to do with it.
note(given, now) := sprintf("`schedule` allows %s since %s", [duration.text(period.limit), time.format([period.start, "UTC", "2006-01-02T15:04:05Z07:00"])]) if {
	some period in _periods(given)
	period.start != 0 - _eternity
	period.start <= now
	now < period.end
} else := ""

# The spans of time in which an image is too old, in their order. One may begin where another one ends.
_too_old(given, built) := [{"start": start, "end": period.end} |
	some period in _periods(given)
	start := max([period.start, built + period.limit])
	start < period.end
]

# When it becomes too old.
_turns(given, built) := [span.start |
	some span in spans
	every other in spans {
		other.end != span.start
	}
] if {
	spans := _too_old(given, built)
}

# What holds when. All of it or nothing: without an entry that cannot be read, an earlier one would hold too long.
_periods(given) := periods if {
	entries := given.schedule
	starts := array.concat([0 - _eternity], [start(entry) | some entry in entries])
	limits := [duration.nanoseconds(text) | some text in array.concat([given.maxAge], [entry.maxAge | some entry in entries])]
	ends := array.concat(array.slice(starts, 1, count(starts)), [_eternity])
	count(starts) == count(entries) + 1
	count(limits) == count(starts)
	periods := [{"start": from, "end": ends[index], "limit": limits[index]} | some index, from in starts]
}
