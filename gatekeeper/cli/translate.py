"""`bestbefore translate`: ClusterImagePolicy files to Gatekeeper objects."""

from __future__ import annotations

from pathlib import Path

import click

from gatekeeper.cli import engine, output
from gatekeeper.policy import PolicyError, load_policies
from gatekeeper.translation import rendering
from gatekeeper.translation.translate import Translation, coverage, objects, translate


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write template-KIND.yaml and constraint-NAME.yaml files there, instead of one stream to standard output.",
)
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="allow",
    show_default=True,
    help="What the cluster does with images that no policy covers; a template of its own where not allowed.",
)
def command(paths: tuple[str, ...], output_dir: Path | None, no_match: str) -> None:
    """Translate the ClusterImagePolicies of FILEs and DIRs (`-` is standard input).

    The output is the same bytes for the same policies, and can be kept in Git. Apply it with `kubectl apply
    --server-side`. What cannot be carried over is refused by its path, never dropped.

    Where the program opa is found, each rule is compiled as Gatekeeper would; else only our own checks are made.

    Exit: 0 translated, 2 invalid or not translatable, every problem listed as `file: path: problem`.
    """
    try:
        loaded = load_policies(paths)
        translations = list(translate(loaded.policies, engine.checker(), loaded.documents))
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
        return
    for each in loaded.warnings:
        output.warning(str(each))
    if no_match != "allow":
        translations.append(coverage(loaded.policies, no_match))
    if output_dir is None:
        click.echo(rendering.render(objects(translations)), nl=False)
    else:
        _write(output_dir, translations)


def _write(folder: Path, translations: list[Translation]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for made in objects(translations):
            place = folder / f"{_stem(made['kind'])}-{made['metadata']['name']}.yaml"
            place.write_text(rendering.render([made]), encoding="utf-8")
            click.echo(str(place))
    except OSError as error:
        output.refuse([f"{error.filename}: {error.strerror}"])


def _stem(kind: str) -> str:
    return "template" if kind == "ConstraintTemplate" else "constraint"
