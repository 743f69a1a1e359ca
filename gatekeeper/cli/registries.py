"""How commands that a person runs reach registries."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from gatekeeper.cli import output
from gatekeeper.cli.progress import Progress
from provider.clock import SystemClock
from provider.errors import SettingsError
from provider.questions.answer import Answer
from provider.questions.question import Question
from provider.steps import StepRecorder

if TYPE_CHECKING:
    from gatekeeper.cli.session import Session
    from provider.registry.transport.proxies import NoProxy, Proxies, Proxy
    from provider.settings.values import HostPair

_DOCKER_CONFIG: Final = "~/.docker/config.json"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that asks registries."""
    for option in reversed(
        [
            click.option(
                "--insecure-registry",
                multiple=True,
                callback=_hosts,
                metavar="HOST[:PORT]",
                help="Speak plain HTTP with this registry, as with localhost and loopback addresses. May be repeated.",
            ),
            click.option(
                "--proxy",
                callback=_proxy,
                metavar="URL",
                help="Ask registries through this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none`. "
                "Default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY.",
            ),
            click.option(
                "--no-proxy",
                callback=_no_proxy,
                metavar="HOST,…",
                help="Whom to ask directly. Default: NO_PROXY.",
            ),
            click.option(
                "--docker-config",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="Docker config.json with credentials. Default: the file of REGISTRY_AUTH_FILE, else "
                "config.json in DOCKER_CONFIG, else ~/.docker/config.json where it exists.",
            ),
            click.option(
                "--credential-host",
                multiple=True,
                callback=_pairs,
                metavar="REGISTRY=HOST",
                help="The registry's credentials are good at this host, too: its token service on another port or "
                "domain. May be repeated.",
            ),
            click.option(
                "--cloud-credentials",
                multiple=True,
                type=click.Choice(["ecr", "google", "azure"]),
                help="Ask this cloud who we are at its own registries, where no file says so. May be repeated.",
            ),
            click.option(
                "--registry-ca",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="PEM file of certificate authorities for registries.",
            ),
            click.option(
                "--hosts-dir",
                type=click.Path(exists=True, file_okay=False, path_type=Path),
                help="Folder of HOST/hosts.toml files that name mirrors, as containerd's certs.d.",
            ),
        ]
    ):
        command = option(command)
    return command


