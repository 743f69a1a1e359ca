"""`bestbefore verify`: every step of every signature, for people who want to know why an image is denied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import outcomes, output, registries, times, trust_roots
from gatekeeper.cli import policies as given_policies
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.checker import Outcome, check
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError
from gatekeeper.evaluation.review import Review
from gatekeeper.evaluation.vouching import PolicyVouching, Seen, Vouching, covering, vouching
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
@click.option("--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@given_policies.options
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
    """Show how the signatures of IMAGE are verified for each authority of the policies that cover it.

    Every step has the number that it has in docs/verification.md; at the one that failed stand what was found and what
    was expected. Then whether the policy takes the signer for good, and the verdict, both by the very template that
    Gatekeeper gets.

    Exit: 0 allowed, 1 denied, 2 invalid policy or usage, 3 no verdict (a registry is away, there is no opa).
    """
    try:
        reference.parse(image)
        loaded = given_policies.load(policies, given_config_maps, given_secrets)
        engine = opa.find()
        translations = given_policies.translated(loaded, "deny", engine)
        session = registries.connected(**reach, trust_roots=trust_roots.named(given_trust_roots))
        now, review = times.read(None), Review(images=(image,))
        found = vouching(covering(loaded.policies, review, engine, now), image, session.examine, engine)
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


def _show(image: str, found: Sequence[PolicyVouching], outcome: Outcome, form: str) -> None:
    if form == "json":
        output.document({**outcomes.document(outcome), "policies": [_policy_document(each) for each in found]})
    else:
        click.echo(click.style(image, bold=True))
        for each in found:
            _policy(each)
        outcomes.verdict(outcome)
    outcomes.leave(outcome)


def _policy(found: PolicyVouching) -> None:
    click.echo(f"policy {click.style(found.policy, bold=True)}: one of these must vouch for it")
    for authority in found.authorities:
        _authority(authority)


def _authority(found: Vouching) -> None:
    click.echo(f"  authority {click.style(found.name, bold=True)}, {_kind(found)}")
    if found.error is not None:
        click.echo(f"    {_mark('fails')} {found.error.reason}: {found.error.message}")
    elif found.verify is not None:
        click.echo(f"    to be signed: {found.digest}")
        if not found.signatures:
            click.echo(f"    {_mark('fails')} no signatures found")
    for number, seen in enumerate(found.signatures, start=1):
        click.echo(
            f"    signature {number} of {len(found.signatures)}: {seen.examined.form}, {seen.examined.name[:12]}"
        )
        _signature(seen)
    reason = f": {found.reason}" if found.reason else ""
    click.echo(f"    {'vouches' if found.vouches else 'does not vouch'}{reason}")


def _signature(seen: Seen) -> None:
    for step in seen.examined.steps:
        _step(step, seen.examined.problem)
    proof = seen.examined.proof
    if proof is None:
        if all(step.outcome.value != "fails" for step in seen.examined.steps):
            click.echo(f"      {_mark('fails')} {seen.examined.problem}")
        return
    for time in proof.times:
        click.echo(f"        signed at {time.at}, by the word of: {time.source.value}")
    who = f"{', '.join(proof.subjects)} (issuer {proof.issuer})" if proof.subjects else "the key says who"
    wanted = "one of the policy's signers" if seen.identified else "none of the policy's identities"
    click.echo(f"      {_mark('holds' if seen.identified else 'fails')} who: {who}: {wanted}")


def _step(step: Step, problem: str) -> None:
    outcome = step.outcome.value
    click.echo(f"      {_mark(outcome)} {step.number}. {step.must}{_ASIDE.get(outcome, '')}")
    if outcome == "fails":
        click.echo(f"           found: {problem}")
        click.echo(f"           expected: {step.expected}")


def _kind(found: Vouching) -> str:
    if found.verify is None:
        return f"static: {found.static}"
    if found.verify.key is not None:
        return f"by the key {_fingerprint(found)}".rstrip()
    if found.verify.keyless is not None and found.verify.keyless.trust_root.name:
        return f"by a certificate of the trust root {found.verify.keyless.trust_root.name}"
    return "by a certificate of the public good instance"


def _fingerprint(found: Vouching) -> str:
    """The key's SHA-256, by which people compare keys; empty for what is none."""
    from provider.signatures.trust import keys  # noqa: PLC0415 - the library of keys is needed here only

    if found.verify is None or found.verify.key is None:
        return ""
    try:
        return f"sha256:{keys.load(found.verify.key.data, found.verify.key.hash_algorithm).revision[:16]}…"
    except ImageError:
        return "of the policy"


def _mark(outcome: str) -> str:
    sign, colour = _MARKS[outcome]
    return click.style(sign, fg=colour)


def _policy_document(found: PolicyVouching) -> dict[str, Any]:
    return {"name": found.policy, "authorities": [_authority_document(each) for each in found.authorities]}


def _authority_document(found: Vouching) -> dict[str, Any]:
    document: dict[str, Any] = {"name": found.name, "kind": _kind(found), "vouches": found.vouches}
    if found.reason:
        document["reason"] = found.reason
    if found.error is not None:
        document["message"] = found.error.message
    if found.digest:
        document["digest"] = found.digest
        document["signatures"] = [_signature_document(each) for each in found.signatures]
    return document


def _signature_document(seen: Seen) -> dict[str, Any]:
    examined = seen.examined
    steps = [
        {"number": step.number, "must": step.must, "outcome": step.outcome.value, "expected": step.expected}
        for step in examined.steps
    ]
    document: dict[str, Any] = {"format": examined.form, "name": examined.name, "steps": steps}
    if examined.proof is None:
        return {**document, "found": examined.problem}
    return {**document, "proof": examined.proof.to_json(), "identified": seen.identified}
