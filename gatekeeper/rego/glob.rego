# METADATA
# title: Globs
# description: Matches images against `spec.images[].glob` of a ClusterImagePolicy.
package lib.bestbefore.glob

import future.keywords

import data.lib.bestbefore.reference

# METADATA
# description: |
#   Whether a glob covers an image: the whole normalised name must match, with the registry as it is written or by its
#   usual name, so that no other spelling of a registry leads past a policy. A malformed reference is covered by every
#   glob: it is for the verdict to refuse it, not for the selection to lose it.
covers(glob, text) if covers_as_written(glob, text)

covers(glob, text) if regex.match(_pattern(glob), reference.canonical(text))

# METADATA
# description: The same with the registry as it is written, as policy-controller matches.
covers_as_written("**", _)

covers_as_written(glob, text) if regex.match(_pattern(glob), reference.parsed(text).name)

covers_as_written(_, text) if not reference.parsed(text)

# METADATA
# description: Whether a text is a glob; other characters would mean something to a regular expression, or nothing.
is_valid(text) if regex.match(`^[A-Za-z0-9._:/@*-]+$`, text)

# Double stars are set aside first, so that the single star's replacement does not meet them.
_pattern(glob) := sprintf("^%s$", [replace(single, "#", ".*")]) if {
	escaped := replace(_written_out(glob), ".", `\.`)
	double := replace(escaped, "**", "#")
	single := replace(double, "*", "[^/]*")
}

_written_out("*") := "index.docker.io/library/*"

_written_out("*/*") := "index.docker.io/*/*"

_written_out(glob) := glob if not glob in {"*", "*/*"}
