"""Cold questions about a registry behind a proxy: the same cells directly and through tinyproxy, in turn."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

from tests.bench.asker import Asker
from tests.bench.bench import Bench
from tests.bench.cold import DELAYS_MS, PATIENT, ROUNDS, ROUNDS_OF_ONE
from tests.bench.questions import FACTS
from tests.bench.registry import Registry
from tests.bench.report import Section, Table, Value
from tests.e2e.rig import processes
from tests.ports import free_port

_IMAGES: Final = (1, 10, 50, 100)
_START_SECONDS: Final = 10.0
_LOG: Final = "tinyproxy.log"


def missing() -> str:
    """Why it cannot be measured; empty where it can."""
    return "" if shutil.which("tinyproxy") else "tinyproxy is not installed"


def measure(bench: Bench) -> Section:
    """A registry that speaks TLS, so that the proxy has tunnels to it."""
    with bench.another_registry("behind-a-proxy", tls=True) as registry, _tinyproxy(bench) as address:
        common = [PATIENT, f"--registry-ca={registry.authority}", f"--named-registry={registry.address}"]
        led = _led(bench, registry, address)
        with (
            bench.provider("directly", *common) as direct,
            bench.provider("through a proxy", *common, f"--hosts-dir={led}") as proxied,
        ):
            askers = {
                "directly": Asker(bench, direct, registry),
                "through a proxy": Asker(bench, proxied, registry),
            }
            for asker in askers.values():
                asker.greet()
            tables = [_table(askers, delay) for delay in DELAYS_MS]
        if f"CONNECT {registry.address} " not in (bench.folder / _LOG).read_text():
            raise RuntimeError("nobody went through the proxy")
    return Section(tables)


def _table(askers: dict[str, Asker], delay: int) -> Table:
    rows: dict[str, list[Value]] = {name: [] for name in askers}
    for images in _IMAGES:
        for name, asker in askers.items():
            rows[name].append(asker.ask(FACTS, images, ROUNDS_OF_ONE if images == 1 else ROUNDS, delay).p50)
    direct, proxied = rows.values()
    rows["ratio"] = [float(one) / float(other) for one, other in zip(proxied, direct, strict=True)]
    title = f"Cold facts of a registry that speaks TLS, {delay} ms a request: p50 in ms by images of a question"
    return Table(title, [str(images) for images in _IMAGES], rows)


def _led(bench: Bench, registry: Registry, proxy: str) -> str:
    """A folder with a `hosts.toml` that names the proxy: one of the settings is not asked on this machine."""
    host, _, port = registry.address.partition(":")
    folder = bench.folder / "hosts"
    (folder / f"{host}_{port}_").mkdir(parents=True)
    text = f'server = "{registry.url}"\nproxy = "http://{proxy}"\n'
    (folder / f"{host}_{port}_" / "hosts.toml").write_text(text)
    return str(folder)


@contextlib.contextmanager
def _tinyproxy(bench: Bench) -> Iterator[str]:
    """Its `host:port`."""
    port, file = free_port(), bench.folder / "tinyproxy.conf"
    lines = (
        *(f"Port {port}", "Listen 127.0.0.1", "MaxClients 200", "Timeout 60"),
        *(f'LogFile "{bench.folder / _LOG}"', "LogLevel Connect"),
    )
    file.write_text("\n".join([*lines, ""]))
    process = subprocess.Popen(["tinyproxy", "-d", "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        processes.wait_until(lambda: processes.listening(port), "tinyproxy", _START_SECONDS)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
