"""A record of Gatekeeper's admission export (3.24, alpha, disk driver): the words of its deny line for the same things.

It has what the log lacks: the request's uid, its operation and whether it is a dry run, for every template. The form is
that of Gatekeeper's page "Exporting violations" and of its `ExportMsg`: what is empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

EVENT: Final = "violation_admission"
# Looked for before a line is parsed.
MARK: Final = '"violation_admission"'
_SAME: Final = {
    "message": "msg",
    "details": "details",
    "kind": "constraint_kind",
    "name": "constraint_name",
    "enforcementAction": "constraint_action",
    "enforcementActions": "constraint_enforcement_actions",
    "resourceGroup": "resource_group",
    "resourceAPIVersion": "resource_api_version",
    "resourceKind": "resource_kind",
    "resourceNamespace": "resource_namespace",
    "resourceName": "resource_name",
    "requestUsername": "request_username",
}
_REQUEST: Final = {"operation": "operation", "requestSubresource": "subResource", "dryRun": "dryRun"}


def as_deny_line(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the deny line that says the same."""
    return {field: record[name] for name, field in _SAME.items() if name in record}


def request(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request, as our templates write it into `details.request`.

    Where a request has no uid, `id` is the record's time.
    """
    found = {field: record[name] for name, field in _REQUEST.items() if name in record}
    uid = record.get("id")
    return found if uid == record.get("timestamp") else {**found, "uid": uid}
