"""For each alert: series over which it fires, and series over which it stays quiet."""

from __future__ import annotations

from typing import Final

from tests.integration.rules.promtool import Case

_HOOK: Final = 'cluster="east",job="apiserver",instance="a",name="validation.gatekeeper.sh"'
_REJECTED: Final = (
    f"apiserver_admission_webhook_rejection_count{{{_HOOK},"
    'operation="CREATE",error_type="calling_webhook_error",rejection_code="0"}'
)
_REFUSED_BY_POLICY: Final = _REJECTED.replace("calling_webhook_error", "no_error").replace('"0"', '"403"')
_OPENED: Final = f'apiserver_admission_webhook_fail_open_count{{{_HOOK},type="validating"}}'
_CALLS: Final = f'apiserver_admission_webhook_admission_duration_seconds_count{{{_HOOK},operation="CREATE"}}'
_UP: Final = 'up{cluster="east",job="apiserver",instance="a"}'
_EAST: Final = {"cluster": "east"}
_DAY: Final = 86_400


def _keys(**counts: str) -> dict[str, str]:
    """Keys of `/validate` by reason; `answered` is no reason."""
    return {
        'bestbefore_keys_total{cluster="east",pod="p",endpoint="validate",'
        f'outcome="{"answered" if reason == "answered" else "unfinished"}",'
        f'reason="{"" if reason == "answered" else reason}"}}': values
        for reason, values in counts.items()
    }


def _durations(fast: str, slow: str) -> dict[str, str]:
    """Requests to `/validate`, which may take 1.2 seconds: within 0.25 seconds, and within 1."""
    name = 'bestbefore_request_duration_seconds_bucket{cluster="east",pod="p",endpoint="validate",le="%s"}'
    return {
        name % "0.25": fast,
        name % "1.0": slow,
        name % "+Inf": slow,
        'bestbefore_deadline_seconds{cluster="east",pod="p",endpoint="validate"}': "1.2x60",
    }


def _registry(code: str) -> str:
    return (
        'bestbefore_registry_requests_total{cluster="east",pod="p",registry="ghcr.io",operation="resolve",'
        f'code="{code}"}}'
    )


def _blocked(namespace: str, cause: str, pod: str = "c") -> str:
    return (
        f'bestbefore_blocked_workloads{{cluster="east",pod="{pod}",resource_namespace="{namespace}",cause="{cause}"}}'
    )


def _blocks(cause: str) -> str:
    return (
        'bestbefore_workload_blocks_total{cluster="east",pod="c",resource_namespace="shop",'
        f'cause="{cause}",actor="controller"}}'
    )


def _audit(metric: str, more: str = "") -> str:
    return f'bestbefore_audit_{metric}{{cluster="east",pod="c",policy="age",constraint_kind="MaximumImageAge"{more}}}'


