package lib.bestbefore.reference_test

import future.keywords

import data.lib.bestbefore.reference

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

test_names_are_written_out if {
	every text, name in {
		"alpine": "index.docker.io/library/alpine:latest",
		"alpine:3.20": "index.docker.io/library/alpine:3.20",
		"library/alpine": "index.docker.io/library/alpine:latest",
		"docker.io/alpine": "index.docker.io/library/alpine:latest",
		"docker.io/team/app:1": "index.docker.io/team/app:1",
		"team/app": "index.docker.io/team/app:latest",
		"localhost/app": "index.docker.io/localhost/app:latest",
		"localhost:5000/app": "localhost:5000/app:latest",
		"registry.test/a/b/c:v1": "registry.test/a/b/c:v1",
		"registry.test:443/app": "registry.test:443/app:latest",
		"[::1]:5000/app": "[::1]:5000/app:latest",
	} {
		reference.parsed(text).name == name
	}
}

test_digest_drops_the_tag if {
	text := concat("@", ["registry.test/app:1", _digest])
	reference.parsed(text) == {
		"name": concat("@", ["registry.test/app", _digest]),
		"repository": "registry.test/app",
		"digest": _digest,
	}
}

test_malformed_references_have_no_name if {
	every text in [
		"",
		"x",
		"UPPER/case",
		"alpine:",
		"a b",
		"alpine:v1:v2",
		"alpine@sha256:abc",
		"alpine@sha512:0123",
		concat("@", ["alpine", upper(_digest)]),
		concat("@", ["alpine", _digest, _digest]),
		"registry.test/",
		"registry.test/app:-\n",
		"https://registry.test/app",
		sprintf("alpine:%0129d", [1]),
	] {
		not reference.parsed(text)
	}
}
