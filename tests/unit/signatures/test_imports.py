"""Who asks for no signatures does not pay for them."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = ("sigstore", "OpenSSL", "rfc3161_client", "pydantic", "tuf")


def loaded(statement):
    """Which of the libraries are there after a statement, in a new interpreter."""
    code = f"import sys\n{statement}\nprint([name for name in {_HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_server_and_inspector_load_no_signature_library():
    statement = (
        "import provider.server.serving, provider.images.assembly\n"
        "from provider.clock import SystemClock\n"
        "from provider.registry.settings import RegistrySettings\n"
        "provider.images.assembly.assemble(RegistrySettings(), SystemClock())"
    )
    assert loaded(statement) == "[]"


def test_keys_do_not_load_sigstores_client():
    assert "'sigstore'" not in loaded("import provider.signatures.verifier")
