"""Service accounts: who may do what the chart's Roles say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from tests.e2e.rig.apiserver import ApiServer, write_kubeconfig
from tests.e2e.rig.kubernetes import Endpoint, KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.integration.chart.account_rights import EVERYWHERE, AccountRight

RIGHTS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_SECONDS = 30.0
_OURS = "app.kubernetes.io/instance=bestbefore"


def grant(client: KubernetesClient, documents: Iterable[Object]) -> None:
    """Apply what of these documents gives rights, and the accounts that get them, and wait until all hold.

    The API server learns of them a moment later, and of one after the other.
    """
    given = [document for document in documents if document["kind"] in RIGHTS]
    for document in given:
        client.apply(document)
    reviews = [review for document in given for review in _reviews(client, document)]
    wait_until(lambda: all(_allowed(client, review) for review in reviews), "rights", _SECONDS)


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
    return _allowed(client, {**_of_account(namespace, account), "resourceAttributes": attributes})


def _reviews(client: KubernetesClient, binding: Object) -> Iterator[Object]:
    """The questions whether those whom a binding names may do all that its role says; none of other documents."""
    if not binding["kind"].endswith("RoleBinding"):
        return
    space, role = binding["metadata"].get("namespace", ""), binding["roleRef"]
    named = {"name": role["name"], "namespace": space}
    found = client.get({"apiVersion": binding["apiVersion"], "kind": role["kind"], "metadata": named}).expect_ok()
    for subject in binding["subjects"]:
        is_account = subject["kind"] == "ServiceAccount"
        who = _of_account(subject["namespace"], subject["name"]) if is_account else {"user": subject["name"]}
        for rule in found.get("rules") or []:
            yield from ({**who, **each} for each in _attributes(rule, space))


def _attributes(rule: Object, space: str) -> Iterator[Object]:
    for verb in rule["verbs"]:
        # A binding of a namespace gives none of the addresses that are of the whole server.
        for path in rule.get("nonResourceURLs", []) if not space else []:
            yield {"nonResourceAttributes": {"path": path, "verb": verb}}
        for group, resource in product(rule.get("apiGroups", []), rule.get("resources", [])):
            plural, _, subresource = resource.partition("/")
            about = {"verb": verb, "group": group, "resource": plural, "subresource": subresource, "namespace": space}
            yield from ({"resourceAttributes": {**about, "name": name}} for name in rule.get("resourceNames", [""]))


def _of_account(namespace: str, account: str) -> Object:
    groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    return {"user": f"system:serviceaccount:{namespace}:{account}", "groups": groups}


def _allowed(client: KubernetesClient, spec: Object) -> bool:
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
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
