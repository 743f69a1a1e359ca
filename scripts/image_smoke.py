"""Runs inside the image: starts the provider as a Pod would, asks it as Gatekeeper does, stops it.

Fed on standard input by scripts/image.sh; needs nothing but what the image has.
"""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import json
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOME = Path("/tmp")  # noqa: S108 - all that can be written to
HTTPS, METRICS = 8443, 8888
START_SECONDS = 20.0
QUESTION = {
    "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
    "kind": "ProviderRequest",
    "request": {"keys": ["UPPER/case"]},
}


def certify() -> None:
    """One self-signed certificate for both sides: /tmp/tls.crt and /tmp/tls.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "smoke")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(hours=1))
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (HOME / "tls.key").write_bytes(key.private_bytes(*form))
    (HOME / "tls.crt").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def wait_until_ready() -> None:
    """Poll /readyz.

    Raises:
        TimeoutError: it never was.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", METRICS, timeout=1)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the provider did not become ready")


def ask() -> dict[str, object]:
    """What /validate answers."""
    context = ssl.create_default_context(cafile=str(HOME / "tls.crt"))
    context.load_cert_chain(HOME / "tls.crt", HOME / "tls.key")
    connection = http.client.HTTPSConnection("127.0.0.1", HTTPS, timeout=5, context=context)
    connection.request("POST", "/validate", json.dumps(QUESTION), {"Content-Type": "application/json"})
    answer: dict[str, object] = json.loads(connection.getresponse().read())
    return answer


def main() -> int:
    """Start, ask, stop.

    Returns:
        0 if all went well.
    """
    certify()
    files = [f"--{option}={HOME}/tls.{end}" for option, end in (("tls-cert", "crt"), ("tls-key", "key"))]
    command = ["bestbefore", "serve", *files, f"--client-ca={HOME}/tls.crt"]
    with subprocess.Popen(command) as provider:
        try:
            wait_until_ready()
            answer = json.dumps(ask())
        finally:
            provider.send_signal(signal.SIGTERM)
    sys.stdout.write(f"{answer}\nexit code {provider.returncode}\n")
    return 0 if "ReferenceInvalid" in answer and provider.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
