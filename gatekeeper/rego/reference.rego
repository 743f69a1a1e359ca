# METADATA
# title: Image references
# description: |
#   Normalises references as go-containerregistry does: ClusterImagePolicy globs are matched against its names.
package lib.bestbefore.reference

import future.keywords

# METADATA
# description: |
#   What a reference names: `name` as globs see it (`index.docker.io/library/alpine:latest`, `host/repo@sha256:…`),
#   `repository` with its registry, and `digest` ("" where there is none). Undefined for a malformed reference.
parsed(text) := {"name": concat("", [repository, _pointer(tag, digest)]), "repository": repository, "digest": digest} if {
	# Registry, path, tag and digest; "" for what is not there. The first part is a registry only where it looks like one;
	# all else is Docker Hub's. A colon after the last slash starts a tag; before it, a port.
	[[_, registry, path, tag, digest]] := regex.find_all_string_submatch_n(`^(?:([^/@]*[.:][^/@]*)/)?([^:@]*)(?::([A-Za-z0-9_.-]{1,128}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`, text, 1)
	regex.match(`^[a-z0-9_./-]{2,255}$`, path)
	not regex.match(`(^|/)\.\.?(/|$)`, path)
	repository := _repository(registry, path)
}

# METADATA
# description: |
#   Whether policy-controller can read a reference: go-containerregistry knows digests of SHA-256 alone. A policy of
#   its kind denies all others, as there.
readable_upstream(text) if not startswith(parsed(text).digest, "sha512:")

# The tag beside a digest is dropped.
_pointer(tag, digest) := concat("", ["@", digest]) if {
	digest != ""
} else := concat("", [":", tag]) if {
	tag != ""
} else := ":latest"

# METADATA
# description: |
#   The name of what a reference names, with the registry by its usual name: in lower case, without the port of HTTPS, and
#   Docker Hub by one of its names. Undefined for a malformed reference.
canonical(text) := concat("", [_canonical_repository(named.repository), substring(named.name, count(named.repository), -1)]) if {
	named := parsed(text)
}

_canonical_repository(repository) := concat("/", [host, _namespaced(host, path)]) if {
	slash := indexof(repository, "/")
	host := _canonical_host(substring(repository, 0, slash))
	path := substring(repository, slash + 1, -1)
}

_canonical_host(host) := "index.docker.io" if {
	_usual(host) in _docker_hub
} else := _usual(host)

_docker_hub := {"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}

_usual(host) := concat("", [_usual_name(name), port]) if {
	name := regex.replace(lower(host), `:[0-9]+$`, "")
	number := trim_left(trim_prefix(lower(host), name), ":0")
	port := _port(number)
}

_port(number) := "" if {
	number in {"", "443"}
} else := concat("", [":", number])

# An IPv6 address can be written in many ways; the network of it alone is written in one.
_usual_name(name) := sprintf("[%s]", [split(address, "/")[0]]) if {
	startswith(name, "[")
	[address] := [each | some each in net.cidr_merge([concat("", [trim(name, "[]"), "/128"])])]
} else := name

_repository(registry, path) := concat("/", ["index.docker.io", _namespaced("index.docker.io", path)]) if {
	registry in {"", "docker.io", "index.docker.io"}
} else := concat("/", [registry, path]) if {
	_is_authority(registry)
}

# A host name and a port that there is, or an IP literal in its place: what stands in brackets has to be an IPv6 address.
_is_authority(registry) if {
	regex.match(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(:([0-9]{1,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$`, registry)
	not regex.match(`:0+$`, registry)
	_is_name_or_address(registry)
}

_is_name_or_address(registry) if {
	not startswith(registry, "[")
} else if {
	literal := split(trim_prefix(registry, "["), "]")[0]
	net.cidr_is_valid(concat("", [literal, "/128"]))
}

_namespaced("index.docker.io", path) := concat("/", ["library", path]) if {
	not contains(path, "/")
} else := path

_namespaced(host, path) := path if host != "index.docker.io"
