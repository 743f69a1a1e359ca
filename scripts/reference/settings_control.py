"""The settings of the controller."""

from __future__ import annotations

from typing import Final

from gatekeeper.controller.settings import SCHEMA
from provider.settings import reference

_HEAD: Final = """\
# Settings of the controller

<!-- Made by `make generate` from gatekeeper/controller/settings.py: change it there. -->

`bestbefore control` reads its settings as [the provider](settings.md) does. A setting has one name. It is spelt
`gatekeeper_namespace` in the YAML file that `--config` names, `--gatekeeper-namespace` as an option of `bestbefore
control`, and `BESTBEFORE_CONTROL_GATEKEEPER_NAMESPACE` in the environment. Options win over the environment, that over
the file, that over the default. Everything that is wrong is shown at once, with its source; the exit code is 2 then.

```yaml
gatekeeper_namespace: gatekeeper-system
state_dir: /var/lib/bestbefore
gitops_account: [system:serviceaccount:argocd:argocd-application-controller]
```

A list is separated by commas in the environment; as an option it is repeated.
"""


def page() -> str:
    """The page, as Markdown."""
    return reference.render(SCHEMA, _HEAD)
