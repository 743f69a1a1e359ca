"""Why an uninstallation does not go on.

UninstallationError         root: one sentence that names what is in the way, and one that says what to do
├── ProviderNeededError     objects of somebody else ask the provider and deny: from then on nothing is changed
├── ControllerRunsError     the controller does not stop, or somebody starts it again
├── ObjectsRemainError      objects do not go, or come back
└── NoReleaseError          the hook was applied as an ordinary object: nothing was changed
"""

from __future__ import annotations


class UninstallationError(Exception):
    """It does not go on; whatever is removed already stays removed, and a further try goes on from there.

    Attributes:
        message: what is in the way, and what to do.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ProviderNeededError(UninstallationError):
    """Objects of somebody else ask the provider and deny where they get no answer: from then on nothing is changed."""


class ControllerRunsError(UninstallationError):
    """The controller does not stop, or somebody starts it again: it would put back what is deleted."""


class ObjectsRemainError(UninstallationError):
    """Objects do not go, or come back."""


class NoReleaseError(UninstallationError):
    """Nobody ends a release: the hook was applied as an ordinary object. Nothing was changed."""
