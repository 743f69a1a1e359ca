package lib.bestbefore.waivers_test

import future.keywords

import data.lib.bestbefore.waivers

_image := "registry.test/vendor/agent:1"

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_spec := {
	"policies": ["maximum-image-age"],
	"namespaces": ["shop"],
	"images": ["registry.test/vendor/agent"],
	"until": "2026-03-01T00:00:00Z",
	"reason": "the vendor rebuilds in March",
	"owner": "team-shop",
}

_parameters := {"name": "maximum-image-age", "waivers": {"allowed": true, "maxDays": 60}}

_at(moment) := time.parse_rfc3339_ns(moment)

_now := _at("2026-02-16T00:00:00Z")

_object(spec) := {"metadata": {"name": "late", "creationTimestamp": "2026-02-01T00:00:00Z"}, "spec": spec}

_with(fields) := object.union(_spec, fields)

# The Waivers of a cluster by name, as a template for the namespace shop reads them.
_synced(objects) := [{"name": name, "spec": waiver.spec, "since": waiver.metadata.creationTimestamp, "planned": false} |
	some name, waiver in objects
	"shop" in waiver.spec.namespaces
]

_candidates(parameters, objects) := waivers.candidates(parameters, "shop", _synced(objects))

_found(parameters, spec, text, now) := waivers.holding(candidates, parameters, text, now).name if {
	candidates := _candidates(parameters, {"late": _object(spec)})
} else := ""

_holds(spec) if _found(_parameters, spec, _image, _now) == "late"

_note(spec, now) := waivers.note(_candidates(_parameters, {"late": _object(spec)}), _parameters, _image, now)

test_waiver_holds_until_its_end_to_the_nanosecond if {
	_found(_parameters, _spec, _image, _at("2026-02-28T23:59:59.999999999Z")) == "late"
	_found(_parameters, _spec, _image, _at("2026-03-01T00:00:00Z")) == ""
	_note(_spec, _at("2026-03-01T00:00:00Z")) == "the Waiver late ended on 2026-03-01T00:00:00Z"
}

test_waiver_holds_where_the_clock_is_behind_the_api_server if {
	_found(_parameters, _spec, _image, _at("2026-01-31T23:59:00Z")) == "late"
}

test_waiver_that_was_created_long_after_now_is_not_believed if {
	_found(_parameters, _spec, _image, _at("2026-01-31T22:59:59Z")) == ""
	_note(_spec, _at("2026-01-31T22:59:59Z")) == "the Waiver late does not hold before 2026-02-01T00:00:00Z"
}

test_policy_has_the_last_word if {
	not waivers.may_waive({"name": "maximum-image-age"}, "ImageTooOld")
	not waivers.may_waive({"waivers": {"allowed": false}}, "ImageTooOld")
	not waivers.may_waive({"waivers": {"allowed": "true"}}, "ImageTooOld")
	waivers.may_waive(_parameters, "ImageTooOld")
}

test_what_is_no_verdict_on_the_image_is_never_waived if {
	not waivers.may_waive(_parameters, "ParametersInvalid")
	not waivers.may_waive(_parameters, "ReferenceInvalid")
	not waivers.may_waive(_parameters, "Internal")
}

_days(number) := object.union(_parameters, {"waivers": {"allowed": true, "maxDays": number}})

test_span_is_at_most_what_the_policy_allows if {
	_found(_days(28), _spec, _image, _now) == "late"
	_found(_days(27), _spec, _image, _now) == ""
	_found(_days("28"), _spec, _image, _now) == ""
	_found(_days(367), _spec, _image, _now) == ""
	not _holds(_with({"until": "2026-04-03T00:00:00Z"}))
	_note(_with({"until": "2026-04-03T00:00:00Z"}), _now) == "the Waiver late does not hold, as it lasts more than 60 days"
}

test_span_is_at_most_90_days_where_the_policy_says_nothing if {
	given := object.union(object.remove(_parameters, ["waivers"]), {"waivers": {"allowed": true}})
	_found(given, _with({"until": "2026-05-02T00:00:00Z"}), _image, _now) == "late"
	_found(given, _with({"until": "2026-05-02T00:00:01Z"}), _image, _now) == ""
}

