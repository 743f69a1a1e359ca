# METADATA
# title: Rescheduling
# description: |
#   What a controller makes of a workload that was admitted long ago. To deny it would turn a drained node, a crash or a
#   growing load into an outage, so MaximumImageAge lets a person choose. It is safe only where the Constraint matches
#   workloads too: then an image that stands in one was judged when somebody applied it.
package lib.bestbefore.rescheduling

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.duration
import data.lib.bestbefore.glob

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
class(context, image, built) := _classes[context.given.reschedule] if {
	_made(context)
	not _injected(context, image)
	_within_grace(context, built)
}

# METADATA
# description: What to say of it to whom an image is reported; "" for nothing.
default note(_, _, _) := ""

note(context, image, built) := "`reschedule` has no effect, because this Constraint does not match every kind of workload" if {
	context.given.reschedule != "deny"
	not in_force(context.given)
} else := "a controller made it, so it is let through (`reschedule`)" if {
	class(context, image, built)
} else := "a controller made it, but what `injected` names is judged in full" if {
	_made(context)
	_injected(context, image)
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

# What a webhook adds to a controller's Pod stood in no workload. Nobody can see which image that is, so a person says.
_injected(context, image) if {
	some pattern in context.given.injected
	glob.covers(pattern, image.text)
}

_within_grace(context, _) if context.given.grace == ""

_within_grace(context, built) if {
	is_number(built)
	limit := duration.nanoseconds(context.given.maxAge) + duration.nanoseconds(context.given.grace)
	context.now < built + limit
}
