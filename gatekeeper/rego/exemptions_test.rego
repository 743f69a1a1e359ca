package lib.bestbefore.exemptions_test

import future.keywords

import data.lib.bestbefore.exemptions

_image := "registry.test/app:1"

_exemption := {
	"image": "registry.test/app*",
	"namespace": "shop",
	"until": "2026-03-01",
	"reason": "the vendor rebuilds in March",
	"owner": "team-shop",
}

_at(moment) := time.parse_rfc3339_ns(moment)

_in_force(exemption, moment) if exemptions.in_force([exemption], _image, "shop", _at(moment))

_with(fields) := object.union(_exemption, fields)

test_date_holds_until_its_end if {
	_in_force(_exemption, "2026-02-01T00:00:00Z")
	_in_force(_exemption, "2026-03-01T23:59:59Z")
	not _in_force(_exemption, "2026-03-02T00:00:00Z")
}

test_moment_holds_until_it_comes if {
	exemption := _with({"until": "2026-03-01T12:00:00+02:00"})
	_in_force(exemption, "2026-03-01T09:59:59Z")
	not _in_force(exemption, "2026-03-01T10:00:00Z")
}

test_namespace_is_exact if {
	moment := _at("2026-02-01T00:00:00Z")
	not exemptions.in_force([_exemption], _image, "shop-two", moment)
	not exemptions.in_force([_exemption], _image, "", moment)
	not exemptions.in_force([_with({"namespace": null})], _image, "shop", moment)
	exemptions.in_force([_with({"namespace": ""})], _image, "other", moment)
	exemptions.in_force([object.remove(_exemption, ["namespace"])], _image, "other", moment)
}

test_image_must_fit if {
	not exemptions.in_force([_exemption], "registry.test/other:1", "shop", _at("2026-02-01T00:00:00Z"))
	not exemptions.in_force([object.remove(_exemption, ["image"])], _image, "shop", _at("2026-02-01T00:00:00Z"))
}

test_end_that_cannot_be_read_exempts_nothing if {
	every until in [
		"2026-02-30",
		"2026-13-01",
		"soon",
		"",
		"2026-03-01 12:00",
		"2026-03-01T12:00",
		"01.03.2026",
		"2099-01-01\n",
		20990101,
		null,
		{},
	] {
		not _in_force(_with({"until": until}), "2026-02-01T00:00:00Z")
		contains(
			exemptions.note([_with({"until": until})], _image, "shop", _at("2026-02-01T00:00:00Z")),
			"no RFC 3339 date or time",
		)
	}
}

test_exemption_without_an_end_exempts_nothing if {
	exemption := object.remove(_exemption, ["until"])
	not _in_force(exemption, "2026-02-01T00:00:00Z")
	exemptions.note([exemption], _image, "shop", _at("2026-02-01T00:00:00Z")) == "the exemption for registry.test/app* (team-shop) does not hold, because its `until` is no RFC 3339 date or time"
}

test_one_in_force_is_enough if {
	exemptions.in_force([_with({"until": "2020-01-01"}), _exemption], _image, "shop", _at("2026-02-01T00:00:00Z"))
}

test_end_is_told if {
	moment := _at("2026-03-02T00:00:00Z")
	exemptions.note([_exemption], _image, "shop", moment) == "the exemption for registry.test/app* (team-shop) ended on 2026-03-01"
	exemptions.note([object.remove(_exemption, ["owner"])], _image, "shop", moment) == "the exemption for registry.test/app* ended on 2026-03-01"
	exemptions.note([_with({"owner": 7})], _image, "shop", moment) == "the exemption for registry.test/app* ended on 2026-03-01"
}

test_exemption_of_others_is_not_told if {
	moment := _at("2026-03-02T00:00:00Z")
	exemptions.note([_exemption], _image, "other", moment) == ""
	exemptions.note([_exemption], "registry.test/other:1", "shop", moment) == ""
	exemptions.note([], _image, "shop", moment) == ""
}

test_exemptions_of_another_shape_exempt_nothing if {
	every list in [[null], ["x"], [[]], [{}], "x", null] {
		not exemptions.in_force(list, _image, "shop", 0)
		exemptions.note(list, _image, "shop", 0) == ""
	}
}

test_exemption_in_force_has_no_note if {
	exemptions.note([_exemption], _image, "shop", _at("2026-02-01T00:00:00Z")) == ""
}