_emergency := _with({"policies": ["*"], "breakGlass": true, "ticket": "SEC-12", "until": "2026-02-02T00:00:00Z"})

_in_emergency(spec) := _found(_parameters, spec, _image, _at("2026-02-01T12:00:00Z"))

test_all_policies_only_by_break_glass_with_a_ticket_within_a_day if {
	_in_emergency(_emergency) == "late"
	_in_emergency(object.union(_emergency, {"until": "2026-02-02T00:00:01Z"})) == ""
	_in_emergency(object.union(_emergency, {"breakGlass": false})) == ""
	_in_emergency(object.remove(_emergency, ["breakGlass"])) == ""
	_in_emergency(object.remove(_emergency, ["ticket"])) == ""
	_in_emergency(object.union(_emergency, {"ticket": ""})) == ""
	_in_emergency(object.union(_emergency, {"ticket": " "})) == ""
	_in_emergency(object.union(_emergency, {"ticket": "\u200b"})) == ""
	_in_emergency(object.union(_emergency, {"ticket": "-"})) == ""
}

test_break_glass_of_one_policy_is_as_short if {
	one := object.union(_emergency, {"policies": ["maximum-image-age"]})
	_in_emergency(one) == "late"
	_in_emergency(object.union(one, {"until": "2026-02-03T00:00:00Z"})) == ""
}

test_break_glass_needs_a_policy_that_takes_waivers if {
	_candidates({"name": "maximum-image-age"}, {"late": _object(_emergency)}) == []
}

test_policy_is_exact if {
	_candidates(object.union(_parameters, {"name": "other"}), {"late": _object(_spec)}) == []
	_candidates(object.union(_parameters, {"name": "Maximum-Image-Age"}), {"late": _object(_spec)}) == []
	_candidates(object.union(_parameters, {"name": ""}), {"late": _object(_with({"policies": [""]}))}) == []
	_candidates(object.remove(_parameters, ["name"]), {"late": _object(_spec)}) == []
}

test_waiver_of_two_names_of_a_policy_is_one if {
	count(_candidates(_parameters, {"late": _object(_with({"policies": ["*", "maximum-image-age", "maximum-image-age"]}))})) == 1
}

_covers(glob, text) if _found(_parameters, _with({"images": [glob]}), text, _now) == "late"

test_repository_is_covered_with_all_its_tags_and_digests if {
	every text in [
		"registry.test/vendor/agent",
		"registry.test/vendor/agent:2",
		concat("", ["registry.test/vendor/agent@", _digest]),
		concat("", ["registry.test/vendor/agent:2@", _digest]),
		"REGISTRY.test/vendor/agent:2",
		"registry.test:443/vendor/agent:2",
	] {
		_covers("registry.test/vendor/agent", text)
	}
	every text in ["registry.test/vendor/agent-two:1", "registry.test/vendor/agent/two:1", "registry.test:5000/vendor/agent:1", "vendor/agent:1"] {
		not _covers("registry.test/vendor/agent", text)
	}
}

test_port_is_part_of_the_registry if {
	_covers("registry.test:5000/vendor/agent", "registry.test:5000/vendor/agent:1")
	_covers("registry.test:5000/vendor/agent", "registry.test:5000/vendor/agent")
	not _covers("registry.test:5000/vendor/agent", "registry.test/vendor/agent:1")
}

test_stars_stop_at_a_slash_and_double_stars_do_not if {
	_covers("registry.test/*/agent", _image)
	not _covers("registry.test/*", _image)
	_covers("registry.test/**", _image)
	_covers("**", _image)
	not _covers("registryxtest/**", _image)
}

