"""Amazon ECR, by botocore: a role of a service account (IRSA, pod identity), of the node, or keys in the environment.

Only these are tried, and no files of a home directory: those may name programs, and profiles of a person. What botocore
wants to send goes through `Web`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from provider.registry.clouds.cloud import CloudError, CloudToken
from provider.registry.clouds.names import AMAZON_HOSTS, AMAZON_METADATA
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.clouds.web import Web
from provider.registry.credentials import docker_auth
from provider.registry.credentials.credential import Credential
from provider.registry.origin import Origin

EXTRA: Final = "botocore"
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_UNKNOWN: Final = frozenset(
    {
        "ExpiredTokenException",
        "IDPRejectedClaim",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "UnrecognizedClientException",
    }
)
_NOBODY: Final = (
    "nobody is known here: let the service account have a role (the annotation eks.amazonaws.com/role-arn, or a pod "
    "identity), or the node"
)


def allowed(where: Origin) -> bool:
    """Whether ECR's library may ask there."""
    if where.scheme == "http":
        return where.port == 80 and where.host in AMAZON_METADATA  # noqa: PLR2004 - of HTTP
    return where.port == 443 and AMAZON_HOSTS.fullmatch(where.host) is not None  # noqa: PLR2004 - of HTTPS


class AmazonLibrary:
    """Fetches tokens of ECR; on one thread at a time.

    Args:
        web: sends.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self._session: Any = None

    def token(self, place: CloudPlace) -> CloudToken:
        """A token for all registries of a region that we may read.

        Raises:
            CloudError: there is none.
        """
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - an extra

        service = "ecr-public" if place.host else "ecr"
        if place.region not in _regions(self._known_session()):
            raise CloudError(f"its library knows no region {place.region}: upgrade botocore, if there is one")
        try:
            answer = self.client(service, place.region).get_authorization_token()
        except NoCredentialsError as error:
            raise CloudError(_NOBODY) from error
        except ClientError as error:
            raise _refusal(service, error.response) from error
        except BotoCoreError as error:
            raise CloudError(f"its library failed ({type(error).__name__})") from error
        return _token(answer, f"{service} {place.region} {os.environ.get('AWS_ROLE_ARN', '')}")

    def client(self, service: str, region: str, **options: Any) -> Any:  # noqa: ANN401 - botocore has no types
        """A client of a service of Amazon in a region; all that it sends goes through `web`, once.

        Args:
            service: `ecr`.
            region: `eu-west-1`.
            options: more of `botocore.session.Session.create_client`.
        """
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(retries={"total_max_attempts": 1})
        if "config" in options:
            config = config.merge(options.pop("config"))
        client = self._known_session().create_client(service, region_name=region, config=config, **options)
        client.meta.events.register("before-send", self._sent)
        return client

    def _known_session(self) -> Any:  # noqa: ANN401 - as above
        self._session = self._session or self._begun()
        return self._session

    def _begun(self) -> Any:  # noqa: ANN401 - as above
        from botocore import credentials, session, utils  # noqa: PLC0415 - as above

        # Neither a file nor an environment variable names the file, or a profile in it.
        nowhere = {"config_file": (None, None, os.devnull, None), "credentials_file": (None, None, os.devnull, None)}
        begun = session.Session({**nowhere, "profile": (None, None, None, None)})
        sender = _Sender(self._web)
        nodes = utils.InstanceMetadataFetcher()
        nodes._session = sender  # noqa: SLF001 - there is no public way: tests/unit/registry/clouds/test_amazon.py
        providers = [
            credentials.EnvProvider(),
            credentials.AssumeRoleWithWebIdentityProvider(dict, self._sts, "default"),
            credentials.ContainerProvider(
                fetcher=utils.ContainerMetadataFetcher(session=sender, sleep=lambda _seconds: None)
            ),
            credentials.InstanceMetadataProvider(nodes),
        ]
        begun.register_component("credential_provider", credentials.CredentialResolver(providers))
        return begun

    def _sts(self, service: str, **options: Any) -> Any:  # noqa: ANN401 - as above
        return self.client(service, _own_region(), **options)

    def _sent(self, request: Any, **_: Any) -> Any:  # noqa: ANN401 - as above
        return _Sender(self._web).send(request)


def _regions(session: Any) -> set[str]:  # noqa: ANN401 - as above
    """Where ECR is: anybody may name a region, and each costs a client."""
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition)
    }
    return known | {_own_region()}


def _own_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


class _Sender:
    """What botocore sends with."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def send(self, request: Any) -> Any:  # noqa: ANN401 - as above
        """As `botocore.httpsession.URLLib3Session` does."""
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - as above

        headers = {name: _text(value) for name, value in request.headers.items()}
        answer = self._web.send(request.method, request.url, headers, request.body)
        return AWSResponse(request.url, answer.status, dict(answer.headers), _Body(answer.body))


class _Body(BytesIO):
    """A body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """The whole of it."""
        yield self.getvalue()


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _refusal(service: str, response: dict[str, Any]) -> CloudError:
    code = response.get("Error", {}).get("Code", "")
    if code in _DENIED:
        right = f"{service}:GetAuthorizationToken"
        public = " and sts:GetServiceBearerToken" if service == "ecr-public" else ""
        return CloudError(f"the role has no right to it: give it {right}{public}, and let it be assumed from here")
    if code in _UNKNOWN:
        return CloudError("Amazon does not know who we are: does the role trust the issuer of this cluster?")
    return CloudError(
        f"Amazon refused (status {response.get('ResponseMetadata', {}).get('HTTPStatusCode', 'unknown')})"
    )


def _token(answer: dict[str, Any], principal: str) -> CloudToken:
    found = answer.get("authorizationData")
    data = found[0] if isinstance(found, list) and found else found
    fields = data if isinstance(data, dict) else {}
    read, _ = docker_auth.read({"auth": fields.get("authorizationToken")})
    ends = fields.get("expiresAt")
    if read is None or ends is None:
        raise CloudError("Amazon answered with no usable token")
    name = CloudName.ECR.value
    credential = Credential(read.username, read.password, principal=principal, confined=True, name=name)
    return CloudToken(credential, ends.timestamp())
