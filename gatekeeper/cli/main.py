"""The command `bestbefore`: its commands, and what happens to an error that none of them expects.

Each command is a module that is imported only when it runs: `check` in a CI job should not pay for a web server.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from gatekeeper.cli import output
from gatekeeper.cli.suggestion import suggestion
from provider.version import VERSION

# Where each command lives, and its line in the help.
COMMANDS: Final = {
    "attestations": "List what is attested of an image, as it says: form, type, size.",
    "cache": "Show, warm or empty the store that replicas of the provider share.",
    "check": "Say what a cluster would: is an image, or an object's images, admitted by these policies?",
    "completion": "Print a script by which a shell (bash, zsh, fish) completes commands, options and reasons.",
    "control": "Run the controller that counts what Gatekeeper denies.",
    "denials": "Show what Gatekeeper denied, from its log: who, what, where, why and when.",
    "diff": "Show of which workloads the verdict changes from one set of policies to another, for a pull request.",
    "doctor": "Say what of an installation is not as it should be, and what to do about it.",
    "explain": "Explain a reason code: cause, who can fix it, what to do.",
    "facts": "Show what an image's documents say: digest, platforms, when it was built.",
    "mirror": "Write a TrustRoot of a TUF repository in a directory, for a cluster without a network.",
    "policies": "Show what each policy of a cluster does, and why one is not in force.",
    "replay": "Judge a denial again from its capsule, offline: is it the same sentence?",
    "report": "Show what will be denied, when, whose it is, and what to do: of a cluster or a file.",
    "serve": "Run the provider that answers Gatekeeper.",
    "simulate": "Show whom policies would deny that nobody enforces yet, day by day, and a ramp that hurts nobody.",
    "suggest": "Look for the nearest image of a repository that the policies admit, and say until when.",
    "test": "Run suites of cases: what policies must say of images, without a registry or a cluster.",
    "translate": "Translate ClusterImagePolicies to Gatekeeper ConstraintTemplates and Constraints.",
    "trust": "Show trust roots: where each is from, how old it is, whom it believes, what is passed over.",
    "uninstall": "Take away what the controller wrote into a cluster, before the release goes.",
    "version": "Say which version this is, and which C libraries are inside the packages that it uses.",
    "waivers": "Show what is let pass for a time: by whom, until when, and what has to be looked at.",
    "verify": "Show how an image's signatures are verified, step by step, and who of a policy vouches for it.",
}


class _Commands(click.Group):
    """Commands by name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"gatekeeper.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> click.Context:
        """Read the words of the command line, and print the help where they ask for it; see `invoke` of a pipe."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            _discard_output()
            raise click.exceptions.Exit(output.Exit.UNREAD) from None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command; what ends it from outside is no verdict, so it never ends with the code of one."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            output.problem("interrupted")
            raise click.exceptions.Exit(output.Exit.INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has seen enough.
            _discard_output()
            raise click.exceptions.Exit(output.Exit.UNREAD) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options that begin so, without the import of any command."""
        known = [CompletionItem(name, help=COMMANDS[name]) for name in sorted(COMMANDS) if name.startswith(incomplete)]
        return [*known, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            meant = suggestion(name, COMMANDS)
            ctx.fail(f"there is no command {name!r}{meant or '; there are ' + ', '.join(sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="bestbefore", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Refuse container images past their best-before date, or not signed as they should be.

    Policies are sigstore ClusterImagePolicies; in the cluster OPA Gatekeeper enforces what `translate` makes of them,
    and asks the provider (`serve`) about images.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.stdout is None:
        # Closed by whoever wants the exit code alone.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives
    try:
        cli(prog_name="bestbefore")
    except SystemExit as stop:
        if stop.code == output.Exit.INTERRUPTED:
            # Now: threads that wait for a registry would hold us up for seconds.
            os._exit(output.Exit.INTERRUPTED)
        raise
    except OSError as error:
        # A command says what is wrong with the files it was given; what is left is where it writes to.
        _discard_output()
        output.problem(f"cannot write the output: {error.strerror}")
        sys.exit(output.Exit.NO_VERDICT)
    except Exception as error:
        if os.environ.get("BESTBEFORE_TRACEBACK"):
            raise
        output.problem(f"unexpected {type(error).__name__}; please report it (BESTBEFORE_TRACEBACK=1 shows where)")
        sys.exit(output.Exit.NO_VERDICT)


def _discard_output() -> None:
    """Let what is still buffered go nowhere: it could not be written, and would not be at the end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
