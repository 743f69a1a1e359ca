"""Stand-ins for programs that speak with a cluster: they see that what they are given is there and can be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

_STAND_IN: Final = '''\
#!{python}
"""Stands in for {name}: every file that it is given must be there, and be YAML."""
import pathlib, sys, yaml
words = sys.argv[1:]
for flag, value in zip(words, words[1:]):
    if flag in ("-f", "--filename", "--values", "--patch-file"):
        path = pathlib.Path(value)
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        if not files:
            sys.exit(f"{name}: no file in {{path}}")
        for file in files:
            list(yaml.safe_load_all(file.read_text()))
for word in words:
    if "/" in word and word.startswith(("helm/", "./")) and not pathlib.Path(word).exists():
        sys.exit(f"{name}: {{word}} is not there")
'''


def stand_in(folder: Path, name: str) -> None:
    """Write a stand-in for the program of that name."""
    path = folder / name
    path.write_text(_STAND_IN.format(python=sys.executable, name=name), "utf-8")
    path.chmod(0o755)


_HELM: Final = """\
#!/bin/bash
# Stands in for helm: what would be installed is rendered.
case $1 in
install | upgrade) shift; words=(); for word in "$@"; do [[ $word == --*reuse-values ]] || words+=("$word"); done
    exec {helm} template "${{words[@]}}" --kube-version 1.36.0 ;;
template) exec {helm} "$@" ;;
*) exit 0 ;;
esac
"""


def helm(folder: Path, real: Path) -> None:
    """Write a helm that renders where it would install."""
    path = folder / "helm"
    path.write_text(_HELM.format(helm=real), "utf-8")
    path.chmod(0o755)
