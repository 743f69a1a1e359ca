"""Values of settings that say where something is: proxies, and who needs none."""

from __future__ import annotations

from provider.registry.transport import proxies
from provider.registry.transport.proxies import NoProxy, Proxy
from provider.settings.values import text_of

__all__ = ["NoProxy", "Proxy", "no_proxy", "proxy"]


def proxy(value: object) -> Proxy | None:
    """A proxy; None for an empty text.

    Raises:
        ValueError: it is none; the sentence does not show it.
    """
    text = text_of(value).strip()
    return proxies.read(text) if text else None


def no_proxy(value: object) -> NoProxy:
    """Who is asked directly: a text as in NO_PROXY, or a list; an entry that names nobody is passed over.

    Raises:
        ValueError: an entry is no text.
    """
    entries = value if isinstance(value, list | tuple) else [value]
    return proxies.exceptions(",".join(text_of(entry) for entry in entries))
