"""Runs inside the image: tries one thing, and exits with 1 where it is not as it should be.

    serve      starts the provider as a Pod would, asks it as Gatekeeper does, stops it
    write      writes to TMPDIR, and cannot elsewhere
    import     imports every module of ours, and reads the Rego library
    commands   has the help of every command
    chart      runs the jobs of a rendered chart (standard input), without a cluster

scripts/image.sh hands it over as `python3 -c`; needs nothing but what the image has.
"""

from __future__ import annotations

import datetime as dt
import http.client
import importlib
import ipaddress
import json
import pkgutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
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


def serve() -> bool:
    """Start, ask, stop: whether all went well."""
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
    return "ReferenceInvalid" in answer and provider.returncode == 0


def write() -> bool:
    """Whether only TMPDIR can be written to."""
    (HOME / "x").write_text("x")
    written = []
    for folder in ("/", "/opt", "/var", "/etc", "/root", "/run"):
        try:
            (Path(folder) / "x").write_text("x")
        except OSError:
            continue
        written.append(folder)
    sys.stdout.write(f"written to: {written}\n")
    return not written


def load() -> bool:
    """Import every module of ours; whether the Rego library is there."""
    count = 0
    for name in ("provider", "gatekeeper"):
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
                count += 1
    library = [*Path(importlib.import_module("gatekeeper.rego").__path__[0]).glob("*.rego")]
    sys.stdout.write(f"{count} modules, {len(library)} files of Rego\n")
    return bool(library)


def commands() -> bool:
    """Whether every command starts."""
    failed = []
    for command in importlib.import_module("gatekeeper.cli.main").COMMANDS:
        ended = subprocess.run(["bestbefore", command, "--help"], capture_output=True, text=True, check=False)  # noqa: S607
        if ended.returncode or "Usage: bestbefore" not in ended.stdout:
            failed.append(command)
            sys.stdout.write(f"{command}: {ended.returncode}\n{ended.stderr}\n")
    return not failed


def jobs(rendered: str) -> Iterator[list[str]]:
    """Arguments of the image in each Pod and Job of a rendered chart."""
    for document in yaml.safe_load_all(rendered):
        if document and document["kind"] in {"Job", "Pod"}:
            spec: dict[str, Any] = document["spec"]
            pod = spec["template"]["spec"] if document["kind"] == "Job" else spec
            yield from (container["args"] for container in pod["containers"])


def chart() -> bool:
    """Whether each job of the chart is understood, and says in a sentence that there is no cluster."""
    found = list(jobs(sys.stdin.read()))
    failed = []
    for arguments in found:
        ended = subprocess.run(["bestbefore", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
        sys.stdout.write(f"{arguments}: {ended.returncode}\n{ended.stdout}{ended.stderr}\n")
        if not ended.returncode or "Usage:" in ended.stderr or "Traceback" in ended.stderr:
            failed.append(arguments)
    wanted = {"uninstall", "doctor"}
    return not failed and wanted <= {arguments[0] for arguments in found}


if __name__ == "__main__":
    tried = {"serve": serve, "write": write, "import": load, "commands": commands, "chart": chart}
    sys.exit(0 if tried[sys.argv[1]]() else 1)