_FOUND: Final = ',resource_namespace="shop",reason="ImageTooOld",enforcement_action="%s"'
_LEADER: Final = 'bestbefore_leader{cluster="east",pod="%s"}'
_DENIED: Final = 'bestbefore_gatekeeper_denied_requests_total{cluster="east",pod="c"}'
_SEEN: Final = 'bestbefore_denied_requests_seen_total{cluster="east",pod="c",certainty="exact"}'
_GAPS: Final = 'bestbefore_denial_log_gaps_total{cluster="east",pod="c",cause="rotated"}'
_READ: Final = 'bestbefore_source_last_success_timestamp_seconds{cluster="east",pod="c",source="owners"}'
_MAX_AGE: Final = 'bestbefore_source_max_age_seconds{cluster="east",pod="c",source="%s"}'
_DEADLINE: Final = 'bestbefore_deadline_seconds{cluster="%s",pod="p",endpoint="validate"}'
_TIMEOUTS: Final = 'bestbefore_admission_timeouts_total{cluster="east",pod="c",constraint_kind="MaximumImageAge"}'
_ENDS: Final = 'bestbefore_certificate_expiry_timestamp_seconds{cluster="east",pod="p",certificate="server"}'
_ROOT_ENDS: Final = 'bestbefore_trust_root_expiry_timestamp_seconds{cluster="east",pod="p",trust_root="ghe"}'
_HELD_FOR_QUOTA: Final = 'bestbefore_registry_throttled_total{cluster="east",pod="p",registry="ghcr.io",cause="quota"}'
_THROTTLED: Final = 'bestbefore_registry_throttled_total{cluster="east",pod="p",registry="ghcr.io",cause="status"}'
_STORE: Final = 'bestbefore_store_up{cluster="east",pod="%s",kind="single"}'
_DUE: Final = 'bestbefore_running_containers{cluster="east",pod="c",resource_namespace="%s",policy="age",due="%s"}'
_TEAM: Final = 'bestbefore_namespace_team{cluster="east",pod="c",resource_namespace="shop",team="team-shop"}'
_KNOWN: Final = 'bestbefore_forecast_known_timestamp_seconds{cluster="east",pod="c"}'
_GONE: Final = 'bestbefore_unpullable_containers{cluster="east",pod="c",resource_namespace="shop"}'
_FOLDED: Final = 'bestbefore_series_folded_total{cluster="east",pod="c",metric="bestbefore_admission_violations_total"}'
_FINDINGS: Final = 'bestbefore_doctor_findings{cluster="east",pod="c",check="webhook",severity="%s"}'
_SHED: Final = 'bestbefore_requests_shed_total{cluster="east",pod="p",reason="queue"}'
_FILES: Final = 'bestbefore_file_rejections_total{cluster="east",pod="p",setting="docker_config"}'
_TLS: Final = 'bestbefore_certificate_rejections_total{cluster="east",pod="p"}'
_UNUSABLE: Final = 'bestbefore_unusable_entries{cluster="east",pod="p",setting="docker_config",name=""}'
_INFO: Final = 'bestbefore_build_info{cluster="east",pod="p",version="1",revision=""}'
_CONSTRAINTS: Final = 'bestbefore_constraints{cluster="east",pod="c",enforcement_action="deny",ours="%s"}'


def _quota(pod: str, remaining: str, seen: str) -> dict[str, str]:
    """What one replica heard of a registry's quota of a hundred; times in seconds since the first minute."""
    labels = f'{{cluster="east",pod="{pod}",registry="index.docker.io"}}'
    return {
        f"bestbefore_registry_quota_remaining{labels}": remaining,
        f"bestbefore_registry_quota_limit{labels}": "100x90",
        f"bestbefore_registry_quota_timestamp_seconds{labels}": seen,
    }


_IN_FORCE: Final = 'bestbefore_policy_in_force{cluster="east",pod="%s",policy="fresh"}'
_STATE: Final = 'bestbefore_policy_state{cluster="east",pod="c",policy="%s",state="%s"}'

