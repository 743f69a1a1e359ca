# METADATA
# title: Rescheduling
# description: |
#   What a controller makes of a workload that was admitted long ago. To deny it would turn a drained node, a crash or a
#   growing load into an outage, so MaximumImageAge lets a person choose. It is safe only where the Constraint matches
#   workloads too: then every image that a controller brings was judged when somebody applied it.
package lib.bestbefore.rescheduling

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.duration

_classes := {"allow": "pass", "warn": "warn"}

# METADATA
# description: Whether the parameters treat what controllers make otherwise than what people apply.
in_force(given) if {
	given.workloadsMatched == true
	_ = _classes[given.reschedule]
}

# METADATA
# description: |
#   The class for an image that a controller brings, `built` being null where its date is not known. Undefined where
#   it is judged in full.
class(context, built) := _classes[context.given.reschedule] if {
	in_force(context.given)
	controllers.made(context.review)
	_within_grace(context, built)
}

# METADATA
# description: What to say of it to whom an image is reported; "" for nothing.
default note(_, _) := ""

note(context, built) := "`reschedule` has no effect, because this Constraint does not match every kind of workload" if {
	context.given.reschedule != "deny"
	not in_force(context.given)
} else := "a controller made it of a workload admitted before, so it is let through (`reschedule`)" if {
	class(context, built)
} else := sprintf("a controller made it, but its grace of %s is over", [context.given.grace]) if {
	_made(context)
	is_number(built)
} else := "a controller made it, but the grace is only for images whose age is known" if {
	_made(context)
}

_made(context) if {
	in_force(context.given)
	controllers.made(context.review)
}

_within_grace(context, _) if context.given.grace == ""

_within_grace(context, built) if {
	is_number(built)
	limit := duration.nanoseconds(context.given.maxAge) + duration.nanoseconds(context.given.grace)
	context.now < built + limit
}
