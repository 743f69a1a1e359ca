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
		"localhost:5000/app:1": "localhost:5000/app:1",
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

test_sha512_is_a_digest if {
	digest := sprintf("sha512:%s%s", [substring(_digest, 7, -1), substring(_digest, 7, -1)])
	reference.parsed(concat("@", ["registry.test/app:1", digest])) == {
		"name": concat("@", ["registry.test/app", digest]),
		"repository": "registry.test/app",
		"digest": digest,
	}
	not reference.parsed(sprintf("registry.test/app@sha512:%s", [substring(_digest, 7, -1)]))
	not reference.parsed(concat("", ["registry.test/app@", digest, "0"]))
}

test_tag_is_no_digest if {
	reference.parsed("registry.test/app:1") == {
		"name": "registry.test/app:1",
		"repository": "registry.test/app",
		"digest": "",
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
		concat("@", ["alpine:a b", _digest]),
		concat("@", [sprintf("alpine:%0129d", [1]), _digest]),
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

test_registry_has_one_usual_name if {
	every text, name in {
		"REGISTRY.example.com/shop/web:1": "registry.example.com/shop/web:1",
		"registry.example.com:443/shop/web:1": "registry.example.com/shop/web:1",
		"Registry.Example.com:0443/shop/web:1": "registry.example.com/shop/web:1",
		"registry.example.com:05000/shop/web:1": "registry.example.com:5000/shop/web:1",
		"registry.example.com:80/shop/web:1": "registry.example.com:80/shop/web:1",
		"registry.example.com:4430/shop/web:1": "registry.example.com:4430/shop/web:1",
		"DOCKER.IO/alpine:3": "index.docker.io/library/alpine:3",
		"docker.io:443/alpine:3": "index.docker.io/library/alpine:3",
		"registry-1.docker.io/library/alpine:3": "index.docker.io/library/alpine:3",
		"registry-1.docker.io/acme/web:3": "index.docker.io/acme/web:3",
		"registry.hub.docker.com/library/alpine": "index.docker.io/library/alpine:latest",
		"alpine": "index.docker.io/library/alpine:latest",
		"LOCALHOST:5000/web:1": "localhost:5000/web:1",
		"[0:0:0:0:0:0:0:1]:5000/web:1": "[::1]:5000/web:1",
		"[2001:DB8::0001]/web:1": "[2001:db8::1]/web:1",
		"registry.example.com:443/shop/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": "registry.example.com/shop/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	} {
		reference.canonical(text) == name
	}
	not reference.canonical("registry.example.com./shop/web:1")
	not reference.canonical("UPPER")
}