test_names_that_look_alike_are_not_covered if {
	every pair in [
		["registry.test/vendor/agent", "registry.test/vendor/agentevil:1"],
		["registry.test/vendor/agent", "registry.test.evil.test/vendor/agent:1"],
		["registry.test/vendor/agent", "evil.test/registry.test/vendor/agent:1"],
		["registry.test/vendor/*", "registry.test/vendor/two/agent:1"],
		["docker.io/*", "evil/nginx"],
		["docker.io/**", "evil.test/index.docker.io/agent"],
		["docker.io/nginx", "quay.test/library/nginx"],
		["docker.io/library/nginx", "evil/nginx"],
		["registry.test/vendor/agent#", "registry.test/vendor/agentevil:1"],
	] {
		not _covers(pair[0], pair[1])
	}
}

test_docker_hub_has_one_name if {
	every glob in ["docker.io/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx", "docker.io/library/*", "docker.io/**"] {
		_covers(glob, "nginx:1.27")
		_covers(glob, "registry-1.docker.io/library/nginx")
	}
	_covers("docker.io/vendor/agent", "vendor/agent:1")
	_covers(concat("", ["docker.io/nginx@", _digest]), concat("", ["nginx@", _digest]))
	_covers("docker.io/*", "nginx:1.27")
	not _covers("docker.io/vendor/agent", "agent:1")
}

test_digest_covers_itself_alone if {
	glob := concat("", ["registry.test/vendor/agent@", _digest])
	_covers(glob, concat("", ["registry.test/vendor/agent:7@", _digest]))
	not _covers(glob, _image)
	not _covers(glob, concat("", ["registry.test/vendor/other@", _digest]))
	not _covers(glob, concat("", ["registry.test/vendor/agent@", replace(_digest, "0", "1")]))
}

test_what_names_no_repository_covers_nothing if {
	every glob in [
		"registry.test/vendor/agent:1",
		"registry.test/vendor/agent:*",
		"agent",
		"*",
		"",
		"registry.test/vendor/agent|.*",
		"registry.test/vendor/(agent)",
		"registry.test/vendor/*@sha256:0123",
		concat("", ["registry.test/vendor/*@", _digest]),
		7,
		null,
		["registry.test/vendor/agent"],
	] {
		not _covers(glob, _image)
	}
	not _found(_parameters, _with({"images": ["**"]}), "no reference at all", _now) == "late"
}

_long(length) := concat("", ["x" | some _ in numbers.range(1, length)])

test_field_with_another_type_or_an_unknown_one_waives_nothing if {
	every fields in [
		{"images": "registry.test/vendor/agent"},
		{"images": []},
		{"images": ["registry.test/vendor/agent", "agent:1"]},
		{"images": ["registry.test/vendor/agent", 7]},
		{"policies": "maximum-image-age"},
		{"policies": {"maximum-image-age": true}},
		{"policies": ["maximum-image-age", 7]},
		{"namespaces": "shop"},
		{"namespaces": ["shop", ""]},
		{"namespaces": [sprintf("ns-%d", [number]) | some number in numbers.range(1, 64)]},
		{"until": 1772323200},
		{"until": null},
		{"until": ""},
		{"until": "2026-03-01"},
		{"until": "2026-02-30T00:00:00Z"},
		{"until": "2026-01-01T00:00:00Z"},
		{"until": "soon"},
		{"reason": "short"},
		{"reason": 1234567890},
		{"owner": ""},
		{"owner": " "},
		{"owner": "\u200b"},
		{"owner": "\u202e\u2066"},
		{"reason": "\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b"},
		{"reason": "----------"},
		{"reason": "            "},
		{"owner": null},
		{"ticket": 12},
		{"breakGlass": "true"},
		{"breakGlass": null},
		{"selector": {}},
		{"policies": ["maximum-image-age", "-age"]},
		{"policies": ["maximum-image-age", "Age"]},
		{"policies": ["maximum-image-age", _long(254)]},
		{"namespaces": ["shop", "*"]},
		{"namespaces": ["shop", "Shop"]},
		{"namespaces": ["shop", "shop.test"]},
		{"namespaces": ["shop", _long(64)]},
		{"images": ["registry.test/vendor/agent", concat("/", ["registry.test", _long(1020)])]},
		{"reason": _long(1025)},
		{"owner": _long(1025)},
		{"ticket": _long(1025)},
	] {
		not _holds(_with(fields))
	}
	_holds(_with({"policies": ["maximum-image-age", "a.b-c", _long(253)], "namespaces": ["shop", _long(63)], "ticket": _long(1024)}))
	every name in object.keys(_spec) {
		not _holds(object.remove(_spec, [name]))
	}
	_holds(_spec)
	_holds(_with({"owner": "команда", "reason": "供应商十二月会重新构建"}))
}

