"""Trust roots: files that were named, and what the providers say of theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, warning
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.providers import expiry
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged

if TYPE_CHECKING:
    from provider.signatures.trust.authority import CertificateAuthority
    from provider.signatures.trust.trust_root import TrustRoot

_SETTINGS: Final = ("trust_root", "trust_root_dir")


@dataclass(frozen=True)
class TrustRootFile:
    """A trust root in a file.

    Attributes:
        name: as policies name it; empty for the public good instance.
        refusal: why it cannot be used; empty where it can.
        problems: members that are passed over, a sentence each.
        expires: when the last member of it ends by which new signatures may be proved, seconds since 1970; 0 for never.
        shipped: day of the newest member of one that came with this release; empty for a file that somebody named.
    """

    name: str
    refusal: str = ""
    problems: tuple[str, ...] = ()
    expires: float = 0.0
    shipped: str = ""

    @property
    def title(self) -> str:
        """How to name it."""
        return f"trust root {self.name}" if self.name else "trust root of the public good instance"


def read(name: str, path: Path, now: float) -> TrustRootFile:
    """The trust root in a file."""
    # Imported here: who names none shall not pay for the libraries of certificates.
    from provider.signatures.trust import trust_root  # noqa: PLC0415
    from provider.signatures.trust.document import TrustRootError  # noqa: PLC0415

    try:
        root = trust_root.read_usable(path.read_bytes(), dt.datetime.fromtimestamp(now, dt.UTC))
    except OSError as failure:
        return TrustRootFile(name, f"{path} cannot be read: {failure.strerror}")
    except TrustRootError as failure:
        return TrustRootFile(name, f"{path}: {failure}")
    return TrustRootFile(name, "", tuple(root.problems), _last_end(root))


def shipped() -> TrustRootFile:
    """The trust root of the public good instance that came with this release."""
    # Imported here: as in `read`.
    from gatekeeper.trust import public_good as repository  # noqa: PLC0415
    from provider.signatures.trust import public_good, trust_root  # noqa: PLC0415

    root = trust_root.read(public_good.trusted_root())
    day = repository.newest(root).date().isoformat()
    return TrustRootFile("", "", tuple(root.problems), _last_end(root), day)


def _last_end(root: TrustRoot) -> float:
    return max(map(_end, root.authorities), default=0.0)


def _end(authority: CertificateAuthority) -> float:
    """When an authority ends, seconds since 1970: it, or the first of its certificates."""
    ends = [each.not_valid_after_utc for each in authority.certificates]
    ends += [authority.validity.end] if authority.validity.end is not None else []
    return min((each.timestamp() for each in ends), default=0.0)


def judge(files: Sequence[TrustRootFile], pods: Reading[Sequence[ProviderPod]], now: float) -> Iterator[DoctorFinding]:
    """Whether trust roots can be used, and until when."""
    check = Check.TRUST_ROOTS
    for file in files:
        if file.refusal:
            yield error(check, file.title, file.refusal)
        yield from (warning(check, file.title, f"a member of it is passed over: {each}") for each in file.problems)
        yield from expiry(check, file.title, "its last authority", file.expires, now)
    if isinstance(pods, ReadFailure):
        yield not_judged(check, pods)
        return
    for pod in pods:
        if isinstance(pod.report, ReadFailure):
            yield not_judged(check, pod.report)
            continue
        if count := sum(pod.report.rejections.get(each, 0) for each in _SETTINGS):
            message = f"files of trust roots that it could not use, since its start: {count}; its log names them"
            yield warning(check, f"Pod {pod.name}", message)
        for title, count in pod.report.unusable.items():
            setting, _, name = title.partition(" ")
            if setting in _SETTINGS:
                message = f"{count} members of its trust root {name or 'of the public good instance'} are passed over"
                yield warning(check, f"Pod {pod.name}", message)
