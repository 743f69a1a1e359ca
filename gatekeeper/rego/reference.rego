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
parsed(text) := {"name": concat(":", [repository, tag]), "repository": repository, "digest": ""} if {
	not contains(text, "@")
	not contains(text, "://")
	[base, tag] := _tagged(text)
	regex.match(`^[A-Za-z0-9_.-]{1,128}$`, tag)
	repository := _repository(base)
}

parsed(text) := {"name": concat("@", [repository, digest]), "repository": repository, "digest": digest} if {
	not contains(text, "://")
	[base, digest] := split(text, "@")
	regex.match(`^sha256:[0-9a-f]{64}$`, digest)
	repository := _repository(_untagged(base))
}

# A colon after the last slash starts a tag; before it, a port.
_tagged(text) := [base, tag] if {
	parts := split(text, ":")
	count(parts) > 1
	tag := parts[count(parts) - 1]
	not contains(tag, "/")
	base := concat(":", array.slice(parts, 0, count(parts) - 1))
} else := [text, "latest"]

# The tag beside a digest is dropped, but it must be one.
_untagged(text) := base if {
	[base, tag] := _tagged(text)
	regex.match(`^[A-Za-z0-9_.-]{1,128}$`, tag)
}

_repository(base) := concat("/", [_host(registry), _namespaced(_host(registry), path)]) if {
	[registry, path] := _host_and_path(base)
	regex.match(`^[a-z0-9_./-]{2,255}$`, path)
	not _climbs(path)
	_is_authority(registry)
}

_climbs(path) if {
	some part in split(path, "/")
	part in {".", ".."}
}

# A host name or an IP literal, and a port that there is.
_is_authority(registry) if {
	regex.match(concat("", ["^", _host_pattern, _port_pattern, "$"]), registry)
	not regex.match(`:0+$`, registry)
	_is_name_or_address(registry)
}

# What stands in brackets has to be an IPv6 address.
_is_name_or_address(registry) if not startswith(registry, "[")

_is_name_or_address(registry) if {
	literal := split(trim_prefix(registry, "["), "]")[0]
	net.cidr_is_valid(concat("", [literal, "/128"]))
}

_host_pattern := `([A-Za-z0-9]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])`

_port_pattern := `(:([0-9]{1,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?`

# The first part is a registry only where it looks like one; all else is Docker Hub's.
_host_and_path(base) := [registry, substring(base, slash + 1, -1)] if {
	slash := indexof(base, "/")
	slash > 0
	registry := substring(base, 0, slash)
	regex.match(`[.:]`, registry)
} else := ["index.docker.io", base]

_namespaced("index.docker.io", path) := concat("/", ["library", path]) if {
	not contains(path, "/")
} else := path

_namespaced(host, path) := path if host != "index.docker.io"

_host("docker.io") := "index.docker.io"

_host(registry) := registry if registry != "docker.io"
