"""What an administrator decides about the provider.

Each field is a setting, with what it does and why its default is what it is. Where its value comes from stands in
`provider.settings.sources`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provider.cache.shared.settings import StoreKind
from provider.registry.clouds.places import CloudName
from provider.settings.schema import Schema, setting
from provider.settings.urls import NoProxy, Proxy, no_proxy, proxy
from provider.settings.values import Address, HostPair, LogFormat, LogLevel, NamedFile, Namespace, one_of, servers

PREFIX: Final = "BESTBEFORE_"


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How Gatekeeper reaches the provider."""

    tls_cert: Path = setting(
        "PEM file of the server's certificate, followed by its intermediates. Read again when it changes.",
        why="Gatekeeper speaks nothing but TLS; there is no plain HTTP.",
    )
    tls_key: Path = setting(
        "PEM file of its private key, without a passphrase. Read again when it changes.",
        why="Kubernetes Secrets hold it so.",
    )
    client_ca: Path = setting(
        "PEM file of the authorities that clients must be certified by; several may stand in it. Read again when it "
        "changes. A certificate that cannot be read is passed over, and named in the log.",
        why="Who may ask can make us call registries, so a stranger may not.",
    )
    own_client_ca: Path | None = setting(
        "PEM file of further authorities that clients may be certified by: that of bestbefore's own "
        "`doctor`. Read again when it changes. If it cannot be read, it is passed over, and named in the log.",
        default=None,
        why="Gatekeeper's CA certifies Gatekeeper alone, and must not be shared with others that may ask.",
    )
    listen: Address = setting(
        "Address for Gatekeeper's questions, over TLS.",
        default=Address("", 8443),
        why="Needs no privilege, and is what Gatekeeper's own webhook uses.",
    )
    metrics_listen: Address = setting(
        "Address for `/metrics`, `/healthz` and `/readyz`, over plain HTTP.",
        default=Address("", 8888),
        why="The kubelet and Prometheus have no certificate of Gatekeeper's; Gatekeeper's metrics have this port, too.",
    )
    threads: int = setting(
        "Requests that are worked on at the same time.",
        default=128,
        unit="threads",
        why="Half of them may wait for the event loop at a time, a quarter for audit's questions; the rest answers "
        "from memory. Three webhook Pods of Gatekeeper with `maxServingThreads` of 20 each may all wait at once; a "
        "thread that was never needed costs nothing.",
    )
    keepalive_seconds: float = setting(
        "How long an idle connection is kept open.",
        default=120.0,
        unit="seconds",
        why="Longer than the 90 seconds after which Gatekeeper closes it, so that it is never closed under a question.",
    )
    drain_seconds: float = setting(
        "How long a stop waits for requests that are being answered.",
        default=12.0,
        unit="seconds",
        why="An audit request takes 9 seconds at most. Less than the 30 seconds after which Kubernetes kills.",
    )


@dataclass(frozen=True, kw_only=True)
class DeadlineSettings:
    """How long a request may wait, and all requests about the same image together."""

    validate_seconds: float = setting(
        "Wait of `/validate`.",
        default=1.2,
        unit="seconds",
        why="Gatekeeper's webhook times out after 3 seconds; two sets of images that no policy kinds share must fit.",
    )
    audit_seconds: float = setting(
        "Wait of `/audit` and `/presence`.",
        default=9.0,
        unit="seconds",
        why="Less than the Provider's timeout of 10 seconds; no person waits for audit.",
    )
    mutate_seconds: float = setting(
        "Wait of `/mutate`.",
        default=0.7,
        unit="seconds",
        why="Less than the mutating webhook's timeout of 1 second.",
    )


