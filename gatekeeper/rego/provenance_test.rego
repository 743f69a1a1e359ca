package lib.bestbefore.provenance_test

import future.keywords

import data.lib.bestbefore.provenance

_now := time.parse_rfc3339_ns("2026-03-01T00:00:00Z")

_v1 := "https://slsa.dev/provenance/v1"

_builder := {
	"name": "builder",
	"attestor": {"keyless": {"trustRoot": "ours"}, "format": "bundle"},
	"identities": [{"issuer": "https://issuer.test", "subject": "builder@example.test"}],
}

_proof(statement) := {
	"digest": "sha256:00",
	"subjects": ["builder@example.test"],
	"issuer": "https://issuer.test",
	"times": [],
	"attestation": {"predicateType": _v1, "statement": statement},
}

_statement(builder, started, finished) := {"predicate": {"runDetails": {
	"builder": {"id": builder},
	"metadata": {"startedOn": started, "finishedOn": finished},
}}}

_on(text) := time.parse_rfc3339_ns(text)

_build(statement, existed) := provenance.build(
	_v1,
	_proof(statement),
	_builder,
	["https://builder.test/*", "https://exact.test/b"],
	existed,
	_now,
)

_good := "2026-02-25T00:00:00Z"

test_builder_is_compared_whole if {
	every builder in ["https://builder.test/a", "https://exact.test/b"] {
		_build(_statement(builder, _good, _good), null).started == _on(_good)
	}
	every builder in ["https://builder.test/a/b", "https://builder.test", "https://exact.test/b2", "x https://exact.test/b", "", null, 1, ["https://exact.test/b"]] {
		startswith(_build(_statement(builder, _good, _good), null).remark, "provenance by another builder (")
	}
}

test_times_that_cannot_be_are_no_date if {
	every times, said in {
		["2026-02-26T00:00:00Z", _good]: "started after it was finished",
		["2012-12-31T23:59:59Z", _good]: "before there were such images",
		["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]: "no RFC 3339",
		["2026-03-01T00:05:01Z", null]: "in the future",
		["soon", null]: "no RFC 3339",
		[1, null]: "no RFC 3339",
		[null, {}]: "no RFC 3339",
		[null, null]: "built, and not when",
	} {
		contains(_build(_statement("https://exact.test/b", times[0], times[1]), null).remark, said)
	}
}

test_build_cannot_be_later_than_the_image_was_there if {
	_build(_statement("https://exact.test/b", _good, null), _on("2026-02-24T23:55:00Z")).started == _on(_good)
	contains(_build(_statement("https://exact.test/b", _good, null), _on("2026-02-24T23:54:59Z")).remark, "but it was there on 2026-02-24T23:54:59Z")
	contains(_build(_statement("https://exact.test/b", "2026-02-24T00:00:00Z", _good), _on("2026-02-24T12:00:00Z")).remark, "but it was there on")
}

test_statement_that_is_none_is_no_date if {
	every statement in [null, [], "x", {}, {"predicate": null}, {"predicate": []}, {"predicate": {"runDetails": 1}}] {
		_build(statement, null).remark
		not _build(statement, null).started
	}
}

test_key_attests_by_itself if {
	signer := {"name": "key", "attestor": {"key": {"data": "PEM"}}}
	proof := {"digest": "sha256:00", "subjects": [], "times": [], "attestation": {"predicateType": _v1, "statement": _statement("https://b.test", _good, null)}}
	provenance.build(_v1, proof, signer, ["https://b.test"], null, _now).started == _on(_good)
	not provenance.build("https://slsa.dev/provenance/v0.2", proof, signer, ["https://b.test"], null, _now)
}
