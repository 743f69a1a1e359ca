"""`bestbefore cache`: the store that replicas of the provider share, looked at, warmed and emptied."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from gatekeeper.cli import clusters, output
from gatekeeper.cli.quotation import visible
from gatekeeper.documents.workloads import CONTAINER_LISTS
from provider import limits
from provider.cache.shared import seal
from provider.cache.shared.value_store import StoreError, StoreTrouble
from provider.clock import SystemClock
from provider.errors import BestbeforeError, ImageError, SettingsError
from provider.observer import NullObserver
from provider.questions.question import FactQuestion
from provider.reasons import Reason
from provider.registry import reference
from provider.settings import sources

if TYPE_CHECKING:
    from gatekeeper.cli.session import Session
    from provider.cache.shared.redis_store import RedisStore
    from provider.registry.settings import RegistrySettings

_ACTIONS: Final = ("show", "warm", "drop")
_BATCH: Final = 500
_SILENT: Final = frozenset({Reason.REGISTRY_UNAVAILABLE, Reason.TIMEOUT, Reason.THROTTLED})

_ADVICE: Final = {
    StoreTrouble.TIMEOUT: "; is its address right (`store`), and does it speak TLS as `store_tls` says?",
    StoreTrouble.CONNECTION: "; is its address right (`store`), does it speak TLS as `store_tls` says, and is it "
    "certified by an authority of `store_ca`?",
    StoreTrouble.REFUSED: "; look at `store_user`, at the file of `store_password`, and at what that user may do",
}

T = TypeVar("T")


@click.command()
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The provider's file of settings; its variables BESTBEFORE_… count, too. Default: BESTBEFORE_CONFIG.",
)
@click.option(
    "--from",
    "file",
    type=click.File("r", errors="replace"),
    help="warm: a file with an image a line; `-`: standard input.",
)
@click.option("--cluster", is_flag=True, help="warm: the images of all Pods of the cluster.")
@clusters.options
def command(  # noqa: PLR0913 - one for each option
    action: str,
    images: tuple[str, ...],
    config: Path | None,
    file: Iterable[str] | None,
    *,
    cluster: bool,
    kubeconfig: Path | None,
    context: str,
) -> None:
    """Show, warm or empty the store that replicas of the provider share.

    `show` counts its entries. `warm` asks registries for images as the provider does, so that no replica has to:
    before an audit, before a rollout, after the store was emptied. `drop` forgets all entries of ours, of every
    version; nothing but time is lost. `drop IMAGE...` forgets what is known of single images: what their tags point
    to, which signatures they have, who may read them.

    The settings are the provider's, so that its credentials, and its key, count. Run it where both are:
    `kubectl exec deploy/bestbefore -- bestbefore cache warm --config /etc/bestbefore/settings.yaml IMAGE`.
    `show`, and `drop` without images, need the right to `scan`.

    Exit: 0 done, 1 some image has no answer or was not written, 2 settings or options that cannot be used, 3 the
    store does not answer.
    """
    if action != "warm" and (file or cluster):
        output.refuse([f"{action}: --from and --cluster are for warm"])
    if action == "show" and images:
        output.refuse(["show: images are for warm and drop"])
    try:
        settings = _settings(config)
        if action == "warm":
            named = _listed(images, file, kubeconfig, context, cluster=cluster)
            # Registries are asked for nothing that cannot be kept.
            _with_store(settings, _answering)
            sys.exit(_warm(named, settings))
        if images:
            _with_store(settings, _answering)
            sys.exit(_drop_images(tuple(dict.fromkeys(images)), settings))
        _with_store(settings, _show if action == "show" else _drop)
    except SettingsError as error:
        output.refuse(error.problems)
    except StoreError as error:
        output.problem(f"the store at {_places(settings)} does not answer: {error}{_ADVICE.get(error.trouble, '')}")
        sys.exit(output.Exit.NO_VERDICT)


def _settings(config: Path | None) -> RegistrySettings:
    """The provider's.

    Raises:
        SettingsError: they cannot be used, or name no store.
    """
    # Imported here: the help should not pay for a web server.
    from provider.server.serving import registry_settings  # noqa: PLC0415

    try:
        settings = registry_settings(sources.load({"config": config}, os.environ))
    except SettingsError as error:
        where = "these are the provider's settings: name its file with --config, or run this where it runs"
        raise SettingsError([*error.problems, where]) from error
    if settings.shared is None:
        raise SettingsError(["store: is not set, so that replicas share nothing"])
    return settings


def _places(settings: RegistrySettings) -> str:
    return ", ".join(f"{host}:{port}" for host, port in settings.shared.addresses) if settings.shared else ""


# Entries.


def _with_store(settings: RegistrySettings, work: Callable[[RedisStore], Coroutine[Any, Any, None]]) -> None:
    from provider.registry.archive.assembly import connect  # noqa: PLC0415 - as above

    if settings.shared is None:
        return
    store = connect(settings.shared, SystemClock())

    async def done() -> None:
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(done())


async def _show(store: RedisStore) -> None:
    names = await store.names(seal.PRODUCT, limits.STORE_SHOWN)
    if len(names) > limits.STORE_SHOWN:
        output.warning(f"there are more than {limits.STORE_SHOWN} entries; the others are not counted")
    counts = Counter((":".join(name.split(":")[1:2]), ":".join(name.split(":")[2:3])) for name in names)
    rows = [(visible(version), visible(kind), str(count)) for (version, kind), count in sorted(counts.items())]
    output.table([("VERSION", "ENTRIES OF", "COUNT"), *rows])


async def _drop(store: RedisStore) -> None:
    dropped, more = 0, True
    while more:
        names = await store.names(seal.PRODUCT, limits.STORE_SHOWN)
        before = dropped
        for first in range(0, len(names), _BATCH):
            dropped += await store.drop(names[first : first + _BATCH])
        # Names that cannot be dropped must not keep it going.
        more = len(names) > limits.STORE_SHOWN and dropped > before
    click.echo(f"{dropped} entries dropped")


async def _answering(store: RedisStore) -> None:
    """Find out whether it answers."""
    try:
        async with asyncio.timeout(limits.STORE_CLOSE_SECONDS):
            await store.ping()
    except TimeoutError as error:
        raise StoreError(StoreTrouble.TIMEOUT, StoreTrouble.TIMEOUT.value) from error


# Images.


def _drop_images(images: Sequence[str], settings: RegistrySettings) -> output.Exit:
    session, writes = _session(settings)
    session.enter()
    failed = 0
    for image in images:
        try:
            session.forget(FactQuestion(image))
        except BestbeforeError as error:
            failed += 1
            output.problem(f"{image}: {error}")
    session.close()
    if writes.away or writes.lost:
        output.problem("the store did not take all of it: it is lost, read-only or slow; try again")
        return output.Exit.NO_VERDICT
    click.echo(f"{len(images) - failed} of {len(images)} images are forgotten")
    return output.Exit.DENIED if failed else output.Exit.ALLOWED


def _session(settings: RegistrySettings) -> tuple[Session, _Writes]:
    """What asks registries as the provider does, and what becomes of its writes."""
    from gatekeeper.cli.session import Session  # noqa: PLC0415 - as above
    from provider.images.assembly import assemble  # noqa: PLC0415 - as above

    clock, writes = SystemClock(), _Writes()
    return Session(assemble(settings, clock, writes), clock), writes


def _listed(
    images: Iterable[str], file: Iterable[str] | None, kubeconfig: Path | None, context: str, *, cluster: bool
) -> list[str]:
    """The images that are named, each once, in their order."""
    lines = (line.strip() for line in file or ())
    of_cluster = _images_of_pods(kubeconfig, context) if cluster else ()
    named = dict.fromkeys(image for source in (images, lines, of_cluster) for image in source if image)
    if not named:
        output.refuse(["warm: name images, a file of them (--from), or --cluster"])
    if len(named) > limits.WARMED_IMAGES:
        output.refuse([f"warm: {len(named)} images are more than {limits.WARMED_IMAGES}"])
    return list(named)


def _images_of_pods(kubeconfig: Path | None, context: str) -> Iterator[str]:
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as above
    from gatekeeper.cluster.resource import PODS  # noqa: PLC0415 - as above

    api = clusters.connect(kubeconfig, context).api
    try:
        for page in api.pages(PODS):
            for pod in page:
                spec: Any = pod.get("spec") or {}
                for containers in CONTAINER_LISTS:
                    yield from (str(each.get("image", "")) for each in spec.get(containers) or ())
    except ClusterError as error:
        output.problem(f"the cluster's Pods cannot be read: {error}")
        sys.exit(output.Exit.NO_VERDICT)


class _Writes(NullObserver):
    """Counts what did not reach the store, and knows whether it is lost."""

    def __init__(self) -> None:
        self.lost = 0
        self.away = False

    def store_away(self, trouble: str) -> None:  # noqa: ARG002 - as `Observer` has it
        """See `Observer`."""
        self.away = True

    def store_back(self) -> None:
        """See `Observer`."""
        self.away = False

    def store_writes_dropped(self, count: int) -> None:
        """See `Observer`."""
        self.lost += count


def _warm(images: list[str], settings: RegistrySettings) -> output.Exit:
    session, writes = _session(settings)
    silence, failed = _Silence(), 0
    with ThreadPoolExecutor(limits.WARMED_AT_ONCE) as threads:
        waiting = iter(images)
        # A bounded part of them at a time: what was read has been written before the next part is begun.
        while part := list(islice(waiting, _BATCH)):
            problems = threads.map(lambda each: _asked(session, silence, each), part)
            for image, problem in zip(part, problems, strict=True):
                if problem:
                    failed += 1
                    output.problem(f"{image}: {problem}")
    session.close()
    click.echo(f"{len(images) - failed} of {len(images)} images are in the store")
    if writes.lost:
        output.problem(f"{writes.lost} values were not written: the store is lost, full, read-only or slow")
    return output.Exit.DENIED if failed or writes.lost else output.Exit.ALLOWED


class _Silence:
    """Which registries have had no answer to so many images in a row that the others would wait in vain."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()

    def of(self, registry: str) -> bool:
        """Whether it is asked no more."""
        return self._in_a_row[registry] >= limits.WARMED_IN_VAIN

    def note(self, registry: str, *, silent: bool) -> None:
        """Whether it had an answer to one more."""
        self._in_a_row[registry] = self._in_a_row[registry] + 1 if silent else 0


def _asked(session: Session, silence: _Silence, image: str) -> str:
    """Why there is no answer; empty where there is one."""
    try:
        registry = reference.parse(image).registry
        if silence.of(registry):
            return f"{registry} had no answer to {limits.WARMED_IN_VAIN} images in a row: it is asked no more"
        error = _inspected(session, image)
    except BestbeforeError as unread:
        return str(unread)
    silence.note(registry, silent=error is not None and error.reason in _SILENT)
    return "" if error is None else str(error)


def _inspected(session: Session, image: str) -> ImageError | None:
    """Why there is no answer.

    Raises:
        BestbeforeError: it is no image's name.
    """
    try:
        # All documents: those of platforms, and those beside them.
        session.inspect(FactQuestion(image, config=True))
    except ImageError as error:
        if error.reason in _SILENT:
            return error
    else:
        return None
    try:
        session.inspect(FactQuestion(image))
    except ImageError as error:
        return error
    return None
