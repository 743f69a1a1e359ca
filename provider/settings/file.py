"""The file of settings: YAML, as strict as it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from provider import limits
from provider.foreign_text import shown
from provider.yaml_misfits import MISFITS


def read(path: Path, problems: list[str]) -> dict[Any, Any]:
    """Settings by their names, values as YAML has them; what is wrong with the file is added to the problems."""
    try:
        document = yaml.load(_read(path), Loader=_PlainLoader)  # noqa: S506 - a SafeLoader that is stricter
    except OSError as error:
        problems.append(f"{path}: cannot read it: {error.strerror}")
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        problems.append(f"{path}: is no YAML that can be used: {shown(' '.join(str(error).split()), 200)}")
    except MISFITS:
        problems.append(f"{path}: is no YAML that can be used: a value does not fit its tag")
    else:
        if document is None or isinstance(document, dict):
            return document or {}
        problems.append(f"{path}: must hold settings by their names")
    return {}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(limits.SETTINGS_BYTES + 1)
    if len(text) > limits.SETTINGS_BYTES:
        raise ValueError(f"it is larger than {limits.SETTINGS_BYTES} bytes")
    return text


class _PlainLoader(yaml.SafeLoader):
    """Settings without aliases, which can explode, and without names that stand twice, of which one would be lost."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as the library has it
        if self.check_event(yaml.AliasEvent):
            raise ValueError("aliases are not supported")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002
        names = [key.value for key, _ in node.value]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"{repeated} stands twice")
        return super().construct_mapping(node, deep)
