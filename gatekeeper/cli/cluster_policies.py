"""The policies about images that are in force in a cluster, as if they stood in files."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.documents.document import Document
from gatekeeper.policy import LoadedPolicies

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi

_FILE: Final = "the cluster"
# What a template that judges images has in its Rego: it asks the provider, or it is made of our library.
_ABOUT_IMAGES: Final = ("external_data", "lib.bestbefore")


def read(api: KubernetesApi, namespace: str) -> tuple[LoadedPolicies, Document]:
    """The templates about images with their Constraints, and the Namespace.

    Templates of others, which judge more of an object than its images, are named and left out: what they would say of
    a Pod that nobody has written means nothing. Ends the command where something cannot be read.
    """
    from gatekeeper.cluster import resource  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError  # noqa: PLC0415

    try:
        space = api.get(resource.NAMESPACES, namespace)
        templates = [each for page in api.pages(resource.CONSTRAINT_TEMPLATES) for each in page]
        kinds = {_kind(each): each for each in templates}
        about = {kind: each for kind, each in kinds.items() if kind and _is_about_images(each)}
        found = {
            kind: [each for page in api.pages(resource.constraints(kind)) for each in page] for kind in sorted(about)
        }
    except ObjectAbsentError as error:
        _leave(f"{error.message}: is there a namespace {namespace}, and Gatekeeper?")
    except ClusterError as error:
        _leave(error.message)
    left_out = sorted(kinds.keys() - about.keys() - {""})
    output.notes([f"not judged: {visible(kind)} looks at more of an object than its images" for kind in left_out])
    used = [each for kind, constraints in found.items() if constraints for each in (about[kind], *constraints)]
    return LoadedPolicies((), gatekeeper=tuple(map(_document, used))), _document(space)


def _document(found: Mapping[str, Any]) -> Document:
    # `status` says nothing of what is judged.
    value = {name: field for name, field in found.items() if name != "status"}
    return Document(_FILE, value, in_directory=True)


def _kind(template: Mapping[str, Any]) -> str:
    try:
        return str(template["spec"]["crd"]["spec"]["names"]["kind"])
    except (KeyError, TypeError):
        return ""


def _is_about_images(template: Mapping[str, Any]) -> bool:
    targets = json.dumps(template.get("spec", {}).get("targets", []))
    return any(word in targets for word in _ABOUT_IMAGES)


def _leave(sentence: str) -> NoReturn:
    output.problem(sentence)
    sys.exit(output.Exit.NO_VERDICT)
