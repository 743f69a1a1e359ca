"""Policies as commands take them: files and directories, and what they refer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import click

from gatekeeper.cli import output
from gatekeeper.policy import LoadedPolicies, PolicyError, load_policies
from gatekeeper.policy.document import read_documents
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.policy.problems import Problem
from gatekeeper.policy.secret_keys import GivenKeys, secrets
from gatekeeper.policy.support import with_text
from gatekeeper.policy.texts import GivenTexts, config_maps
from gatekeeper.translation.policy_rule import RegoChecker
from gatekeeper.translation.translate import Translation, coverage, translate


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that takes policies."""
    for option in (
        click.option(
            "--secret",
            "given_secrets",
            multiple=True,
            metavar="FILE|DIR",
            help="Secrets with public keys that policies refer to (key.secretRef). May be repeated.",
        ),
        click.option(
            "--config-map",
            "given_config_maps",
            multiple=True,
            metavar="FILE|DIR",
            help="ConfigMaps with texts that policies refer to (spec.policy.configMapRef). May be repeated.",
        ),
    ):
        command = option(command)
    return command


def load(
    paths: Sequence[str], given_config_maps: Sequence[str] = (), given_secrets: Sequence[str] = ()
) -> LoadedPolicies:
    """Load policies, warn of what is to be warned of, and put what stands elsewhere in its place.

    Raises:
        PolicyError: every problem of every file at once.
    """
    loaded = load_policies(paths)
    for each in loaded.warnings:
        output.warning(str(each))
    given = config_maps(read_documents(given_config_maps)) if given_config_maps else {}
    texts = GivenTexts(given, _fetch)
    keys = GivenKeys(secrets(read_documents(given_secrets)) if given_secrets else {})
    problems: list[Problem] = []
    policies: list[ClusterImagePolicy] = []
    for policy in loaded.policies:
        try:
            policies.append(keys.resolve(with_text(policy, texts)))
        except PolicyError as error:
            problems += [loaded.documents[policy.name].locate(each) for each in error.problems]
    if problems:
        raise PolicyError(problems)
    return replace(loaded, policies=tuple(policies))


def translated(loaded: LoadedPolicies, no_match: str, checker: RegoChecker | None) -> list[Translation]:
    """Translate loaded policies, and what the cluster does with images that none of them covers.

    Raises:
        PolicyError: every problem of every policy at once.
    """
    translations = list(translate(loaded.policies, checker, loaded.documents))
    if no_match != "allow":
        translations.append(coverage(loaded.policies, no_match))
    return translations


def _fetch(url: str) -> bytes:
    from gatekeeper.policy.remote_text import fetch  # noqa: PLC0415 - most policies carry their text with them

    return fetch(url)
