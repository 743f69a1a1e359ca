"""What the kubelet and Prometheus read, as a WSGI application: `/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
_TEXT: Final = "text/plain; charset=utf-8"
_Page = tuple[str, str, bytes]


def pages(
    exposition: Callable[[], bytes], unhealthy: Callable[[], str], unready: Callable[[], str]
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The application.

    Args:
        exposition: the metrics.
        unhealthy: why this process should be replaced; empty when it should not.
        unready: why it is not ready; empty when it is.
    """
    views: Mapping[str, Callable[[], _Page]] = {
        "/metrics": lambda: ("200 OK", _METRICS, exposition()),
        "/healthz": lambda: _state(unhealthy()),
        "/readyz": lambda: _state(unready()),
    }

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        view = views.get(environ.get("PATH_INFO", ""))
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            status, kind, body = "405 Method Not Allowed", _TEXT, b"only GET\n"
        elif view is None:
            status, kind, body = "404 Not Found", _TEXT, b"there are /metrics, /healthz and /readyz\n"
        else:
            status, kind, body = view()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body] if environ["REQUEST_METHOD"] == "GET" else []

    return app


def _state(problem: str) -> _Page:
    return "503 Service Unavailable" if problem else "200 OK", _TEXT, f"{problem or 'ok'}\n".encode()
