"""Service accounts: who may do what the chart's Roles say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.rig.apiserver import ApiServer, write_kubeconfig
from tests.e2e.rig.kubernetes import Endpoint, KubernetesClient, Object
from tests.integration.chart.account_rights import EVERYWHERE, AccountRight

RIGHTS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_OURS = "app.kubernetes.io/instance=bestbefore"


def grant(client: KubernetesClient, documents: Iterable[Object]) -> None:
    """Apply what of these documents gives rights, and the accounts that get them."""
    for document in documents:
        if document["kind"] in RIGHTS:
            client.apply(document)


def revoke(client: KubernetesClient) -> None:
    """Take away all accounts and rights that the chart gave, whichever test asked for them."""
    for kind in RIGHTS:
        version = "v1" if kind == "ServiceAccount" else "rbac.authorization.k8s.io/v1"
        path = f"/{'apis' if '/' in version else 'api'}/{version}/{kind.lower()}s"
        found = client.request("GET", path, query={"labelSelector": _OURS}).expect_ok()
        for each in found["items"]:
            client.delete({"apiVersion": version, "kind": kind, **each})


def unbind(client: KubernetesClient, namespace: str) -> None:
    """Take away what the chart lets its accounts do in a namespace; the accounts stay, with their tokens."""
    version, kind = "rbac.authorization.k8s.io/v1", "RoleBinding"
    path = f"/apis/{version}/namespaces/{namespace}/rolebindings"
    for each in client.request("GET", path, query={"labelSelector": _OURS}).expect_ok()["items"]:
        client.delete({"apiVersion": version, "kind": kind, **each})


def may(client: KubernetesClient, account: str, namespace: str, right: AccountRight) -> bool:
    """What `kubectl auth can-i` would say to a service account.

    Args:
        client: of the API server.
        account: its name.
        namespace: its namespace.
        right: what it would do.
    """
    plural, _, group = right.resource.partition(".")
    resource, _, subresource = plural.partition("/")
    attributes = {
        "verb": right.verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": "" if right.where == EVERYWHERE else right.where,
        "name": right.name,
    }
    user = f"system:serviceaccount:{namespace}:{account}"
    groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, "resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(client.request("POST", path, review).expect_ok()["status"]["allowed"])


def mounted(server: ApiServer, namespace: str, account: str, folder: Path) -> Path:
    """The folder that a kubelet mounts into a Pod of a service account, with a token that lives for an hour."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(_token(server, namespace, account))
    (folder / "ca.crt").write_text(server.endpoint.authority)
    return folder


def kubeconfig(server: ApiServer, namespace: str, account: str, folder: Path) -> Path:
    """A kubeconfig of a service account, with a token that lives for an hour."""
    folder.mkdir(parents=True, exist_ok=True)
    token = _token(server, namespace, account)
    written = write_kubeconfig(folder, Endpoint(server.endpoint.port, token, server.endpoint.authority))
    document = json.loads(written.read_text())
    document["contexts"][0]["context"]["namespace"] = namespace
    written.write_text(json.dumps(document))
    return written


def _token(server: ApiServer, namespace: str, account: str) -> str:
    client = server.client()
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token = client.request("POST", path, wanted).expect_ok()["status"]["token"]
    client.close()
    return str(token)
