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