def _hosts(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    from provider.settings import model, values  # noqa: PLC0415 - needed only where the option is given

    try:
        return cast("tuple[str, ...]", values.read(model.SCHEMA, "insecure_registry", "tuple[str, ...]", value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _pairs(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[HostPair, ...]:
    from provider.settings import model, values  # noqa: PLC0415 - as above

    try:
        pairs = values.read(model.SCHEMA, "credential_host", "tuple[HostPair, ...]", value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return cast("tuple[HostPair, ...]", pairs)


def _proxy(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Proxy | None:
    from provider.registry.transport import proxies  # noqa: PLC0415 - as above

    try:
        return proxies.read(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _no_proxy(_ctx: click.Context, _param: click.Parameter, value: str | None) -> NoProxy | None:
    from provider.registry.transport import proxies  # noqa: PLC0415 - as above

    return proxies.exceptions(value, "--no-proxy") if value else None


def _proxies(options: RegistryOptions) -> Proxies:
    from provider.registry.transport import proxies  # noqa: PLC0415 - as above

    return proxies.choose(options.proxy, options.no_proxy or proxies.NoProxy(), os.environ)


@dataclass(frozen=True)
class RegistryOptions:
    """What the options say; a field each, by its name.

    Attributes:
        insecure_registry: reached over plain HTTP.
        proxy: through which registries are asked; None for what the environment says.
        no_proxy: who is asked directly; None as above.
        docker_config: file with credentials; None for one's own.
        registry_ca: file of authorities.
        credential_host: hosts that a registry's credentials are good at, too.
        hosts_dir: folder of `hosts.toml` files.
        cloud_credentials: clouds that are asked who we are.
    """

    insecure_registry: Iterable[str] = ()
    proxy: Proxy | None = None
    no_proxy: NoProxy | None = None
    docker_config: Path | None = None
    registry_ca: Path | None = None
    credential_host: Iterable[HostPair] = ()
    hosts_dir: Path | None = None
    cloud_credentials: Iterable[str] = ()


def inspector(
    *,
    trust_roots: Mapping[str, Path] | None = None,
    recorders: Callable[[Question], StepRecorder] | None = None,
    **reach: Any,  # noqa: ANN401 - the fields of `RegistryOptions`
) -> Callable[[Question], Answer]:
    """Answers one question by asking registries, as the provider does. Nothing is built before the first question.

    Args:
        trust_roots: files of trust roots, by the names that questions give them.
        recorders: who gets the steps of an answer; None where nobody wants to know them.
        reach: what the options say.
    """
    lock = threading.Lock()
    built: list[Session] = []
    # Taken here: the first question may come on a thread of its own, which is in no command.
    command = click.get_current_context(silent=True)

    def inspect(asked: Question) -> Answer:
        with lock:
            if not built:
                built.append(connected(trust_roots=trust_roots or {}, command=command, **reach))
        return built[0].inspect(asked, recorders(asked) if recorders else None)

    return inspect


def counted(inspect: Callable[[Question], Answer], progress: Progress) -> Callable[[Question], Answer]:
    """The same, and each answer is a step of the progress."""

    def step(asked: Question) -> Answer:
        try:
            return inspect(asked)
        finally:
            progress.step()

    return step


def _own_docker_config() -> Path | None:
    """That of the person who runs us, if there is one; in a container there may be nobody, with no home.

    It is found as by podman and Docker: the file of REGISTRY_AUTH_FILE, `config.json` in the directory of
    DOCKER_CONFIG, or Docker's in the home. Nobody named it now, so one that cannot be used is passed over with a
    warning: public images need none.
    """
    from provider.registry.credentials import docker_config  # noqa: PLC0415 - as in `connected`

    path, named = _docker_config_path()
    if not named and not os.path.exists(path):  # noqa: PTH110 - pathlib's raises where it may not look
        return None
    try:
        docker_config.load(Path(path))
    except SettingsError as error:
        output.warning(f"passed over: {error}")
        return None
    return Path(path)


def _docker_config_path() -> tuple[str, bool]:
    """Where it would be, and whether the environment says so."""
    if file := os.environ.get("REGISTRY_AUTH_FILE"):
        return file, True
    if directory := os.environ.get("DOCKER_CONFIG"):
        # Docker takes a directory without the file for no credentials.
        return os.path.join(directory, "config.json"), False  # noqa: PTH118 - as below
    return os.path.expanduser(_DOCKER_CONFIG), False  # noqa: PTH111 - pathlib's raises where there is no home


def connected(
    *,
    trust_roots: Mapping[str, Path],
    command: click.Context | None = None,
    **reach: Any,  # noqa: ANN401 - as above
) -> Session:
    """What a command needs that asks registries; it lets go of its connections when the command ends.

    Args:
        trust_roots: as of `inspector`.
        command: that command; None for the one that runs on this thread, or for none, then the process's end counts.
        reach: as of `inspector`.

    Raises:
        SettingsError: a file cannot be used.
    """
    options = RegistryOptions(**reach)
    # Imported here: a check from recorded facts, or one that asks nothing, should not pay for it.
    from gatekeeper.cli.passed_over import Warnings  # noqa: PLC0415
    from gatekeeper.cli.session import Session  # noqa: PLC0415
    from provider.images.assembly import assemble  # noqa: PLC0415
    from provider.registry.clouds.places import CloudName  # noqa: PLC0415
    from provider.registry.settings import RegistrySettings  # noqa: PLC0415

    settings = RegistrySettings(
        insecure_registries=frozenset(options.insecure_registry),
        proxies=_proxies(options),
        credential_hosts=frozenset((pair.registry, pair.host) for pair in options.credential_host),
        allow_loopback_http=True,
        allow_private=True,
        ca_file=options.registry_ca,
        hosts_dir=options.hosts_dir,
        docker_config=options.docker_config or _own_docker_config(),
        credential_helpers=True,
        clouds=frozenset(CloudName(name) for name in options.cloud_credentials),
    )
    clock = SystemClock()
    assembly = assemble(settings, clock, Warnings(), trust_roots)
    if assembly.problems:
        # A person has named them now, and can correct them; the provider goes on without them.
        raise SettingsError(assembly.problems)
    session = Session(assembly, clock)
    if command := command or click.get_current_context(silent=True):
        command.call_on_close(session.close)
    return session
