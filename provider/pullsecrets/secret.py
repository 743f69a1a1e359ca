"""What the cluster's objects say: credentials of a Secret, pull secrets of a service account.

As the kubelet reads them: of the type `kubernetes.io/dockerconfigjson` the key `.dockerconfigjson`, of
`kubernetes.io/dockercfg` the older `.dockercfg` (Kubernetes, "Pull an Image from a Private Registry").
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provider import json_weight, limits
from provider.errors import FileError
from provider.foreign_text import shown
from provider.registry.credentials import docker_config
from provider.registry.credentials.docker_config import DockerConfig

_JSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
_OLDER_TYPE: Final = "kubernetes.io/dockercfg"
_KEYS: Final = {_JSON_TYPE: ".dockerconfigjson", _OLDER_TYPE: ".dockercfg"}


def config_of(body: bytes, name: str) -> DockerConfig:
    """The credentials of a Secret.

    Args:
        body: the object as the API server sends it.
        name: what people call it.

    Raises:
        FileError: it holds none; the message goes on after the Secret's name, and shows none of its content.
    """
    fields = _object(body)
    kind = fields.get("type")
    key = _KEYS.get(kind) if isinstance(kind, str) else None
    if key is None:
        raise FileError(f"is of type {shown(str(kind))}, not {_JSON_TYPE} or {_OLDER_TYPE}")
    data = fields.get("data")
    text = data.get(key) if isinstance(data, dict) else None
    if not isinstance(text, str) or not text:
        raise FileError(f"has no key `{key}`")
    try:
        content = base64.b64decode(text, validate=True)
        json_weight.check(content, limits.PULL_SECRET_PARTS)
        config = docker_config.of_secret(content, name, older=kind == _OLDER_TYPE)
    except json_weight.WeightError as error:
        raise FileError(f"cannot be used: `{key}` holds too much") from error
    except (binascii.Error, ValueError) as error:
        raise FileError(f"cannot be used: `{key}` is no base64") from error
    except FileError as error:
        raise FileError(f"cannot be used: `{key}` is {error}") from error
    if not config.entries:
        raise FileError(f"cannot be used: `{key}` has no usable entry{_reasons(config)}")
    return config


def pull_secrets_of(body: bytes) -> Sequence[str]:
    """The names of a service account's `imagePullSecrets`, in their order.

    Raises:
        FileError: it is no such object; the message goes on after its name.
    """
    listed = _object(body).get("imagePullSecrets")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise FileError("cannot be read: `imagePullSecrets` is no list")
    names = [each.get("name") for each in listed if isinstance(each, dict)]
    return [name for name in names if isinstance(name, str) and name]


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        json_weight.check(body)
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FileError("cannot be read: what the API server sends is no object") from error
    if not isinstance(document, dict):
        raise FileError("cannot be read: what the API server sends is no object")
    return document


def _reasons(config: DockerConfig) -> str:
    # Without the entry's own key, which is the Secret's content.
    return f" ({config.problems[0].rpartition(']: ')[2]})" if config.problems else ""
