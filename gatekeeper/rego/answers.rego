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
#   What was said of a key: `{"value": object}`, or `{"reason": code, "message": sentence}` where there is no answer.
#   Total: whatever the response looks like, one of the two.
default lookup(_, _) := {
	"reason": "ProviderUnavailable",
	"message": "the provider did not answer this question",
}

lookup(response, key) := _refused(error) if {
	some error in _of(response, "errors", key)
} else := {"reason": _unavailable, "message": sprintf("the provider cannot be asked: %s", [_shown(said)])} if {
	said := _system_error(response)
	said != ""
	not _passing(response)
} else := {"value": value} if {
	[value] := _of(response, "responses", key)
	is_object(value)
} else := {"reason": failure.reason, "message": failure.message} if {
	failure := _passing(response)[ref(key)]
	is_string(failure.reason)
	is_string(failure.message)
}

# What the provider says about this key alone.
_of(response, field, key) := [said |
	rows := object.get(response, field, null)
	is_array(rows)
	some [asked, said] in rows
	asked == key
]

_refused(error) := {"reason": reason, "message": message} if {
	is_string(error)
	colon := indexof(error, ": ")
	reason := substring(error, 0, colon)
	regex.match(`^[A-Z][A-Za-z]+$`, reason)
	message := substring(error, colon + 2, -1)
} else := {"reason": _unavailable, "message": sprintf("the provider answered with an error: %s", [_shown(error)])}

_system_error(response) := said if {
	said := object.get(response, "system_error", "")
	said != null
} else := ""

# Failures that may pass come as one JSON object for the whole batch, by the ref of their key.
_passing(response) := failures if {
	said := _system_error(response)
	json.is_valid(said)
	failures := json.unmarshal(said)
	is_object(failures)
}

_shown(said) := substring(sprintf("%v", [said]), 0, 200)
