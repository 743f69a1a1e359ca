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

# A registry is a host name or an IP literal with a port, as the provider has it; a text that would reach a URL otherwise
# is none.
test_odd_registries_and_paths_have_no_name if {
	every text in [
		"registry.test:/app",
		"registry.test:0/app",
		"registry.test:65536/app",
		"registry.test:123456/app",
		"-registry.test/app",
		"registry.test-/app",
		".test/app",
		"[::1/app",
		"[]/app.b",
		"[:24:611]:80/a",
		"[:a1]/app",
		"[1.2.3.4]/app",
		"registry.test/../app",
		"registry.test/a/./app",
		"../app",
		concat("/", ["registry.test", sprintf("a%0255d", [1])]),
	] {
		not reference.parsed(text)
	}
}

test_odd_registries_that_are_some if {
	every text, name in {
		"registry.test:00080/app": "registry.test:00080/app:latest",
		"registry.test:65535/app": "registry.test:65535/app:latest",
		"[::ffff:1.2.3.4]:80/app": "[::ffff:1.2.3.4]:80/app:latest",
		"registry.test//app": "registry.test//app:latest",
		"registry.test/a..b": "registry.test/a..b:latest",
		"/app": "index.docker.io//app:latest",
		sprintf("a%0254d", [1]): sprintf("index.docker.io/library/a%0254d:latest", [1]),
	} {
		reference.parsed(text).name == name
	}
}
