package lib.bestbefore.glob_test

import future.keywords

import data.lib.bestbefore.glob

test_globs_that_cover if {
	every pair in [
		["**", "registry.test/a/b:1"],
		["*", "alpine:3.20"],
		["*", "docker.io/alpine"],
		["*/*", "team/app"],
		["registry.test/*", "registry.test/app:1"],
		["registry.test/**", "registry.test/a/b/c"],
		["index.docker.io/library/alpine*", "alpine:3.20"],
		["index.docker.io/team/app*", "team/app:1"],
		["registry.test/*/app:*", "registry.test/team/app:1"],
		["****", "alpine"],
	] {
		glob.covers(pair[0], pair[1])
	}
}

test_globs_that_do_not_cover if {
	every pair in [
		["*", "team/app"],
		["*", "registry.test/app"],
		["registry.test/*", "registry.test/a/b"],
		["registry.test/app", "registry.test/app:1"],
		["registryxtest/*", "registry.test/app"],
		["registry.test/*", "registryxtest/app"],
		["alpine", "alpine"],
		["team/app*", "team/app:1"],
		["app/**", "registry.test/app/x"],
		["team/app*", "team/other:1"],
	] {
		not glob.covers(pair[0], pair[1])
	}
}

test_malformed_reference_is_covered_by_every_glob if glob.covers("registry.test/*", "UPPER/case")

test_point_is_a_point if {
	glob.covers("registry.test/a.c:1", "registry.test/a.c:1")
	not glob.covers("registry.test/a.c:1", "registry.test/abc:1")
}

test_other_spelling_of_a_registry_escapes_no_glob if {
	every text in [
		"REGISTRY.example.com/shop/web:1",
		"registry.example.com:443/shop/web:1",
		"Registry.example.com:0443/shop/web:1",
	] {
		glob.covers("registry.example.com/**", text)
		not glob.covers_as_written("registry.example.com/**", text)
	}
	glob.covers("index.docker.io/library/*", "registry-1.docker.io/library/alpine:3")
	glob.covers("*", "DOCKER.IO/alpine:3")
	not glob.covers("registry.example.com/**", "registry.example.com:80/shop/web:1")
}

test_glob_in_another_spelling_still_covers_what_is_written_so if {
	glob.covers("registry.example.com:443/**", "registry.example.com:443/shop/web:1")
	glob.covers("REGISTRY.example.com/**", "REGISTRY.example.com/shop/web:1")
}

test_malformed_reference_is_covered_as_written_too if glob.covers_as_written("registry.example.com/**", "UPPER")
