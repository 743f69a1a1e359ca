"""Several registries in memory, each at its own host.

    fleet = RegistryFleet()
    fleet["reg.io"].push_image("team/app", "v1")
    fleet["mirror.io"].fail("any", 503)

As a transport it gives each request to the registry of its host. `asked` has what came, in order:
`mirror.io GET /v2/team/app/manifests/v1`.
"""

from __future__ import annotations

from collections import defaultdict

from provider.clock import Deadline
from provider.registry.transport.transport import Request, Response
from tests.simulators.registry import RegistrySimulator


class RegistryFleet(defaultdict[str, RegistrySimulator]):
    """Registries by `host[:port]`; one that is named for the first time is empty."""

    def __init__(self) -> None:
        super().__init__(RegistrySimulator)
        self.asked: list[str] = []
        self.sent: list[Request] = []

    async def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """See `provider.registry.transport.transport.Transport`."""
        self.asked.append(f"{request.origin.authority} {request.method} {request.target}")
        self.sent.append(request)
        return await self[request.origin.authority].send(request, limit, deadline)

    async def close(self) -> None:
        """See `provider.registry.transport.transport.Transport`."""
