package lib.bestbefore.platforms_test

import future.keywords

import data.lib.bestbefore.platforms

test_names_are_those_of_go_containerregistry if {
	every name in ["linux", "linux/amd64", "linux/arm64/v8", "windows/amd64:10.0.17763.5329", "windows:10.0.1", "FreeBSD/amd64"] {
		platforms.is_name(name)
	}
}

test_other_texts_are_no_names if {
	every text in ["", "a b", "a\nb", "/amd64", "linux/", "linux/a/b/c", "linux/amd64:1:2", "<b>", null, 1] {
		not platforms.is_name(text)
	}
}

_names := {"linux/amd64", "linux/arm64/v8", "windows/amd64:10.0.17763.5329"}

_linux := {"linux/amd64", "linux/arm64/v8"}

_windows := {"windows/amd64:10.0.17763.5329"}

_runnable(spec) := platforms.runnable(_names, spec)

_affine(terms) := {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}}

_term(key, operator, values) := {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}

_os(operator, values) := _term("kubernetes.io/os", operator, values)

_arch(operator, values) := _term("kubernetes.io/arch", operator, values)

test_pod_that_says_nothing_runs_everywhere if {
	every spec in [{}, {"os": {}}, {"nodeSelector": {}}, {"nodeSelector": null}, {"os": {"name": null}}, {"nodeSelector": {"disk": "ssd"}}, {"affinity": {}}, _affine([])] {
		_runnable(spec) == _names
	}
}

test_pod_runs_on_the_system_that_it_names if {
	_runnable({"os": {"name": "linux"}}) == _linux
	_runnable({"os": {"name": "windows"}}) == _windows
	_runnable({"nodeSelector": {"kubernetes.io/os": "linux", "disk": "ssd"}}) == _linux
	_runnable(_affine([_os("In", ["linux"])])) == _linux
	_runnable(_affine([_os("NotIn", ["windows"])])) == _linux
}

test_pod_runs_on_the_architecture_that_it_names if {
	_runnable({"nodeSelector": {"kubernetes.io/arch": "arm64"}}) == {"linux/arm64/v8"}
	_runnable(_affine([_arch("In", ["arm64", "s390x"])])) == {"linux/arm64/v8"}
	_runnable(_affine([_arch("NotIn", ["amd64"])])) == {"linux/arm64/v8"}
	_runnable({"os": {"name": "linux"}, "nodeSelector": {"kubernetes.io/arch": "amd64"}}) == {"linux/amd64"}
	_runnable({"os": {"name": "windows"}, "nodeSelector": {"kubernetes.io/arch": "arm64"}}) == set()
}

test_one_term_of_an_affinity_is_enough_and_all_of_its_expressions_count if {
	_runnable(_affine([_os("In", ["windows"]), _arch("In", ["arm64"])])) == {"windows/amd64:10.0.17763.5329", "linux/arm64/v8"}
	both := {"matchExpressions": array.concat(_os("In", ["linux"]).matchExpressions, _arch("In", ["amd64"]).matchExpressions)}
	_runnable(_affine([both])) == {"linux/amd64"}
	_runnable(_affine([_os("In", ["windows"]), _term("disk", "In", ["ssd"])])) == _names
}

test_what_only_other_labels_or_operators_say_leaves_nothing_out if {
	every term in [
		_term("disk", "In", ["ssd"]),
		_os("Exists", []),
		_os("DoesNotExist", []),
		_os("Gt", ["1"]),
		{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]},
		{"matchExpressions": null},
		{"matchExpressions": "x"},
		{},
	] {
		_runnable(_affine([term])) == _names
	}
}

test_affinity_of_another_shape_leaves_nothing_out if {
	every affinity in [null, [], "x", {"nodeAffinity": null}, {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": null}}] {
		_runnable({"affinity": affinity}) == _names
	}
	_runnable(_affine("x")) == _names
}

test_preferred_affinity_leaves_nothing_out if {
	preferred := [{"weight": 1, "preference": _os("In", ["linux"])}]
	_runnable({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}) == _names
}

test_platform_that_does_not_say_where_it_runs_is_never_left_out if {
	every name in ["", "linux", "unknown/unknown", "linux/unknown", "/amd64", "windows:10.0.1"] {
		platforms.runnable({name, "linux/arm64"}, {"os": {"name": "linux"}, "nodeSelector": {"kubernetes.io/arch": "amd64"}}) == {name}
	}
}

test_spellings_of_an_architecture_are_one if {
	names := {"linux/x86_64", "Linux/AMD64", "linux/aarch64"}
	platforms.runnable(names, {"nodeSelector": {"kubernetes.io/arch": "amd64"}}) == {"linux/x86_64", "Linux/AMD64"}
}

test_smaller_architecture_stands_in_where_the_node_s_own_is_missing if {
	amd64 := {"nodeSelector": {"kubernetes.io/arch": "amd64"}}
	platforms.runnable({"linux/386", "linux/arm64"}, amd64) == {"linux/386"}
	platforms.runnable({"linux/386", "linux/amd64"}, amd64) == {"linux/amd64"}
	arm64 := {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
	platforms.runnable({"linux/arm/v7", "linux/amd64"}, arm64) == {"linux/arm/v7"}
	platforms.runnable({"windows/arm64", "linux/arm/v7"}, arm64) == {"windows/arm64", "linux/arm/v7"}
}

test_smaller_architecture_stands_in_where_the_node_s_own_is_for_newer_machines if {
	amd64 := {"nodeSelector": {"kubernetes.io/arch": "amd64"}}
	platforms.runnable({"linux/386", "linux/amd64/v3"}, amd64) == {"linux/386", "linux/amd64/v3"}
	platforms.runnable({"linux/386", "linux/amd64/v3", "linux/amd64"}, amd64) == {"linux/amd64/v3", "linux/amd64"}
	platforms.runnable({"linux/386", "linux/x86-64/V1"}, amd64) == {"linux/x86-64/V1"}
	arm64 := {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
	platforms.runnable({"linux/arm/v7", "linux/arm64/v9"}, arm64) == {"linux/arm/v7", "linux/arm64/v9"}
	platforms.runnable({"linux/arm/v7", "linux/arm64/v8"}, arm64) == {"linux/arm64/v8"}
}

test_every_name_of_an_architecture_is_known if {
	every name, arch in {
		"aarch64": "arm64",
		"armel": "arm",
		"armhf": "arm",
		"i386": "386",
		"x86-64": "amd64",
		"x86_64": "amd64",
	} {
		names := {concat("/", ["linux", name])}
		platforms.runnable(names, {"nodeSelector": {"kubernetes.io/arch": arch}}) == names
		platforms.runnable(names, {"nodeSelector": {"kubernetes.io/arch": "s390x"}}) == set()
	}
}
