"""The fact sheet of an image, from its leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from provider import clock
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.golang import rfc3339
from provider.images.image_config import ImageConfig
from provider.images.leaf import Leaf
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.date_source import DateSource
from provider.reasons import Reason
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import Reference
from provider.registry.sighting import Sighting

_UNNAMED: Final = "unknown"


def of(  # noqa: PLR0913 - what was found, and what is asked
    image: Reference,
    sighting: Sighting,
    leaves: Sequence[Leaf],
    gone: Sequence[Descriptor] = (),
    *,
    with_config: bool,
    dates: Sequence[DateSource] = (),
) -> Facts:
    """What the leaves say.

    Args:
        image: that was asked about.
        sighting: what it points to.
        leaves: every manifest below.
        gone: platforms that the index names and the registry does not have.
        with_config: whether policy-controller's document is asked for.
        dates: where a date may stand beside the configuration.

    Raises:
        ImageError: `ContentInvalid`: nothing of it could run, or that document cannot be made.
    """
    digest = sighting.document.digest
    single = len(leaves) == 1 and leaves[0].descriptor is None
    config = _config(leaves, single=single) if with_config else None
    platforms = _platforms(leaves, dates)
    if not platforms and not with_config:
        raise _no_platform(image, leaves)
    for descriptor in gone:
        name = descriptor.platform.name if descriptor.platform else _UNNAMED
        # Beside one that is there nobody knows which a node takes, and the older one counts.
        platforms[name] = PlatformFacts(descriptor.digest, None, None, gone=True)
    oldest = min(platforms.values(), key=_by_age, default=None)
    return Facts(
        image=image.name,
        digest=digest,
        reference=f"{image.context}@{digest}",
        created=oldest.created if oldest and oldest.created_ns is not None else None,
        created_ns=oldest.created_ns if oldest else None,
        platforms=platforms,
        config=config,
        observed_at=clock.rfc3339(sighting.observed_at),
        created_from=oldest.created_from if oldest and oldest.created_ns is not None else DateSource.CONFIG,
    )


def _by_age(platform: PlatformFacts) -> tuple[bool, int]:
    """Sorts the oldest first, and before it those whose date cannot be read."""
    return platform.created_ns is not None, platform.created_ns or 0


def _platforms(leaves: Sequence[Leaf], dates: Sequence[DateSource]) -> dict[str, PlatformFacts]:
    """What could run; where nothing could, and annotations count, the artifacts that a Pod may mount."""
    runnable = _by_platform(leaves, _runs, dates)
    if runnable or DateSource.ANNOTATION not in dates:
        return runnable
    return _by_platform(leaves, _mounts, dates)


def _by_platform(
    leaves: Iterable[Leaf], counts: Callable[[Leaf, ImageConfig], bool], dates: Sequence[DateSource]
) -> dict[str, PlatformFacts]:
    platforms: dict[str, PlatformFacts] = {}
    for leaf in leaves:
        config = leaf.config
        if config is None or not counts(leaf, config):
            continue
        facts = _dated(leaf, config, dates)
        name = platform_name(leaf, config)
        # Of two for one platform nobody knows which a node takes: the older one counts.
        platforms[name] = min(platforms.get(name, facts), facts, key=_by_age)
    return platforms


def _dated(leaf: Leaf, config: ImageConfig, dates: Sequence[DateSource]) -> PlatformFacts:
    """The configuration's date; only where it has none that can be read, another, so that none renews an image."""
    digest, annotated = leaf.manifest.digest, leaf.manifest.created
    own = PlatformFacts(digest, config.created, rfc3339.created_ns(config.created))
    if own.created_ns is not None or annotated is None or DateSource.ANNOTATION not in dates:
        return own
    further = PlatformFacts(digest, annotated, rfc3339.created_ns(annotated), DateSource.ANNOTATION)
    return further if further.created_ns is not None or own.created is None else own


def _mounts(leaf: Leaf, _: ImageConfig) -> bool:
    """Whether it is what the reference names, or what an index has for a platform; a runtime takes no other."""
    platform = leaf.descriptor.platform if leaf.descriptor else None
    return leaf.descriptor is None or bool(platform and platform.name and not platform.unknown)


def _runs(leaf: Leaf, config: ImageConfig) -> bool:
    """Whether a runtime could take it: the index's word on the platform comes first, as it does for containerd."""
    platform = leaf.descriptor.platform if leaf.descriptor else None
    effective = platform or config.platform
    if effective.unknown:
        return False
    # A system that is not named is the node's own, for containerd.
    if leaf.descriptor and leaf.descriptor.attestation and not (effective.os or effective.architecture):
        return False
    return leaf.manifest.config.media_type in media_types.CONFIGS or bool(config.platform.os)


def platform_name(leaf: Leaf, config: ImageConfig) -> str:
    """What a leaf is called among the platforms of its image."""
    named = leaf.descriptor.platform.name if leaf.descriptor and leaf.descriptor.platform else ""
    own = "" if config.platform.unknown else config.platform.name
    return own or named or _UNNAMED


def _no_platform(image: Reference, leaves: Sequence[Leaf]) -> ImageError:
    if len(leaves) == 1:
        kind = shown(leaves[0].manifest.config.media_type) or "of no type"
        return ImageError(Reason.CONTENT_INVALID, f"{image.name} is no image that runs: its configuration is {kind}")
    return ImageError(Reason.CONTENT_INVALID, f"{image.name}: the index names no platform that an image could run on")


def _config(leaves: Sequence[Leaf], *, single: bool) -> Mapping[str, Any]:
    """What policy-controller puts into `input.config`; of two with one name the later one, as there."""
    problems = [leaf.problem for leaf in leaves if leaf.problem]
    if problems:
        sentence = problems[0] if single else f"failed to get a ConfigFile: [{' '.join(problems)}]"
        raise ImageError(Reason.CONTENT_INVALID, sentence)
    return {leaf.name: leaf.document for leaf in leaves}
