# METADATA
# title: Answers
# description: |
#   Reads what `external_data` returned. Nothing here admits: a key has a value only if the call was made, was
#   understood, and answered this very key without an error.
package lib.bestbefore.answers

import future.keywords

_unavailable := "ProviderUnavailable"

# METADATA
# description: The short name of a key. The provider computes the same; it joins denial, log and registry request.
ref(key) := substring(crypto.sha256(key), 0, 12)

# METADATA
# description: The Provider object to ask. Audit has one of its own, so that it never delays an admission.
provider(review) := "bestbefore-audit" if {
	object.get(review, "operation", "") == ""
} else := "bestbefore"

# METADATA
# description: |
#   What a response says of each of the keys: `{"value": object}`, or `{"reason": code, "message": sentence}` where there
#   is no answer, perhaps with a `detail` for people, and of rejected proofs with `passedOver`, how many of them nobody
#   looked at. Total: whatever the response looks like, one of the two for every key. It reads the response once: a function that got all of it for every image would compare it with that of the call before, each time from its start.
by_key(response, keys) := {key: {"value": value}} if {
	# One question and its answer: what most calls come to, at a fifth of the work.
	[[key, value]] := response.responses
	keys == [key]
	is_object(value)
	response.errors in [null, []]
	response.system_error == ""
} else := object.union(values, without) if {
	answers := _rows(response, "responses")
	errors := _rows(response, "errors")
	refusals := object.keys(errors)
	failures := _failures(response)
	values := {key: {"value": value} |
		count(failures.outage) == 0
		some key in keys
		value := answers[key]
		is_object(value)
		not key in refusals
	}
	without := {key: said[0] |
		some key in keys
		not values[key]
		refused := [_refused(error) | error := errors[key]]
		failed := [object.union(object.filter(failure, ["reason", "message"]), _more(failure)) |
			failure := failures.passing[ref(key)]
			is_string(failure.reason)
			is_string(failure.message)
		]
		said := array.concat(array.concat(refused, failures.outage), array.concat(failed, [_unanswered]))
	}
}

# METADATA
# description: |
#   The same where a policy may refuse stale answers, what was seen before a registry went away: such a one is no answer
#   then, unless the policy's parameter `stale` is `allow` or is left out.
taken(answered, policy) := answered if {
	object.get(policy, "stale", "allow") == "allow"
} else := {key: _current(answer) | some key, answer in answered}

_current(answer) := {"reason": "RegistryUnavailable", "message": message} if {
	# Whatever the mark is: only an answer without one, or with false, is known to be none of these.
	not object.get(answer.value, "stale", false) == false
	message := sprintf("the registry was last seen at %s, and the policy refuses stale answers", [_seen(answer.value)])
} else := answer

_seen(value) := value.observedAt if {
	regex.match(`^[0-9TZ:.+-]{1,40}$`, value.observedAt)
} else := "an unknown time"

# METADATA
# description: What was said of a key, of those whose answers are given. Total.
default lookup(_, _) := {
	"reason": "ProviderUnavailable",
	"message": "the provider did not answer this question",
}

lookup(answered, key) := answered[key]

_unanswered := lookup({}, "")

_more(failure) := object.union(
	{"detail": failure.detail | is_string(failure.detail)},
	{"passedOver": failure.passedOver | is_number(failure.passedOver)},
)

# What the provider says about each key alone. Nothing, where it says two things about one.
_rows(response, field) := {key: said} if {
	[[key, said]] := response[field]
} else := {key: said | some [key, said] in rows} if {
	rows := response[field]
	is_array(rows)
	count({key | some [key, _] in rows}) == count([key | some [key, _] in rows])
} else := {}

_refused(error) := {"reason": reason, "message": message} if {
	is_string(error)
	colon := indexof(error, ": ")
	reason := substring(error, 0, colon)
	regex.match(`^[A-Z][A-Za-z]+$`, reason)
	message := substring(error, colon + 2, -1)
} else := {"reason": _unavailable, "message": sprintf("the provider answered with an error: %s", [_shown(error)])}

# Failures that may pass come as one JSON object for the whole batch, by the ref of their key. Any other text is an
# outage: why there is no answer to any key.
_failures(response) := {"passing": {}, "outage": []} if {
	response.system_error in ["", null]
} else := {"passing": json.unmarshal(response.system_error), "outage": []} if {
	_is_by_key(response.system_error)
} else := {"passing": {}, "outage": [{"reason": _unavailable, "message": message}]} if {
	message := sprintf("the provider cannot be asked: %s", [_shown(response.system_error)])
} else := {"passing": {}, "outage": []}

_is_by_key(said) if {
	json.is_valid(said)
	is_object(json.unmarshal(said))
}

_shown(said) := substring(sprintf("%v", [said]), 0, 200)
