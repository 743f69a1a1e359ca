"""`bestbefore verify`: every step of every signature and attestation, to know why an image is denied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import engine as given_engine
from gatekeeper.cli import outcomes, output, policy_files, quotation, registries, times, trust_roots
from gatekeeper.cli.quotation import visible
from gatekeeper.evaluation.authority_results import (
    AuthorityResult,
    AuthoritySignature,
    EntryResult,
    PolicyResult,
    authority_results,
    covering,
)
from gatekeeper.evaluation.check_result import CheckResult
from gatekeeper.evaluation.checker import check
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import PolicyError
from provider.errors import ImageError, SettingsError
from provider.registry import reference

if TYPE_CHECKING:
    from provider.signatures.examination import Step

_MARKS: Final = {"holds": ("✓", "green"), "fails": ("✗", "red"), "skipped": ("-", None), "unreached": ("·", None)}
_ASIDE: Final = {"skipped": " (not asked for)", "unreached": " (not reached)"}


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    required=True,
    metavar="FILE|DIR",
    help="ClusterImagePolicies. May be repeated.",
)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@policy_files.options
@trust_roots.option
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    image: str,
    policies: tuple[str, ...],
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    given_trust_roots: tuple[str, ...],
    form: str,
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> None:
    """Show how signatures and attestations of IMAGE are verified for each authority of the policies that cover it.

    Every step has the number that it has in docs/verification.md; at the one that failed stand what was found and what
    was expected. Then whether the policy accepts the signer, and the verdict, both by the very template that
    Gatekeeper gets.

    Exit: 0 allowed, 1 denied, 2 invalid policy or usage, 3 no verdict (a registry is away, a trust root
    is missing, there is no opa).
    """
    try:
        reference.parse(image)
        loaded = policy_files.load(policies, given_config_maps, given_secrets)
        engine = given_engine.found()
        translations = policy_files.translated(loaded, "deny", engine, engine)
        roots = trust_roots.named(given_trust_roots, loaded.trust_roots, trust_roots.wanted(loaded.policies))
        session = registries.connected(**reach, trust_roots=roots)
        now, review = times.read(None), Review(images=(image,))
        found = authority_results(covering(loaded.policies, review, engine, now), image, session.examine, engine, now)
        outcome = check(translations, [review], LiveFacts(session.inspect), engine, now)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except ImageError as error:
        output.refuse([f"{image}: {error.message}"])
    except (EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        outcomes.no_verdict(error, form)
    else:
        _show(image, found, outcome, form)


def _show(image: str, found: Sequence[PolicyResult], outcome: CheckResult, form: str) -> None:
    if form == "json":
        output.document({**outcomes.document(outcome), "policies": [_policy_document(each) for each in found]})
    else:
        click.echo(click.style(image, bold=True))
        for each in found:
            _policy(each)
        outcomes.verdict(outcome)
    outcomes.leave(outcome)


def _policy(found: PolicyResult) -> None:
    click.echo(f"policy {click.style(visible(found.policy), bold=True)}: one of these must vouch for it")
    for authority in found.authorities:
        _authority(authority)


def _authority(found: AuthorityResult) -> None:
    click.echo(f"  authority {click.style(visible(found.name), bold=True)}, {visible(_kind(found))}")
    if found.error is not None:
        click.echo(f"    {_mark('fails')} {found.error.reason}: {visible(found.error.message)}")
    elif found.entries:
        for entry in found.entries:
            _entry(entry, found.identities)
    elif found.verify is not None:
        click.echo(f"    to be signed: {found.digest}")
        if not found.signatures:
            click.echo(f"    {_mark('fails')} no signatures found")
            for line in found.absence.split("; "):
                click.echo(f"           {visible(line)}")
    for number, seen in enumerate(found.signatures, start=1):
        which = ", ".join(filter(None, (seen.examined.form, seen.examined.name[:12])))
        click.echo(f"    signature {number} of {len(found.signatures)}: {visible(which)}")
        _signature(seen, found.identities)
    reason = f": {found.reason}" if found.reason else ""
    click.echo(f"    {'vouches' if found.vouches else 'does not vouch'}{reason}")


def _entry(found: EntryResult, identities: Sequence[Mapping[str, str]]) -> None:
    click.echo(f"    attestation {click.style(visible(found.name), bold=True)} of type {visible(found.type)}")
    if found.error is not None:
        click.echo(f"      {_mark('fails')} {found.error.reason}: {visible(found.error.message)}")
    elif not found.attestations:
        click.echo(f"      {_mark('fails')} no attestations found: {visible(found.absence)}")
    for number, seen in enumerate(found.attestations, start=1):
        layer = seen.examined.name.removeprefix("sha256:")[:12]
        click.echo(f"      layer {number} of {len(found.attestations)}: {visible(layer)}")
        for step in seen.examined.steps:
            _step(step, seen.examined.problem)
        _statement(seen, identities)
    reason = f": {found.reason}" if found.reason else ""
    click.echo(f"      {'satisfied' if found.satisfied else 'not satisfied'}{reason}")


def _statement(seen: AuthoritySignature, identities: Sequence[Mapping[str, str]]) -> None:
    """What a proved attestation says, and whether the entry is content with it."""
    proof = seen.examined.proof
    if proof is None or proof.attestation is None:
        return
    said = proof.attestation
    for time in proof.times:
        click.echo(f"        signed at {time.at}, by the word of: {time.source.value}")
    if said.problem:
        verdict = said.problem
    elif said.statement is None:
        verdict = "another type than the policy wants"
    else:
        verdict = "what the policy wants" if seen.identified else "not what the policy wants"
    mark = _mark("holds" if seen.identified else "fails")
    click.echo(f"      {mark} type {visible(said.predicate_type)}: {visible(verdict)}")
    if not seen.identified:
        for identity in identities:
            click.echo(f"           expected: {_identity(identity)}")


def _signature(seen: AuthoritySignature, identities: Sequence[Mapping[str, str]]) -> None:
    for step in seen.examined.steps:
        _step(step, seen.examined.problem)
    proof = seen.examined.proof
    if proof is None:
        if all(step.outcome.value != "fails" for step in seen.examined.steps):
            click.echo(f"      {_mark('fails')} {visible(seen.examined.problem)}")
        return
    for time in proof.times:
        click.echo(f"        signed at {time.at}, by the word of: {time.source.value}")
    subjects = ", ".join(map(quotation.quoted, proof.subjects))
    who = f"{subjects} (issuer {quotation.quoted(proof.issuer)})" if proof.subjects else "the key says who"
    wanted = "one of the policy's signers" if seen.identified else "none of the policy's identities"
    click.echo(f"      {_mark('holds' if seen.identified else 'fails')} who: {who}: {wanted}")
    if not seen.identified:
        for identity in identities:
            click.echo(f"           expected: {_identity(identity)}")


def _identity(identity: Mapping[str, str]) -> str:
    """Whom a policy names, as it stands there; white space can be seen."""
    return ", ".join(f"{name} {quotation.quoted(value)}" for name, value in identity.items() if value)


def _step(step: Step, problem: str) -> None:
    outcome = step.outcome.value
    click.echo(f"      {_mark(outcome)} {step.number}. {step.must}{_ASIDE.get(outcome, '')}")
    if outcome == "fails":
        click.echo(f"           found: {visible(problem)}")
        click.echo(f"           expected: {visible(step.expected)}")


def _kind(found: AuthorityResult) -> str:
    if found.verify is None:
        return f"static: {found.static}"
    if found.verify.key is not None:
        return f"by the key {_fingerprint(found)}".rstrip()
    if found.verify.keyless is not None and found.verify.keyless.trust_root.name:
        return f"by a certificate of the trust root {found.verify.keyless.trust_root.name}"
    return "by a certificate of the public good instance"


def _fingerprint(found: AuthorityResult) -> str:
    """The key's SHA-256, by which people compare keys; empty for what is none."""
    from provider.signatures.trust import keys  # noqa: PLC0415 - the library of keys is needed here only

    if found.verify is None or found.verify.key is None:
        return ""
    try:
        return f"sha256:{keys.load(found.verify.key.data, found.verify.key.hash_algorithm).fingerprint[:16]}…"
    except ImageError:
        return "of the policy"


