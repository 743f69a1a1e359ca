# METADATA
# title: Dates in messages
# description: Says when an image was built, for people who read a denial.
package lib.bestbefore.built

import future.keywords

import data.lib.bestbefore.dates
import data.lib.bestbefore.duration
import data.lib.bestbefore.platforms

# METADATA
# description: |
#   `built 31 days ago, 2026-10-29`, from the facts of an image; of several platforms the oldest one, by its name. Without
#   a date that can be read, what there is instead. "" where there are no facts.
said(facts, now) := sprintf("%sbuilt %s", [_oldest(facts), _when(to_number(facts.createdNs), now)]) if {
	regex.match(`^-?[0-9]{1,30}$`, facts.createdNs)
} else := "without a date that can be read" if {
	is_object(facts.platforms)
} else := ""

_when(ns, now) := sprintf("in the future, %s", [_day(ns)]) if {
	ns > now
} else := sprintf("%s ago, %s", [duration.words(now - ns, 0), _day(ns)]) if {
	now - ns < duration.day
} else := sprintf("%s ago, %s", [duration.words(now - ns, duration.day), _day(ns)])

_day(ns) := substring(dates.moment(ns), 0, 10) if {
	regex.match(`^[0-9]{4}-`, dates.moment(ns))
} else := dates.moment(ns)

# Of several platforms with different dates, the oldest one.
_oldest(facts) := sprintf("its oldest platform %s ", [name]) if {
	count({platform.createdNs | some platform in facts.platforms}) > 1
	name := min([name | some name, platform in facts.platforms; platform.createdNs == facts.createdNs])
	platforms.is_name(name)
} else := ""