@dataclass(frozen=True, kw_only=True)
class RegistriesSettings:
    """How registries are reached, and what is kept of what they say."""

    named_registry: tuple[str, ...] = setting(
        "Registries (`host` or `host:port`) that may have a private address.",
        default=(),
        why="References come from whoever may create a Pod, so a private address is refused unless it is named here.",
    )
    insecure_registry: tuple[str, ...] = setting(
        "Registries that are reached over plain HTTP. Their address may be a private one.",
        default=(),
        why="Anybody on the way can change what such a registry says.",
    )
    proxy: Proxy | None = setting(
        "URL of the proxy through which registries are asked: `http://`, `https://`, `socks4://`, `socks4a://`, "
        "`socks5://` or `socks5h://`, with `USER:PASSWORD@` where it wants that; or `none`. Without it the variables "
        "`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say so, in small letters first.",
        default=None,
        why="Registries are asked directly: a proxy that looks up names chooses the address, so it has to refuse what "
        "the provider would.",
    )
    no_proxy: NoProxy = setting(
        "Who is asked directly, separated by commas as in `NO_PROXY`: `example.com` and all below, `.example.com` for "
        "all below, addresses and networks (`10.0.0.0/8`), each with a port or without, `*`. With it `NO_PROXY` is not "
        "looked at.",
        default=NoProxy(),
        why="This machine is always asked directly.",
    )
    docker_config: Path | None = setting(
        "Docker `config.json` with credentials for registries. Read again when it changes. An entry that cannot be "
        "used is passed over, and named in the log.",
        default=None,
        why="Without it images are read as anybody may.",
    )
    credential_helpers: bool = setting(
        "Run the programs that `docker_config` names in `credHelpers`, and in `credsStore` for the registries that "
        "stand in `auths`: `docker-credential-NAME`, found on the PATH. Each may take 5 seconds.",
        default=False,
        why="A program is run by whoever may write that file; the image has none.",
    )
    short_names: bool = setting(
        "Take an image that names no registry (`alpine`, `team/app`) for one of Docker Hub's. With `false` it is "
        "refused (`ReferenceInvalid`): for nodes whose `registries.conf` (CRI-O, Podman) means another registry by it.",
        default=True,
        why="Docker, containerd and policy-controller mean Docker Hub by it. What a node means cannot be seen from "
        "here, so that no other registry is guessed.",
    )
    cloud_credentials: tuple[CloudName, ...] = setting(
        "Clouds that are asked who we are at their own registries, where nothing else says so: `ecr` (Amazon ECR, "
        "private and public), `google` (Artifact Registry, Container Registry), `azure` (ACR). By their libraries, "
        "which are extras: `pip install 'bestbefore[ecr]'`. What a cloud gives is shown to its own registries alone.",
        default=(),
        why="The account of the Pod, or of its node, has to have the right; a library's requests do not pass the "
        "checks that all others pass.",
    )
    credential_host: tuple[HostPair, ...] = setting(
        "Further hosts that the credentials of a registry are good at, `REGISTRY=HOST` each: its token service or a "
        "second registry of the same owner, on another port or in another domain. Reached over TLS only.",
        default=(),
        why="A registry names its token service itself, and could name anybody's; without this its credentials go to "
        "its own host and domain and to named registries alone.",
    )
    pull_secret_namespace: tuple[Namespace, ...] = setting(
        "Namespaces whose images are asked for as their Pods pull: by their `imagePullSecrets`, or those of their "
        "service account, for the questions of policies with `podCredentials`. The Secrets are read from the API "
        "server, as the service account of the provider's Pod, which must be allowed to. One that cannot be used is "
        "passed over, and named where an image cannot be had.",
        default=(),
        why="Nobody's Secrets are read unless an administrator says whose.",
    )
    service_account: Path = setting(
        "Folder with `token` and `ca.crt`, by which the API server is asked for pull secrets. The token is read each "
        "time.",
        default=Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        why="Where Kubernetes mounts them.",
    )
    registry_ca: Path | None = setting(
        "PEM file of authorities that registries may be certified by, beside the public ones.",
        default=None,
        why="The public authorities are right for public registries.",
    )
    hosts_dir: Path | None = setting(
        "Folder of `HOST/hosts.toml` files as containerd has them in `certs.d`: mirrors of registries, in the order to "
        "try them, and authorities and client certificates of single registries. Read again when it changes. The hosts "
        "that it names may have a private address, and be insecure where it says so. A file or host in it that cannot "
        "be used is passed over, and named in the log.",
        default=None,
        why="Without it each registry is asked itself.",
    )
    tag_ttl_seconds: float = setting(
        "How long a tag is believed to point to the same digest. One that an admission asks for when most of that is "
        "over is looked at again in the background.",
        default=30.0,
        unit="seconds",
        why="Long enough for all policies and replicas of a rollout, short beside the 3 minutes of Gatekeeper's cache.",
    )
    stale_seconds: float = setting(
        "While a registry is away (no connection, no answer, 5xx, 429), how long ago it may have been seen what a tag "
        "points to and what refers to an image, to be answered all the same, with `stale: true`. 0: not at all.",
        default=3600.0,
        unit="seconds",
        why="An outage of a registry should be none of the cluster; what is older may have been replaced for a reason.",
    )
    memory_mib: int = setting(
        "Bound of what is kept in memory of images: a third as finished answers, the rest as documents.",
        default=48,
        unit="MiB",
        why="Some ten thousand images.",
    )