def _mark(outcome: str) -> str:
    sign, colour = _MARKS[outcome]
    return click.style(sign, fg=colour)


def _policy_document(found: PolicyResult) -> dict[str, Any]:
    return {"name": found.policy, "authorities": [_authority_document(each) for each in found.authorities]}


def _authority_document(found: AuthorityResult) -> dict[str, Any]:
    document: dict[str, Any] = {"name": found.name, "kind": _kind(found), "vouches": found.vouches}
    if found.reason:
        document["reason"] = found.reason
    if found.error is not None:
        document["message"] = found.error.message
    if found.entries:
        document["attestations"] = [_entry_document(each) for each in found.entries]
    if found.digest:
        document["digest"] = found.digest
        if found.absence:
            document["absence"] = found.absence
        if found.identities:
            document["identities"] = [dict(identity) for identity in found.identities]
        document["signatures"] = [_signature_document(each) for each in found.signatures]
    return document


def _entry_document(found: EntryResult) -> dict[str, Any]:
    document: dict[str, Any] = {"name": found.name, "type": found.type, "satisfied": found.satisfied}
    if found.reason:
        document["reason"] = found.reason
    if found.error is not None:
        return {**document, "message": found.error.message}
    if found.absence:
        document["absence"] = found.absence
    return {**document, "digest": found.digest, "layers": [_signature_document(each) for each in found.attestations]}


def _signature_document(seen: AuthoritySignature) -> dict[str, Any]:
    examined = seen.examined
    steps = [
        {"number": step.number, "must": step.must, "outcome": step.outcome.value, "expected": step.expected}
        for step in examined.steps
    ]
    document: dict[str, Any] = {"format": examined.form, "name": examined.name, "steps": steps}
    if examined.proof is None:
        return {**document, "found": examined.problem}
    return {**document, "proof": examined.proof.to_json(), "identified": seen.identified}
