"""The way to an API server: where it is, whom we believe, and who we are."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import urllib3
import yaml
from lightkube import ConfigError, KubeConfig, SingleConfig
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, SERVICE_ACCOUNT

from gatekeeper.cluster.errors import AccessDeniedError, NoClusterError
from gatekeeper.cluster.limits import CONNECT_SECONDS, SAID_CHARACTERS
from provider.foreign_text import shown

# Programs that give a token, as lightkube runs them; and of a cluster what it leaves out.
_EXEC_VERSIONS: Final = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1alpha1", "v1beta1"))
_LEFT_OUT: Final = ("proxy-url", "tls-server-name")


@dataclass(frozen=True)
class Access:
    """Where an API server is and who we are to it; never shown, because a token or a key may be in it.

    Attributes:
        config: as lightkube reads it.
    """

    config: SingleConfig

    def __repr__(self) -> str:
        return f"Access({self.server})"

    @property
    def server(self) -> str:
        """Its URL, without a slash at the end."""
        return self.config.cluster.server.rstrip("/")

    @property
    def namespace(self) -> str:
        """That of our service account, or of the kubeconfig's context."""
        return self.config.namespace

    @property
    def inside(self) -> bool:
        """Whether it is the cluster that this process runs in: we are the service account of our Pod."""
        user = self.config.user
        return user is not None and (user.token_file or "").startswith(SERVICE_ACCOUNT)

    def tls(self) -> ssl.SSLContext:
        """Whom we believe, and the certificate that we show, if any.

        Raises:
            NoClusterError: a file of a certificate cannot be used.
        """
        try:
            user = self.config.user
            return verify_cluster(self.config.cluster, user, self.config.abs_file, trust_env=False)  # type: ignore[arg-type]
        except (OSError, ValueError, ConfigError) as error:
            raise NoClusterError(f"the certificates for {self.server} cannot be used: {_said(error)}") from error

    def pool(self, silence: float, connections: int = 1) -> urllib3.PoolManager:
        """Connections to it for what lightkube cannot ask; nothing is tried again.

        Args:
            silence: how long nothing may come, seconds.
            connections: that are kept open.

        Raises:
            NoClusterError: its certificates cannot be used.
        """
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=silence)
        tls = self.tls() if self.server.startswith("https:") else None
        return urllib3.PoolManager(num_pools=1, maxsize=connections, timeout=timeout, retries=False, ssl_context=tls)

    def headers(self) -> dict[str, str]:
        """Who we are, read anew each time: Kubernetes replaces the token of a service account within the hour.

        Raises:
            AccessDeniedError: the token cannot be read, or the program that gives it failed.
        """
        try:
            auth = user_auth(self.config.user)
            if auth is None:
                return {}
            request = next(auth.sync_auth_flow(httpx2.Request("GET", self.server)))
        except (OSError, ValueError, KeyError, StopIteration, ConfigError) as error:
            # Not what the program said: a token may be in it.
            raise AccessDeniedError(f"no token for {self.server}: {type(error).__name__}") from error
        return {"Authorization": request.headers["Authorization"]}


def find(kubeconfig: Path | None = None, context: str = "") -> Access:
    """The way to the cluster that this process is in, or to that of a kubeconfig.

    Args:
        kubeconfig: the file; without it our service account, then `KUBECONFIG`, then `~/.kube/config`.
        context: which of the kubeconfig's; empty for its current one.

    Raises:
        NoClusterError: none of them is there, or it cannot be used.
    """
    try:
        config = _kubeconfig(kubeconfig).get(context or None)
        problem = _unsupported(config) if config else "no context is chosen"
    except KeyError as error:
        raise NoClusterError(f"the way to the cluster is not complete: {shown(str(error))} is missing") from error
    except (ConfigError, OSError, ValueError, TypeError, AttributeError, yaml.YAMLError, msgspec.MsgspecError) as error:
        raise NoClusterError(f"there is no way to a cluster: {_said(error)}") from error
    if config is None or problem:
        raise NoClusterError(f"there is no way to a cluster: {problem}")
    return Access(config)


def _kubeconfig(file: Path | None) -> KubeConfig:
    if file:
        return KubeConfig.from_file(file)
    try:
        return KubeConfig.from_service_account()
    except ConfigError:
        return KubeConfig.from_file(_named_file())


def _named_file() -> str:
    names = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if len(names) > 1:
        how = "`kubectl config view --flatten --minify` writes what is needed into one"
        raise ConfigError(f"KUBECONFIG names {len(names)} files, and one is read: {how}")
    return names[0] if names else DEFAULT_KUBECONFIG


def _unsupported(config: SingleConfig) -> str:
    """What stands in a kubeconfig and would be left out in silence, or fail at the first call; empty for nothing."""
    where, user = shown(str(config.fname or ""), SAID_CHARACTERS), config.user
    who = f"{where}: user {shown(config.context.user or '')}"
    program = user.exec if user else None
    if program and program.apiVersion not in _EXEC_VERSIONS:
        said, can = shown(program.apiVersion), " and ".join(_EXEC_VERSIONS)
        return f"{who}: exec.apiVersion {said} is not supported ({can} are); use a token"
    if user and user.auth_provider:
        return f"{who}: auth-provider is not supported, nor by Kubernetes since 1.26"
    for name in _LEFT_OUT:
        if name in _cluster(config):
            return f"{where}: cluster {shown(config.context.cluster)}: {name} is not supported"
    return ""


def _cluster(config: SingleConfig) -> Mapping[str, object]:
    """A cluster as the file has it: lightkube leaves out what it does not know."""
    if not config.fname:
        return {}
    document = yaml.safe_load(Path(config.fname).read_text(encoding="utf-8"))
    found = (entry["cluster"] for entry in document["clusters"] if entry["name"] == config.context.cluster)
    return next(found, None) or {}


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    # What a parser says may repeat a line of the file, and with it a key or token.
    return shown(str(error), SAID_CHARACTERS) if isinstance(error, ConfigError) else "the file is no kubeconfig"