CASES: Final = [
    Case(
        "BestbeforeEnforcementLost",
        "a policy is not in force any more, and another one is",
        {_IN_FORCE % "c": "1x10 0x20", _IN_FORCE.replace("fresh", "other") % "c": "1x30"},
        "20m",
        {"cluster": "east", "policy": "fresh"},
        "The policy fresh has been in force in only some Pods of Gatekeeper, or in none, for 5 minutes "
        "(bestbefore_policy_in_force is 0).",
    ),
    Case("BestbeforeEnforcementLost", "a person deleted it", {_IN_FORCE % "c": "1x10 _x20"}, "20m"),
    Case("BestbeforeEnforcementLost", "it comes into force", {_IN_FORCE % "c": "0x2 1x20"}, "20m"),
    Case(
        "BestbeforeEnforcementLost",
        "one controller follows another",
        {_IN_FORCE % "c": "1x10 0x1 _x20", _IN_FORCE % "d": "_x10 1x20"},
        "20m",
    ),
    Case(
        "BestbeforePoliciesHeld",
        "two policies have no object any more",
        {_STATE % ("fresh", "held"): "0x10 1x20", _STATE % ("other", "held"): "0x10 1x20"},
        "20m",
        _EAST,
        "2 policies are in force and have no object. Somebody has to say whether that was meant.",
    ),
    Case(
        "BestbeforePoliciesHeld",
        "one is rejected",
        {_STATE % ("fresh", "held"): "0x30", _STATE % ("fresh", "rejected"): "1x30"},
        "20m",
    ),
    Case(
        "BestbeforeWaiverCopiesDiffer",
        "a Pod keeps a Waiver that is gone",
        {'bestbefore_waiver_copies{cluster="east",namespace="gatekeeper-system",result="different"}': "0x10 1x20"},
        "20m",
        _EAST,
        "1 Pods of Gatekeeper have not as many copies of Waivers as there are: one that was deleted may still let "
        "images pass.",
    ),
    Case(
        "BestbeforeWaiverCopiesDiffer",
        "it is a few moments late",
        {'bestbefore_waiver_copies{cluster="east",namespace="gatekeeper-system",result="different"}': "0x10 1x3 0x20"},
        "30m",
    ),
    Case(
        "BestbeforeAdmissionUnavailable",
        "the webhook fails again and again",
        {_REJECTED: "0x10 2+2x20", _UP: "1x40"},
        "20m",
        _EAST,
        "10 requests were refused in 5 minutes because the webhook validation.gatekeeper.sh failed.",
    ),
    Case(
        "BestbeforeAdmissionUnavailable",
        "the first failures ever, many at once",
        {_REJECTED: "_x10 8x10", _UP: "1x40"},
        "12m",
        _EAST,
        "8 requests were refused in 5 minutes because the webhook validation.gatekeeper.sh failed.",
    ),
    Case("BestbeforeAdmissionUnavailable", "a failure now and then", {_REJECTED: "0x10 1x30", _UP: "1x40"}, "12m"),
    Case("BestbeforeAdmissionUnavailable", "policies deny", {_REFUSED_BY_POLICY: "0+50x30", _UP: "1x40"}, "20m"),
    Case(
        "BestbeforeAdmissionUnavailable",
        "Prometheus comes back after an outage, the failures are old",
        {_REJECTED: "900x5 _x30 900x20", _UP: "1x5 _x30 1x20"},
        "37m",
    ),
    Case(
        "BestbeforeAdmissionFailingOpen",
        "requests pass unchecked, Constraints deny",
        {_OPENED: "0x10 1+1x20", _UP: "1x40", _CONSTRAINTS % "true": "2x40", _CONSTRAINTS % "false": "0x40"},
        "20m",
        _EAST,
        "10 requests were admitted unchecked in 10 minutes, because the webhook validation.gatekeeper.sh failed and "
        "its failure policy is Ignore.",
    ),
    Case(
        "BestbeforeAdmissionFailingOpen",
        "one request, the first ever, and no controller says what is in force",
        {_OPENED: "_x10 1x20", _UP: "1x40"},
        "12m",
        _EAST,
        "1 requests were admitted unchecked in 10 minutes, because the webhook validation.gatekeeper.sh failed and its "
        "failure policy is Ignore.",
    ),
    Case(
        "BestbeforeAdmissionFailingOpen",
        "no Constraint denies",
        {_OPENED: "0+1x40", _UP: "1x40", _CONSTRAINTS % "true": "0x40", _CONSTRAINTS % "false": "0x40"},
        "20m",
    ),
    Case("BestbeforeAdmissionFailingOpen", "it was an hour ago", {_OPENED: "0x5 3x60", _UP: "1x80"}, "60m"),
    Case(
        "BestbeforeControlPlaneUnseen",
        "another cluster's API server is seen, this one's is not",
        {_INFO: "1x90", _CALLS.replace("east", "west"): "0+1x90"},
        "80m",
        _EAST,
        "1 processes of bestbefore are seen, and for an hour no series "
        "apiserver_admission_webhook_admission_duration_seconds_count of the webhook.",
    ),
    Case("BestbeforeControlPlaneUnseen", "the API server is seen", {_INFO: "1x90", _CALLS: "0+1x90"}, "80m"),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "three workloads wait for registry and provider, and two controllers say so",
        {
            _blocked("shop", "registry"): "2x20",
            _blocked("shop", "registry", "d"): "2x20",
            _blocked("pay", "provider"): "1x20",
        },
        "10m",
        {**_EAST, "because": "blocked_workloads"},
        "3 workloads are blocked because a registry, the provider or the webhook does not work.",
    ),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "the only provider is gone, another cluster has one",
        {_DEADLINE % "east": "1.2x10 _x40", _DEADLINE % "west": "1.2x60"},
        "40m",
        {**_EAST, "because": "no_provider"},
        "1 providers were seen in the last 24 hours, and none for more than 5 minutes. Without one, what policies "
        "match is denied.",
    ),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "provider and controller are gone for hours, and Constraints that deny were seen last",
        {_DEADLINE % "east": "1.2x10", _CONSTRAINTS % "true": "3x10"},
        "300m",
        {**_EAST, "because": "no_provider"},
        "1 providers were seen in the last 24 hours, and none for more than 5 minutes. Without one, what policies "
        "match is denied.",
    ),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "bestbefore was removed after its Constraints",
        {_DEADLINE % "east": "1.2x10 _x40", _CONSTRAINTS % "true": "3x5 0x5 _x40"},
        "40m",
    ),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "bestbefore was removed hours ago, and there was no controller",
        {_DEADLINE % "east": "1.2x10"},
        "120m",
    ),
    Case(
        "BestbeforeRolloutsBlockedByPlatform",
        "many workloads are blocked by policies",
        {_blocked("shop", "policy"): "50x20", _blocked("pay", "registry"): "1x20", _DEADLINE % "east": "1.2x20"},
        "10m",
    ),
    Case(
        "BestbeforeCertificateExpiring",
        "two days are left",
        {_ENDS: f"{2 * _DAY + 7_200}x130"},
        "2h",
        {**_EAST, "certificate": "server"},
        "The certificate server ends in 2d 0h 0m 0s.",
    ),
    Case("BestbeforeCertificateExpiring", "ten days are left", {_ENDS: f"{10 * _DAY}x130"}, "2h"),
    Case(
        "BestbeforeCertificateExpiring",
        "two days are left of the authority of helm test, without which images are judged as before",
        {_ENDS.replace("server", "own_client_ca"): f"{2 * _DAY + 7_200}x130"},
        "2h",
    ),
    Case(
        "BestbeforeTrustRootExpiring",
        "its mirror has been away for twelve days",
        {_ROOT_ENDS: f"{2 * _DAY + 7_200}x130"},
        "2h",
        {**_EAST, "trust_root": "ghe"},
        "The TrustRoot ghe ends in 2d 0h 0m 0s.",
    ),
    Case("BestbeforeTrustRootExpiring", "it was refreshed today", {_ROOT_ENDS: f"{14 * _DAY}x130"}, "2h"),
    Case(
        "BestbeforeCertificateRenewalDue",
        "ten days are left",
        {_ENDS: f"{10 * _DAY + 7_200}x130"},
        "2h",
        {**_EAST, "certificate": "server"},
        "The certificate server ends in 10d 0h 0m 0s.",
    ),
    Case(
        "BestbeforeCertificateRenewalDue",
        "two days are left of the authority of helm test",
        {_ENDS.replace("server", "own_client_ca"): f"{2 * _DAY + 7_200}x130"},
        "2h",
        {**_EAST, "certificate": "own_client_ca"},
        "The certificate own_client_ca ends in 2d 0h 0m 0s.",
    ),
    Case("BestbeforeCertificateRenewalDue", "a year is left", {_ENDS: f"{365 * _DAY}x130"}, "2h"),
    Case(
        "BestbeforeNothingScraped",
        "no series",
        {},
        "30m",
        {},
        "1 for 15 minutes: no series bestbefore_build_info.",
    ),
    Case("BestbeforeNothingScraped", "a provider is scraped", {_INFO: "1x40"}, "30m"),
    Case(
        "BestbeforeControllerAway",
        "the only controller is gone, another cluster has one",
        {_LEADER % "c": "1x10 _x60", _LEADER.replace("east", "west") % "c": "1x80"},
        "60m",
        _EAST,
        "1 controllers were seen in the last 24 hours, and for 10 minutes none has counted.",
    ),
    Case(
        "BestbeforeControllerAway",
        "one is there that has not got the Lease",
        {_LEADER % "c": "0x60"},
        "60m",
        _EAST,
        "1 controllers were seen in the last 24 hours, and for 10 minutes none has counted.",
    ),
    Case("BestbeforeControllerAway", "one follows another", {_LEADER % "c": "1x10", _LEADER % "d": "_x12 1x60"}, "60m"),
    Case(
        "BestbeforeDenialsUnseen",
        "a third of the denials is seen",
        {_DENIED: "0+3x100", _SEEN: "0+1x100"},
        "90m",
        _EAST,
        "33.33% of the requests that Gatekeeper denied in the last hour were seen in its log.",
    ),
    Case("BestbeforeDenialsUnseen", "all are seen", {_DENIED: "0+3x100", _SEEN: "0+3x100"}, "90m"),
    Case("BestbeforeDenialsUnseen", "nothing is denied", {_DENIED: "0x100", _SEEN: "0x100"}, "90m"),
    Case("BestbeforeDenialsUnseen", "a handful is denied", {_DENIED: "0x50 5x50", _SEEN: "0x100"}, "90m"),
    Case(
        "BestbeforeDenialLogGaps",
        "the first gap of this cause",
        {_GAPS: "_x90 1x20"},
        "95m",
        {**_EAST, "cause": "rotated"},
        "1 gaps in the last hour, cause rotated.",
    ),
    Case("BestbeforeDenialLogGaps", "the gap was long ago", {_GAPS: "0x5 1x200"}, "180m"),
    Case(
        "BestbeforeSourceStale",
        "not read for an hour, a minute is its limit",
        {_READ: "0x80", _MAX_AGE % "owners": "60x80"},
        "1h",
        {**_EAST, "source": "owners"},
        "The source owners was last read 1h 0m 0s ago, or never since the controller started.",
    ),
    Case(
        "BestbeforeSourceStale",
        "never read, while another source is fresh",
        {_READ: "0+60x80", _MAX_AGE % "owners": "120x80", _MAX_AGE % "audit": "900x80"},
        "1h",
        {**_EAST, "source": "audit"},
        "The source audit was last read 15m 0s ago, or never since the controller started.",
    ),
    Case(
        "BestbeforeSourceStale",
        "as old as this source may be, and another may not",
        {_READ: "0x80", _MAX_AGE % "owners": "7200x80"},
        "1h",
    ),
    Case(
        "BestbeforeSeriesFolded",
        "more namespaces than labels",
        {_FOLDED: "0x90 12x20"},
        "91m",
        {**_EAST, "metric": "bestbefore_admission_violations_total"},
        '12 observations of bestbefore_admission_violations_total went into "other" in the last hour.',
    ),
    Case("BestbeforeSeriesFolded", "nothing was folded", {_FOLDED: "0x120"}, "90m"),
    Case(
        "BestbeforeDoctorFindings",
        "an error lasts",
        {_FINDINGS % "error": "2x90"},
        "1h",
        {**_EAST, "check": "webhook"},
        "2 findings of the check webhook: `bestbefore doctor` says what to do.",
    ),
    Case(
        "BestbeforeDoctorFindings",
        "there are warnings only",
        {_FINDINGS % "error": "0x90", _FINDINGS % "warning": "3x90"},
        "1h",
    ),
    Case(
        "BestbeforeRolloutBlocked",
        "a workload has waited for more than an hour for its own image",
        {_blocked("shop", "image"): "1x120"},
        "90m",
        {**_EAST, "resource_namespace": "shop", "cause": "image"},
        "1 workloads in shop have been blocked for an hour, cause image.",
    ),
    Case("BestbeforeRolloutBlocked", "its owner corrects it soon", {_blocked("shop", "policy"): "1x20 0x100"}, "90m"),
    Case("BestbeforeRolloutBlocked", "it is not the owner's to fix", {_blocked("shop", "registry"): "1x120"}, "90m"),
    Case(
        "BestbeforeDenialSpike",
        "a policy is switched to deny",
        {_blocks("policy"): "0x120 30x30"},
        "128m",
        {**_EAST, "cause": "policy"},
        "30 workloads were blocked within 15 minutes, cause policy; more than 4 times the mean of a day.",
    ),
    Case("BestbeforeDenialSpike", "every quarter of an hour has as many", {_blocks("policy"): "0+2x1500"}, "1450m"),
    Case(
        "BestbeforeDenialSpike",
        "the first blocks of a namespace, seen by a controller that was there before",
        {_blocks("policy"): "_x120 30x30", _LEADER % "c": "1x160"},
        "128m",
        {**_EAST, "cause": "policy"},
        "30 workloads were blocked within 15 minutes, cause policy; more than 4 times the mean of a day.",
    ),
    Case(
        "BestbeforeDenialSpike",
        "Prometheus has lost its data, and the blocks are old",
        {_blocks("policy"): "_x120 900x30", _LEADER % "c": "_x120 1x30"},
        "128m",
    ),
    Case("BestbeforeDenialSpike", "a few", {_blocks("policy"): "0x120 10x30"}, "128m"),
    Case(
        "BestbeforeAdmissionTimeouts",
        "Gatekeeper gives up a review a minute",
        {_TIMEOUTS: "0+1x60"},
        "40m",
        {**_EAST, "constraint_kind": "MaximumImageAge"},
        "15 reviews in 15 minutes were not finished by MaximumImageAge in the time of the webhook.",
    ),
    Case("BestbeforeAdmissionTimeouts", "one was too late", {_TIMEOUTS: "0x20 1x40"}, "40m"),
    Case(
        "BestbeforeAuditViolations",
        "old images run under a policy that denies",
        {_audit("violations", _FOUND % "deny"): "4x90", _audit("violations", _FOUND % "warn"): "9x90"},
        "80m",
        {**_EAST, "resource_namespace": "shop", "policy": "age"},
        "4 violations of age run in shop.",
    ),
    Case(
        "BestbeforeAuditViolations",
        "the policy warns",
        {_audit("violations", _FOUND % "deny"): "0x90", _audit("violations", _FOUND % "warn"): "9x90"},
        "80m",
    ),
    Case(
        "BestbeforeAuditStale",
        "the audit has said nothing for an hour, its interval is five minutes",
        {
            'bestbefore_audit_last_result_timestamp_seconds{cluster="east",pod="c",policy="age"}': "0x80",
        },
        "1h",
        {**_EAST, "policy": "age"},
        "The last result for age is 1h 0m 0s old, more than three intervals of the audit.",
    ),
    Case(
        "BestbeforeAuditStale",
        "the last result is ten minutes old",
        {
            'bestbefore_audit_last_result_timestamp_seconds{cluster="east",pod="c",policy="age"}': "3000x80",
        },
        "1h",
    ),
    Case(
        "BestbeforeViolationsTruncated",
        "more than are listed",
        {_audit("violations_truncated"): "30x90"},
        "80m",
        {**_EAST, "policy": "age", "constraint_kind": "MaximumImageAge"},
        "30 violations of age are counted by Gatekeeper and listed nowhere.",
    ),
    Case("BestbeforeViolationsTruncated", "all are listed", {_audit("violations_truncated"): "0x90"}, "80m"),
    Case(
        "BestbeforeKeysFailing",
        "every tenth key is too late",
        _keys(answered="0+9x60", Timeout="0+1x60"),
        "40m",
        _EAST,
        "10% of the keys of the last 15 minutes could not be looked at.",
    ),
    Case(
        "BestbeforeKeysFailing",
        "people mistype and forget to sign",
        _keys(answered="0+5x60", NotFound="0+4x60", SignatureAbsent="0+4x60"),
        "40m",
    ),
    Case("BestbeforeKeysFailing", "a few keys", _keys(answered="0+1x60", Timeout="0+1x60"), "40m"),
    Case(
        "BestbeforeSlow",
        "half of the answers take up to a second",
        _durations("0+5x60", "0+10x60"),
        "30m",
        {**_EAST, "endpoint": "validate"},
        "One request in a hundred to validate takes more than 985ms.",
    ),
    Case("BestbeforeSlow", "answers are quick", _durations("0+10x60", "0+10x60"), "30m"),
    Case(
        "BestbeforeShedding",
        "requests are shed",
        {_SHED: "0+3x60"},
        "30m",
        {**_EAST, "reason": "queue"},
        "30 requests in 10 minutes had keys that were refused without waiting (queue).",
    ),
    Case("BestbeforeShedding", "none is shed", {_SHED: "0x60"}, "30m"),
    Case(
        "BestbeforeRegistryThrottled",
        "it says 429 each minute",
        {_THROTTLED: "0+2x90"},
        "60m",
        {**_EAST, "registry": "ghcr.io"},
        "ghcr.io held us back 30 times in 15 minutes.",
    ),
    Case("BestbeforeRegistryThrottled", "it said so once", {_THROTTLED: "_x30 1x60"}, "60m"),
    Case("BestbeforeRegistryThrottled", "only audit waits for a quota", {_HELD_FOR_QUOTA: "0+2x90"}, "60m"),
    Case(
        "BestbeforeRegistryQuotaLow",
        "six of a hundred are left, at one of two replicas",
        {**_quota("p", remaining="6x90", seen="0+60x90"), **_quota("q", remaining="60x90", seen="0+60x90")},
        "60m",
        {**_EAST, "registry": "index.docker.io"},
        "6% of the requests that index.docker.io allows are left.",
    ),
    Case(
        "BestbeforeRegistryQuotaLow",
        "that was long ago, and nobody has asked since",
        _quota("p", remaining="6x90", seen="0x90"),
        "60m",
    ),
    Case("BestbeforeRegistryQuotaLow", "half is left", _quota("p", remaining="50x90", seen="0+60x90"), "60m"),
    Case(
        "BestbeforeStoreAway",
        "one of two replicas has lost it",
        {_STORE % "p": "1x10 0x20", _STORE % "q": "1x30"},
        "20m",
        _EAST,
        "1 replicas have done without their store for 5 minutes; each asks registries for itself.",
    ),
    Case("BestbeforeStoreAway", "it was away for a moment", {_STORE % "p": "1x10 0x2 1x20"}, "20m"),
    Case("BestbeforeStoreAway", "none is set", {_DEADLINE % "east": "1.2x30"}, "20m"),
    Case(
        "BestbeforeRegistryFailing",
        "most requests fail",
        {_registry("5xx"): "0+3x60", _registry("2xx"): "0+1x60"},
        "30m",
        {**_EAST, "registry": "ghcr.io"},
        "75% of the requests to ghcr.io failed in the last 10 minutes.",
    ),
    Case(
        "BestbeforeRegistryFailing",
        "images are not there",
        {_registry("404"): "0+3x60", _registry("2xx"): "0+1x60"},
        "30m",
    ),
    Case("BestbeforeRegistryFailing", "hardly anything is asked", {_registry("5xx"): "0x20 3x40"}, "25m"),
    Case(
        "BestbeforeRegistryUnauthorized",
        "credentials have ended",
        _keys(answered="0+1x90", Unauthorized="0+1x90"),
        "60m",
        _EAST,
        "30 questions in 30 minutes found no credentials, or not the right ones.",
    ),
    Case(
        "BestbeforeRegistryUnauthorized",
        "somebody names one private image, and each pull begins with a 401",
        {**_keys(answered="0+1x90", Unauthorized="0x20 1x70"), _registry("401"): "0+1x90"},
        "45m",
    ),
    Case(
        "BestbeforeFileRejected",
        "a file is broken",
        {_FILES: "0x20 1x60", _TLS: "0x80"},
        "25m",
        {**_EAST, "setting": "docker_config"},
        "1 times in the last hour, a file of the setting docker_config.",
    ),
    Case("BestbeforeFileRejected", "all files are good", {_FILES: "0x80", _TLS: "0x80"}, "25m"),
    Case(
        "BestbeforeEntriesUnusable",
        "an entry cannot be used",
        {_UNUSABLE: "2x40"},
        "30m",
        {**_EAST, "setting": "docker_config"},
        "2 entries of the setting docker_config.",
    ),
    Case("BestbeforeEntriesUnusable", "all entries can be used", {_UNUSABLE: "0x40"}, "30m"),
    Case(
        "BestbeforeImagesExpiring",
        "images of two namespaces end this week",
        {_DUE % ("shop", "3d"): "2x90", _DUE % ("lab", "7d"): "1x90", _DUE % ("lab", "14d"): "9x90"},
        "70m",
        {**_EAST, "policy": "age"},
        "3 containers that run will be denied by age within 7 days.",
    ),
    Case("BestbeforeImagesExpiring", "they end in two weeks", {_DUE % ("lab", "14d"): "9x90"}, "70m"),
    Case(
        "BestbeforeImagesExpired",
        "there are more than yesterday",
        {_KNOWN: "1x1600", _DUE % ("shop", "expired"): "2x1480 5x120", _DUE % ("lab", "expired"): "7x1600"},
        "1500m",
        {**_EAST, "policy": "age"},
        "5 containers that run are denied by age if they have to start again, in namespaces where they have become "
        "more.",
    ),
    Case(
        "BestbeforeImagesExpired",
        "the first ones of a namespace",
        {_KNOWN: "1x1600", _DUE % ("shop", "expired"): "_x1480 2x120"},
        "1500m",
        {**_EAST, "policy": "age"},
        "2 containers that run are denied by age if they have to start again, in namespaces where they have become "
        "more.",
    ),
    Case(
        "BestbeforeImagesExpired",
        "they are those of yesterday",
        {_KNOWN: "1x1600", _DUE % ("shop", "expired"): "2x1600"},
        "1500m",
    ),
    Case("BestbeforeImagesExpired", "the first day of the forecast", {_DUE % ("shop", "expired"): "2x90"}, "60m"),
    Case(
        "BestbeforeImagesUndated",
        "nobody can look at two",
        {_DUE % ("shop", "unknown"): "2x400"},
        "370m",
        {**_EAST, "policy": "age"},
        "2 containers that run could not be looked at for age.",
    ),
    Case("BestbeforeImagesUndated", "a registry is away for an hour", {_DUE % ("shop", "unknown"): "2x60"}, "370m"),
    Case(
        "BestbeforeImagesUnpullable",
        "an image was deleted",
        {_GONE: "2x90"},
        "70m",
        _EAST,
        "2 containers run images that no new node can pull.",
    ),
    Case("BestbeforeImagesUnpullable", "all are there", {_GONE: "0x90"}, "70m"),
    Case(
        "BestbeforeImagesExpiringInNamespace",
        "images of a namespace with a team end this week",
        {_DUE % ("shop", "3d"): "2x90", _TEAM: "1x90"},
        "70m",
        {**_EAST, "policy": "age", "resource_namespace": "shop", "team": "team-shop"},
        "2 containers in shop will be denied by age within 7 days.",
    ),
    Case(
        "BestbeforeImagesExpiringInNamespace",
        "images of a namespace without a team end this week",
        {_DUE % ("lab", "3d"): "2x90", _TEAM: "1x90"},
        "70m",
        {**_EAST, "policy": "age", "resource_namespace": "lab"},
        "2 containers in lab will be denied by age within 7 days.",
    ),
    Case("BestbeforeImagesExpiringInNamespace", "none ends", {_DUE % ("lab", "later"): "2x90"}, "70m"),
]
