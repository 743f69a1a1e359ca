"""`bestbefore doctor`: is what is installed as it should be?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gatekeeper.cli import output, registries, trust_roots
from gatekeeper.documents.problems import PolicyError
from provider.clock import SystemClock
from provider.errors import SettingsError
from provider.questions import question
from provider.questions.question import FactQuestion

if TYPE_CHECKING:
    from gatekeeper.doctor.diagnosis import Diagnosis
    from gatekeeper.doctor.installation import Installation
    from gatekeeper.doctor.provider_client import ProviderClient
    from gatekeeper.doctor.reading import Reading
    from gatekeeper.doctor.registries import ImageAnswer
    from gatekeeper.doctor.survey import Survey
    from gatekeeper.doctor.trust_roots import TrustRootFile


@click.command()
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="How to reach the cluster. Default: the service account of the Pod, KUBECONFIG, ~/.kube/config.",
)
@click.option("--context", default="", metavar="NAME", help="Context of the kubeconfig. Default: its current one.")
@click.option(
    "--gatekeeper-namespace",
    default="",
    metavar="NAMESPACE",
    help="Where Gatekeeper is. Default: where its webhook points.",
)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="IMAGE",
    help="An image of a registry that you use: can it be asked about from here? May be repeated.",
)
@click.option(
    "--client-cert",
    type=click.Path(path_type=Path),
    help="PEM file of a certificate that the provider lets in: it is asked about the images then, from where it is.",
)
@click.option("--client-key", type=click.Path(path_type=Path), help="PEM file of its private key.")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@trust_roots.option
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    kubeconfig: Path | None,
    context: str,
    gatekeeper_namespace: str,
    images: tuple[str, ...],
    client_cert: Path | None,
    client_key: Path | None,
    given_trust_roots: tuple[str, ...],
    form: str,
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> None:
    """Read a cluster and say what is not as it should be, and what to do about it.

    It looks at versions, Gatekeeper's webhooks and flags, the Providers and their certificates, the policies in force,
    waits, namespaces, clocks, trust roots; with --image at registries, too. It changes nothing.

    Each finding has what to do and its page; docs/reference/doctor.md has all checks, and the rights that are needed.
    What could not be read is a finding, too. Some checks can be made in the cluster only: `helm test` does it.

    Exit: 0 nothing to fix, 1 errors or warnings, 2 an option or a kubeconfig that cannot be used, 3 nothing could be
    read.
    """
    survey = _survey(kubeconfig, context, gatekeeper_namespace)
    files = _trust_roots(given_trust_roots)
    client = _client(client_cert, client_key)
    _refuse_too_many(images)
    found = survey.read()
    answers = _asked(client, found, images) if client else _answers(images, reach)
    _leave(_diagnosis(found, files, answers), form)


def _survey(kubeconfig: Path | None, context: str, namespace: str) -> Survey:
    # Imported here: the help should not pay for a client of Kubernetes.
    from gatekeeper.cluster import access  # noqa: PLC0415
    from gatekeeper.cluster.errors import NoClusterError  # noqa: PLC0415
    from gatekeeper.doctor import connection  # noqa: PLC0415

    try:
        return connection.survey(access.find(kubeconfig, context), namespace)
    except NoClusterError as error:
        output.refuse([f"{kubeconfig or 'kubeconfig'}: {error.message}"])


def _trust_roots(given: Sequence[str]) -> list[TrustRootFile]:
    from gatekeeper.doctor import trust_roots as read_trust_roots  # noqa: PLC0415 - as in `_survey`

    try:
        named = trust_roots.named(given)
    except (PolicyError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    now = SystemClock().now()
    read = [read_trust_roots.read(name, path, now) for name, path in named.items()]
    return read if trust_roots.PUBLIC_GOOD in named else [*read, read_trust_roots.shipped()]


def _answers(images: Sequence[str], reach: dict[str, Any]) -> list[ImageAnswer]:
    if not images:
        return []
    from gatekeeper.doctor.registries import ImageAnswer  # noqa: PLC0415 - as in `_survey`
    from gatekeeper.evaluation.facts import LiveFacts  # noqa: PLC0415 - as in `_survey`

    keys = {image: question.key_of(FactQuestion(image)) for image in dict.fromkeys(images)}
    try:
        answers = LiveFacts(registries.inspector(**reach)).answers([*keys.values()])
    except SettingsError as error:
        output.refuse(error.problems)
    facts = {image: answers.fact(key) for image, key in keys.items()}
    return [
        ImageAnswer(image, str(fact.get("reason", "")), str(fact.get("message", ""))) for image, fact in facts.items()
    ]


def _client(certificate: Path | None, key: Path | None) -> ProviderClient | None:
    from gatekeeper.doctor.provider_client import ProviderClient  # noqa: PLC0415 - as in `_survey`

    if certificate is None or key is None:
        if certificate or key:
            output.refuse(["--client-cert and --client-key: expected both"])
        return None
    client = ProviderClient(certificate, key)
    try:
        client.check()
    except SettingsError as error:
        output.refuse(error.problems)
    return client


def _refuse_too_many(images: Sequence[str]) -> None:
    from gatekeeper.doctor import limits  # noqa: PLC0415 - as in `_survey`

    if len(images) > limits.IMAGES:
        output.refuse([f"--image: {len(images)} are named; at most {limits.IMAGES} are asked about"])


def _asked(client: ProviderClient, found: Installation, images: Sequence[str]) -> Reading[Sequence[ImageAnswer]]:
    from gatekeeper.doctor.reading import ReadFailure  # noqa: PLC0415
    from gatekeeper.documents.product import AUDIT  # noqa: PLC0415 - as in `_survey`

    if not images:
        return []
    if isinstance(found.providers, ReadFailure):
        return found.providers
    # Audit's, because it waits for slow registries longer.
    provider = next((each for each in found.providers if each.name == AUDIT), None)
    if provider is None:
        return ReadFailure("provider", f"there is no Provider {AUDIT}")
    return client.ask(provider, list(dict.fromkeys(images)))


def _diagnosis(
    found: Installation, files: Sequence[TrustRootFile], answers: Reading[Sequence[ImageAnswer]]
) -> Diagnosis:
    from gatekeeper.doctor import connection  # noqa: PLC0415 - as in `_survey`
    from gatekeeper.doctor.diagnosis import diagnose  # noqa: PLC0415
    from gatekeeper.doctor.installation import Vantage  # noqa: PLC0415

    return diagnose(found, Vantage(SystemClock().now(), connection.engine(), files, answers))


def _leave(found: Diagnosis, form: str) -> NoReturn:
    from gatekeeper.cli.reports import diagnosis  # noqa: PLC0415 - as in `_survey`

    if form == "json":
        output.document(diagnosis.document(found))
    if found.unread:
        output.problem(f"nothing of the cluster could be read: {found.unread}")
        sys.exit(output.Exit.NO_VERDICT)
    if form == "text":
        diagnosis.show(found)
    sys.exit(output.Exit.ALLOWED if found.healthy else output.Exit.DENIED)