@dataclass(frozen=True, kw_only=True)
class SharedSettings:
    """What replicas share: a Redis or Valkey. Its loss makes nothing but slower."""

    store: tuple[Address, ...] = setting(
        "Address of the server; of the Sentinels; of some nodes of the Cluster. Needs `bestbefore[store]`, which the "
        "image has, and `store_key`.",
        default=(),
        why="One replica needs none; without it each asks registries for itself, and knows nothing after a restart.",
    )
    store_kind: StoreKind = setting(
        "How the servers belong together.",
        default=StoreKind.SINGLE,
        why="What is lost with a single server is found again at registries.",
    )
    store_primary: str = setting(
        "What Sentinels call the server.",
        default="mymaster",
        why="It is what Sentinels call it by default.",
    )
    store_key: Path | None = setting(
        "File with a secret of 32 bytes at least, the same for all replicas. What is shared of tags, signatures and "
        "rights is sealed with it, so that whoever else writes to the store is not believed. Read again when it "
        "changes; what was sealed before is then unknown.",
        default=None,
        why="Only an administrator can make it. Required where `store` is given.",
    )
    store_tls: bool = setting(
        "Whether servers and Sentinels are reached over TLS.",
        default=True,
        why="Documents of private images, and the password, are on the way.",
    )
    store_ca: Path | None = setting(
        "PEM file of authorities that the servers are certified by, beside the public ones. Read anew for each "
        "connection.",
        default=None,
        why="A store in a cluster has an authority of its own, and a managed one a public one.",
    )
    store_cert: Path | None = setting(
        "PEM file of the certificate that is shown to the servers. Read anew for each connection.",
        default=None,
        why="Redis asks for one where `tls-auth-clients` says so, which is its default.",
    )
    store_cert_key: Path | None = setting(
        "PEM file of its private key.",
        default=None,
        why="As above.",
    )
    store_user: str = setting(
        "User of an access control list. Needs `get`, `getrange`, `set`, `expire`, `unlink`, `ping` on keys "
        "`bestbefore:*`.",
        default="",
        why="The default user is meant.",
    )
    store_password: Path | None = setting(
        "File with the user's password. Read again when it changes.",
        default=None,
        why="A secret stands in no setting.",
    )
    store_sentinel_password: Path | None = setting(
        "File with the password of the Sentinels. Read again when it changes.",
        default=None,
        why="Sentinels have one of their own, or none.",
    )


@dataclass(frozen=True, kw_only=True)
class SignaturesSettings:
    """Whose signatures can be proved."""

    trust_root: tuple[NamedFile, ...] = setting(
        "Trust roots, `NAME=FILE` each, by the names that policies give them in `trustRootRef`: sigstore's "
        "`trusted_root.json`, or a TrustRoot object with `sigstoreKeys`; of other ones `bestbefore trust --output-dir` "
        "writes the file. Read again when it changes; a file that cannot be used keeps the old one in force. A member "
        "that cannot be read is passed over: nobody is believed by it. Without a usable file the questions that name "
        "the trust root are `TrustRootStale`, and no others.",
        default=(),
        why="Policies that name none mean sigstore's public good instance, which is built in.",
    )
    trust_root_dir: Path | None = setting(
        "Folder of trust roots that the controller made of the cluster's TrustRoot objects: the file `index.json`, and "
        "`NAME.DIGEST.json` for each trust root that it names. Looked at every two seconds. A file that cannot be used "
        "disables itself alone; what the index does not name any more is not believed any more. A question that names "
        "a digest is answered by the trust root that has it; one that names none by the setting `trust_root` first.",
        default=None,
        why="The chart mounts the controller's ConfigMap there. Without a controller name files (`trust_root`).",
    )
    authority: tuple[NamedFile, ...] = setting(
        "Public keys, `NAME=FILE` each (PEM), whose signatures fact sheets name: the answer to a plain reference "
        "then has `signature.status` and, in `signature.by`, their names. For templates that know no keys; policies "
        "bring their own. Gatekeeper caches that answer, so a new signature is seen when its cache has expired. Read "
        "again when it changes. A key that cannot be used vouches for nobody: a plain reference for which no other key "
        "vouches is `TrustRootStale`, and no other question.",
        default=(),
        why="Whom to trust is for policies to say; without it a plain reference costs no look-up of signatures.",
    )


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """What is written to the standard output."""

    log_level: LogLevel = setting(
        "The least serious level that is logged.",
        default=LogLevel.INFO,
        why="One line a question and a request; `debug` adds each round trip to a registry.",
    )
    log_format: LogFormat = setting(
        "`json`, a line each; `text`, for people; `auto`: text on a terminal.",
        default=LogFormat.AUTO,
        why="Machines read logs in a cluster, people on a terminal.",
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, by group."""

    server: ServerSettings
    deadlines: DeadlineSettings
    registries: RegistriesSettings
    shared: SharedSettings
    signatures: SignaturesSettings
    log: LogSettings


SCHEMA: Final = Schema(
    command="serve",
    prefix=PREFIX,
    groups={
        "server": ServerSettings,
        "deadlines": DeadlineSettings,
        "registries": RegistriesSettings,
        "shared": SharedSettings,
        "signatures": SignaturesSettings,
        "log": LogSettings,
    },
    ranges={
        "threads": (4, 512),
        "keepalive_seconds": (1, 3600),
        "drain_seconds": (0, 600),
        "validate_seconds": (0.1, 25),
        "audit_seconds": (0.1, 60),
        "mutate_seconds": (0.1, 25),
        "tag_ttl_seconds": (0, 3600),
        "stale_seconds": (0, 86_400),
        "memory_mib": (4, 4096),
    },
    converters={
        "tuple[Address, ...]": servers,
        "StoreKind": one_of(StoreKind),
        "Proxy | None": proxy,
        "NoProxy": no_proxy,
    },
    types={"tuple[Address, ...]": "list of `HOST:PORT`", "StoreKind": "`single`, `sentinel` or `cluster`"},
    others=("BESTBEFORE_CONTROL_",),
)


def fields() -> dict[str, dataclasses.Field[Any]]:
    """Every setting by its name."""
    return SCHEMA.fields()
