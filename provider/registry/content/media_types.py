"""The media types of images (OCI image specification, `media-types.md`; Docker image manifest version 2, schema 2)."""

from __future__ import annotations

from typing import Final

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"

MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
CONFIGS: Final = frozenset({OCI_CONFIG, DOCKER_CONFIG})
ACCEPTED: Final = f"{OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST}, {DOCKER_LIST}"

# Said by registries and proxies that do not know better; the document itself then says what it is.
VAGUE: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})


def essence(header: str) -> str:
    """A Content-Type without its parameters, in lower case (RFC 9110, section 8.3.1)."""
    return header.partition(";")[0].strip().lower()


def may_be_manifest(header: str) -> bool:
    """Whether a Content-Type is that of a manifest, known or not, or says nothing; a web page's does not."""
    kind = essence(header)
    return kind in VAGUE or (kind.startswith("application/vnd.") and kind.endswith(("+json", "+prettyjws")))
