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

_repository(base) := concat("/", [_host(registry), repository]) if {
	[registry, repository] := _host_and_path(base)
	regex.match(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]*)?$`, registry)
	regex.match(`^[a-z0-9_./-]{2,255}$`, repository)
}

# The first part is a registry only where it looks like one; all else is Docker Hub's.
_host_and_path(base) := [registry, repository] if {
	slash := indexof(base, "/")
	slash > 0
	registry := substring(base, 0, slash)
	regex.match(`[.:]`, registry)
	repository := _namespaced(registry, substring(base, slash + 1, -1))
} else := ["index.docker.io", _namespaced("index.docker.io", base)]

_namespaced(registry, path) := concat("/", ["library", path]) if {
	_host(registry) == "index.docker.io"
	not contains(path, "/")
	count(path) > 1
} else := path

_host("docker.io") := "index.docker.io"

_host(registry) := registry if registry != "docker.io"