test_bad_waivers_leave_good_ones_alone if {
	synced := {
		"a": _object(null),
		"b": {},
		"c": null,
		"d": "text",
		"e": {"metadata": {}, "spec": _spec},
		"f": _object(_with({"images": {}})),
		"late": _object(_spec),
	}
	found := waivers.holding(_candidates(_parameters, synced), _parameters, _image, _now)
	found == {
		"name": "late",
		"until": "2026-03-01T00:00:00Z",
		"owner": "team-shop",
		"ticket": "",
		"reason": "the vendor rebuilds in March",
		"breakGlass": false,
	}
}

test_of_several_the_one_that_ends_last_holds if {
	synced := {
		"late": _object(_spec),
		"later": _object(_with({"until": "2026-03-02T00:00:00+01:00"})),
		"over": _object(_with({"until": "2026-02-10T00:00:00Z"})),
	}
	candidates := _candidates(_parameters, synced)
	waivers.holding(candidates, _parameters, _image, _now).name == "later"
	waivers.holding(candidates, _parameters, _image, _at("2026-02-05T00:00:00Z")).name == "later"
}

_entry := object.union(_spec, {"name": "written", "from": "2026-02-10T00:00:00Z"})

_written(entry, now) := waivers.holding(_candidates(given, {}), given, _image, now).name if {
	given := object.union(_parameters, {"waivers": {"allowed": true, "maxDays": 60, "entries": [entry]}})
} else := ""

test_entry_of_the_parameters_holds_from_when_it_says if {
	_written(_entry, _at("2026-02-10T00:00:00Z")) == "written"
	_written(_entry, _at("2026-02-09T23:59:59Z")) == ""
	_written(object.remove(_entry, ["from"]), _now) == ""
	_written(object.union(_entry, {"from": "2025-12-01T00:00:00Z"}), _now) == ""
	_written(object.union(_entry, {"from": "soon"}), _now) == ""
}

test_entry_is_for_its_namespaces_alone if {
	given := object.union(_parameters, {"waivers": {"allowed": true, "entries": [_entry]}})
	count(waivers.candidates(given, "shop", [])) == 1
	waivers.candidates(given, "shop-two", []) == []
	waivers.candidates(given, "Shop", []) == []
	waivers.candidates(given, "", []) == []
}

test_entry_that_has_not_begun_is_told if {
	given := object.union(_parameters, {"waivers": {"allowed": true, "entries": [_entry]}})
	waivers.note(_candidates(given, {}), given, _image, _at("2026-02-09T00:00:00Z")) == "the Waiver written does not hold before 2026-02-10T00:00:00Z"
}

test_notes_say_what_is_wrong_with_a_waiver if {
	_note(_with({"owner": ""}), _now) == "the Waiver late does not hold, as it has not the form of one"
	_note(_with({"until": "soon"}), _now) == "the Waiver late does not hold, as its times cannot be read"
	_note(_spec, _now) == ""
	_note(_with({"images": ["registry.test/other"]}), _now) == ""
}

test_message_names_waiver_end_and_owner if {
	waivers.said({"name": "late", "until": "2026-03-01T00:00:00Z", "owner": "team-shop"}) == "Waived until 2026-03-01T00:00:00Z by the Waiver late (team-shop)."
	waivers.without({"reason": "ImageTooOld", "said": "Image is 45 days old."}) == "without it: ImageTooOld: Image is 45 days old"
	waivers.without({"reason": "Timeout", "said": ""}) == "without it: Timeout"
}
