"""Whether a hook of the chart runs because a release ends, or because somebody applied it as an ordinary object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import DEPLOYMENTS
from gatekeeper.documents import fields
from gatekeeper.documents.product import CONTROLLER_LABELS
from gatekeeper.uninstallation.errors import NoReleaseError

# Who runs hooks writes these on what it installs: Helm (and so Flux) an annotation, Argo CD an annotation or a label.
_RELEASE: Final = "meta.helm.sh/release-name"
_ARGO_CD: Final = "argocd.argoproj.io/"


def see_that_hooks_run(api: KubernetesApi, namespace: str) -> None:
    """See that the controller was installed by somebody who runs hooks at the end of a release.

    `helm template` prints hooks, too. Applied by kubectl, the one of the uninstallation would run at once.

    Raises:
        NoReleaseError: it was not.
        ClusterError: that cannot be read.
    """
    for found in _deployments(api, namespace):
        annotations = fields.mapping(found, "metadata", "annotations")
        marks = [*annotations, *fields.labels(found)]
        if _RELEASE not in annotations and not any(each.startswith(_ARGO_CD) for each in marks):
            raise NoReleaseError(
                f"nothing was done: neither Helm nor Argo CD installed Deployment {fields.name(found)}, so no release "
                "ends, and this hook of the chart was applied as an ordinary object. Render without hooks (helm "
                "template --no-hooks; Kustomize: skipHooks: true), and delete this Job"
            )


def _deployments(api: KubernetesApi, namespace: str) -> Iterator[Object]:
    try:
        for page in api.pages(DEPLOYMENTS, namespace, labels=CONTROLLER_LABELS):
            yield from page
    except ObjectAbsentError:
        return
