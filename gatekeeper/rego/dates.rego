# METADATA
# title: Dates
# description: Judges one platform's creation time by MaximumImageAge's parameters.
package lib.bestbefore.dates

import future.keywords

import data.lib.bestbefore.duration

# Before the first release of Docker no image was built: the epoch of reproducible builds, the 1980 of buildpacks and
# Go's year one mean that nobody set a date.
_first_credible := time.parse_rfc3339_ns("2013-01-01T00:00:00Z")

# How much later than here it may be where images are built: clocks differ.
_clock_skew := (5 * 60) * 1000000000

# METADATA
# description: |
#   What a platform's date comes to: `reason` ("" where it is fresh enough), `built` in nanoseconds (null where it is
#   not known), `said` (what the message says after "Image"), `details`. Total.
default judged(_, _, _) := {
	"reason": "Internal",
	"built": null,
	"said": "has a date that cannot be judged",
	"details": {},
}

judged(given, platform, now) := {
	"reason": "NotFound",
	"built": null,
	"said": "is named by its index, and the registry does not have it",
	"details": {"created": null, "limit": _limit(given)},
} if {
	platform.gone == true
} else := {
	"reason": "ImageUndated",
	"built": null,
	"said": _undated(given, platform),
	"details": {"created": null, "limit": _limit(given)},
} if {
	_is_readable(platform)
	not _built(given, platform)
} else := {
	"reason": "ImageFromFuture",
	"built": null,
	"said": sprintf("says that it was built in the future (%s)", [moment(built)]),
	"details": {"created": moment(built), "limit": _limit(given)},
} if {
	built := _built(given, platform)
	built > now + _clock_skew
} else := {
	"reason": "ImageTooOld",
	"built": built,
	"said": _too_old(now - built, limit, built),
	"details": _details(now - built, limit, built),
} if {
	built := _built(given, platform)
	limit := duration.nanoseconds(given.maxAge)
	now >= built + limit
} else := {"reason": "", "built": built, "said": "is fresh", "details": _details(now - built, limit, built)} if {
	built := _built(given, platform)
	limit := duration.nanoseconds(given.maxAge)
	now < built + limit
}

# METADATA
# description: A moment as RFC 3339 in UTC, to the second, or in words where it is further away than that goes.
moment(ns) := "before the year 1678" if {
	ns <= -9223372036854775807
} else := "after the year 2261" if {
	ns >= 9223372036854775807
} else := time.format([ns, "UTC", "2006-01-02T15:04:05Z07:00"])

# The nanoseconds of a date that counts; undefined where there is none.
_built(given, platform) := built if {
	_is_readable(platform)
	platform.createdFrom in given.dates
	built := to_number(platform.createdNs)
	built >= _first_credible
}

# An answer of another shape is no undated image: nothing is known of it.
_is_readable(platform) if {
	is_string(platform.createdFrom)
	regex.match(`^-?[0-9]{1,30}$`, platform.createdNs)
}

_is_readable(platform) if platform.createdNs == null

_undated(given, platform) := "says when it was built in a way that is no RFC 3339" if {
	platform.createdNs == null
	is_string(platform.created)
} else := "does not say when it was built" if {
	platform.createdNs == null
} else := sprintf("has no date of a source that counts (%s)", [concat(", ", given.dates)]) if {
	not platform.createdFrom in given.dates
} else := sprintf("says that it was built %s, before there were such images", [built]) if {
	built := moment(to_number(platform.createdNs))
}

_too_old(age, limit, built) := sprintf("is %s old, %s %s allowed (built %s, best before %s)", [
	duration.words(age, age - limit),
	allowed,
	duration.is_or_are(allowed),
	moment(built),
	substring(moment(built + limit), 0, 10),
]) if {
	allowed := duration.words(limit, 0)
}

_details(age, limit, built) := {
	"created": moment(built),
	"bestBefore": moment(built + limit),
	"age": duration.text(max([age, 0])),
	"limit": duration.text(limit),
}

_limit(given) := duration.text(duration.nanoseconds(given.maxAge))
