"""The hosts that the clouds' libraries may ask, and the addresses at which a node's metadata is.

A name is compared as a whole; what is not here is not asked, whatever an environment variable says.
"""

from __future__ import annotations

import re
from typing import Final

# Over HTTP, port 80, of the node itself: instance metadata (IPv4, IPv6), and containers' credentials (ECS, pod
# identity).
AMAZON_METADATA: Final = frozenset(
    {"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
)
# STS and the interfaces of ECR; not the registries.
AMAZON_HOSTS: Final = re.compile(
    r"(?:sts(?:-fips)?(?:\.[a-z0-9-]+)?|(?:api\.ecr|ecr-fips)\.[a-z0-9-]+|api\.ecr-public\.us-east-1)"
    r"\.amazonaws\.(?:com(?:\.cn)?|eu)"
    r"|(?:sts|ecr|ecr-public)(?:-fips)?\.[a-z0-9-]+\.(?:api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))",
    re.ASCII,
)
GOOGLE_METADATA: Final = frozenset({"metadata.google.internal", "169.254.169.254"})
AZURE_METADATA: Final = frozenset({"169.254.169.254"})
AZURE_HOSTS: Final = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}
)
