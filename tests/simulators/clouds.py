"""What clouds' own interfaces answer, as they are documented: for the clouds' real libraries, on no network.

    api = CloudAPI()
    AmazonLibrary(api).token(place)          # `api` is a `Web`
    api.asked                                # ["POST https://api.ecr.eu-west-1.amazonaws.com/", …]

`api.fail(part, status)` answers whatever URL has `part` in it with that status; `api.say(part, body)` with that body.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from provider.registry.clouds.web import WebAnswer

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOUR = dt.timedelta(hours=1)
ECR_PASSWORD = "ecr-" + "p" * 40
GOOGLE_TOKEN = "ya29." + "g" * 40
TENANT = "11111111-1111-1111-1111-111111111111"
ENTRA_TOKEN = "entra." + "e" * 40
_KEYS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "s" * 40,
    "Token": "t" * 40,
    "Expiration": f"{NOW + 6 * HOUR:%Y-%m-%dT%H:%M:%SZ}",
}
_JSON = "application/json"


class CloudAPI:
    """STS, ECR, ECR Public, containers' credentials, the metadata of EC2, GCE and Azure, Entra ID."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent: list[tuple[Mapping[str, str], str]] = []
        self._said: dict[str, WebAnswer] = {}

    def fail(self, part: str, status: int, body: str = "{}") -> None:
        """Answer with a status."""
        self._said[part] = WebAnswer(status, {"Content-Type": _JSON}, body.encode())

    def say(self, part: str, body: str) -> None:
        """Answer with a body."""
        self.fail(part, 200, body)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> WebAnswer:
        """See `Web`."""
        text = body.decode() if isinstance(body, bytes) else body or ""
        self.asked.append(f"{method} {url}")
        self.sent.append((headers, text))
        for part, answer in self._said.items():
            if part in url or part in text:
                return answer
        return self._answer(method, url, headers, text)

    def _answer(self, method: str, url: str, headers: Mapping[str, str], body: str) -> WebAnswer:
        parts = urlsplit(url)
        action = {name.lower(): value for name, value in headers.items()}.get("x-amz-target", "")
        if action.endswith("GetAuthorizationToken"):
            return self._ecr(public="Spencer" in action)
        if "AssumeRoleWithWebIdentity" in body:
            return WebAnswer(200, {"Content-Type": "text/xml"}, _assumed().encode())
        if parts.path.startswith("/computeMetadata/v1/"):
            return self._gce(parts.path)
        documents = {
            "/latest/api/token": b"imds",
            "/latest/meta-data/iam/security-credentials/": b"node",
            "/latest/meta-data/iam/security-credentials/node": json.dumps(_KEYS).encode(),
            "/v1/credentials": json.dumps(_KEYS).encode(),
            "/metadata/identity/oauth2/token": _entra("resource"),
            f"/{TENANT}/oauth2/v2.0/token": _entra("token_type"),
        }
        found = documents.get(parts.path)
        return WebAnswer(404, {}, method.encode()) if found is None else WebAnswer(200, {"Content-Type": _JSON}, found)

    def _ecr(self, *, public: bool) -> WebAnswer:
        token = base64.b64encode(f"AWS:{ECR_PASSWORD}".encode()).decode()
        data = {"authorizationToken": token, "expiresAt": (NOW + 12 * HOUR).timestamp()}
        return _json({"authorizationData": data if public else [data]}, "application/x-amz-json-1.1")

    def _gce(self, path: str) -> WebAnswer:
        headers = {"Metadata-Flavor": "Google", "Content-Type": _JSON}
        document: object = {
            "email": "sa@project.iam.gserviceaccount.com",
            "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        }
        if path.endswith("/token"):
            document = {"access_token": GOOGLE_TOKEN, "expires_in": 3599, "token_type": "Bearer"}
        return WebAnswer(200, headers, json.dumps(document).encode())


def _json(document: object, kind: str = _JSON) -> WebAnswer:
    return WebAnswer(200, {"Content-Type": kind}, json.dumps(document).encode())


def _entra(name: str) -> bytes:
    return json.dumps({"access_token": ENTRA_TOKEN, "expires_in": 3600, name: "Bearer"}).encode()


def _assumed() -> str:
    return f"""\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>{_KEYS["AccessKeyId"]}</AccessKeyId><SecretAccessKey>{_KEYS["SecretAccessKey"]}</SecretAccessKey>
<SessionToken>{_KEYS["Token"]}</SessionToken><Expiration>{_KEYS["Expiration"]}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
