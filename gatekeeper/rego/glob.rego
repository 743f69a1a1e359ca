# METADATA
# title: Globs
# description: Matches images against `spec.images[].glob` of a ClusterImagePolicy.
package lib.bestbefore.glob

import future.keywords

import data.lib.bestbefore.reference

# METADATA
# description: |
#   Whether a glob covers an image as written: the whole normalised name must match. A malformed reference is covered
#   by every glob: it is for the verdict to refuse it, not for the selection to lose it.
covers(glob, text) if regex.match(_pattern(glob), reference.parsed(text).name)

covers(_, text) if not reference.parsed(text)

# Double stars are set aside first, so that the single star's replacement does not meet them.
_pattern(glob) := sprintf("^%s$", [replace(single, "#", ".*")]) if {
	escaped := replace(_written_out(glob), ".", `\.`)
	double := replace(escaped, "**", "#")
	single := replace(double, "*", "[^/]*")
}

_written_out("*") := "index.docker.io/library/*"

_written_out("*/*") := "index.docker.io/*/*"

_written_out(glob) := glob if not glob in {"*", "*/*"}
