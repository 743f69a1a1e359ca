"""Policies as commands take them: files and directories, and what they refer to."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from gatekeeper.cli import output
from gatekeeper.documents.document import read_documents
from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.policy import LoadedPolicies, PolicyError, load_policies
from gatekeeper.policy.kms_reference import KmsReference
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.policy.support import with_text
from gatekeeper.resolution.kms.key_service import KeyService
from gatekeeper.resolution.kms.single_looks import SingleLooks
from gatekeeper.resolution.kms_keys import resolve
from gatekeeper.resolution.secret_keys import SecretKeys, secrets
from gatekeeper.resolution.texts import ConfigMapsAndUrls, config_maps
from gatekeeper.translation import rule_input
from gatekeeper.translation.policy_rule import RegoChecker
from gatekeeper.translation.reading.batch import RegoParser
from gatekeeper.translation.translate import Translation, coverage, located, translate
from provider.clock import SystemClock


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
    paths: Sequence[str],
    given_config_maps: Sequence[str] = (),
    given_secrets: Sequence[str] = (),
    *,
    with_constraints: bool = False,
) -> LoadedPolicies:
    """Load policies, warn of what is to be warned of, and put what stands elsewhere in its place.

    See `load_policies`; what was passed over is said on standard error, Secrets that no policy refers to among it.

    Raises:
        PolicyError: every problem of every file at once.
    """
    loaded = load_policies(paths, with_constraints=with_constraints)
    for each in loaded.warnings:
        output.warning(str(each))
    passed_over = (*loaded.passed_over, *_unused(loaded))
    output.notes(summed_up(passed_over))
    given = config_maps(read_documents(given_config_maps)) if given_config_maps else {}
    texts = ConfigMapsAndUrls(given, _fetch)
    keys = SecretKeys({**_beside(loaded), **(secrets(read_documents(given_secrets)) if given_secrets else {})})
    problems: list[Problem] = []
    policies: list[ClusterImagePolicy] = []
    warnings: list[Problem] = []
    services = SingleLooks(_services, SystemClock())
    for policy in loaded.policies:
        try:
            whole = resolve(keys.resolve(with_text(policy, texts)), services)
            warnings += [loaded.documents[policy.name].locate(each.problem) for each in whole.warnings]
            policies.append(whole.policy)
        except PolicyError as error:
            problems += [loaded.documents[policy.name].locate(each) for each in error.problems]
    if problems:
        raise PolicyError(problems)
    for each in warnings:
        output.warning(str(each))
    for policy in policies:
        for each in rule_input.warnings(policy):
            output.warning(str(located(each, loaded.documents[policy.name])))
    return replace(loaded, policies=tuple(policies), passed_over=passed_over)


def summed_up(passed_over: Sequence[Problem]) -> list[str]:
    """A sentence a file; what is said of several files is said once, with the first of them."""
    by_sentence: dict[str, list[Problem]] = defaultdict(list)
    for each in passed_over:
        by_sentence[each.message].append(each)
    return [
        str(several[0]) if len(several) == 1 else f"{sentence}: {len(several)} files, {several[0].file} the first"
        for sentence, several in by_sentence.items()
    ]


def _beside(loaded: LoadedPolicies) -> Mapping[str, Mapping[str, bytes]]:
    """The Secrets beside policies that one of them refers to; any other is none of ours."""
    wanted = _wanted(loaded)
    return secrets(each for each in loaded.secrets if each.name in wanted)


def _unused(loaded: LoadedPolicies) -> list[Problem]:
    wanted = _wanted(loaded)
    return [
        Problem("", f"passed over: no policy refers to the Secret {each.name}", Severity.WARNING, file=each.file)
        for each in loaded.secrets
        if each.name not in wanted
    ]


def _wanted(loaded: LoadedPolicies) -> set[str]:
    """The names of the Secrets that policies refer to."""
    return {
        authority.key.secret_ref.name
        for policy in loaded.policies
        for authority in policy.spec.authorities
        if authority.key and authority.key.secret_ref
    }


def translated(
    loaded: LoadedPolicies,
    no_match: str,
    checker: RegoChecker | None,
    parser: RegoParser | None = None,
    *,
    synced_waivers: bool = False,
) -> list[Translation]:
    """Translate loaded policies, and what the cluster does with images that none of them covers.

    `checker`, `parser` and `synced_waivers` are as for `translate`.

    Raises:
        PolicyError: every problem of every policy at once.
    """
    translations = list(translate(loaded.policies, checker, loaded.documents, parser, synced_waivers=synced_waivers))
    if loaded.policies and no_match != "allow":
        translations.append(coverage(loaded.policies, no_match))
    return translations


def _services() -> KeyService[KmsReference]:
    from gatekeeper.resolution.kms.services import of_environment  # noqa: PLC0415 - as below

    return of_environment(os.environ)


def _fetch(url: str) -> bytes:
    from gatekeeper.resolution.remote_text import fetch  # noqa: PLC0415 - most policies carry their text with them

    return fetch(url)
