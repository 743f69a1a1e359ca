"""Every metric of the controller: what it means, and what to do when it moves."""

from __future__ import annotations

from typing import Final

from gatekeeper.denials import limits

INTRODUCTION: Final = f"""
## The controller

`GET /metrics` of `bestbefore control`, of the one process that leads. What is counted as what:
[denials](../explanation/denials.md).

- `resource_namespace` is where the object lies that was denied, empty for one that lies in none. The first
  {limits.NAMESPACES} have a label of their own, the others are `other`, as are policies beyond
  {limits.POLICIES} and kinds beyond {limits.KINDS}. There are never more than {limits.SERIES:,} series;
  `bestbefore_series_folded_total` counts what went into `other`.
- `policy` is a ClusterImagePolicy, the kind of a policy of ours, or the Constraint of another template.
- `reason` is a [reason code](reasons.md); `foreign` of templates that are not ours, `unknown` of a newer
  version's.
- `cause` is `policy`, `image` (theirs, who own the workload), `registry`, `provider`, `webhook` (ours, who run
  the platform).
- `actor` is `person`, `gitops` (accounts that a setting names), `serviceaccount`, `controller` (Kubernetes'
  own), `unknown`.
- `outcome` of a line is `violation` (counted, or a template without a verdict), `repeated` (counted before),
  `foreign` (no deny line), `unreadable` (a deny line, and what was denied is not known).
- A counter that is born at 1 is invisible to `increase`. Request counters of namespaces that policies cover
  exist at 0; for all others write `(x unless x offset 1h) or increase(x[1h])`: where there was no series an hour
  ago, all that it counts is new. (The other way round, `increase` says 0 from the second scrape on.)
- While one controller follows another, both show their gauges for a moment: take `max` before you add them up.

"""
WHEN: Final = {
    "admission_violations": (
        "see which policy, where and why; one policy alone: it is new, or what it looks at has changed"
    ),
    "admission_denied_requests": (
        "controllers repeat theirs, so look at `bestbefore_blocked_workloads` first; `person` and `gitops` "
        "have read the message"
    ),
    "admission_dry_run_denied_requests": (
        "nothing is broken; a GitOps tool shows a difference that it will not be able to apply"
    ),
    "admission_timeouts": (
        "objects are admitted unchecked (failure policy Ignore) or refused unseen (Fail): look at the "
        "provider's latency and `bestbefore doctor`"
    ),
    "blocked_workloads": (
        "`policy` and `image`: their owners have an Event; `registry`, `provider`, `webhook`: yours, now"
    ),
    "workload_blocks": "many at once with one cause have one reason: a new policy, a registry that is away",
    "denied_requests_seen": (
        "compare with `bestbefore_gatekeeper_denied_requests_total`: the share is what dashboards show of the truth"
    ),
    "gatekeeper_denied_requests": "compare with `bestbefore_denied_requests_seen_total`",
    "denial_log_gaps": (
        "lines may be missing: `rotated`, `restarted`, `pod_deleted` happen; `forbidden` is a missing right"
    ),
    "denial_lines": (
        "`unreadable`: another version of Gatekeeper, report it; no `violation` although Gatekeeper denies: `logDenies`"
    ),
    "denial_delay_seconds": "the controller is behind, or the clocks of the nodes differ",
    "audit_violations": "what runs and would be denied today; see the Constraint's status",
    "audit_violations_truncated": (
        "the status lists fewer than there are: raise Gatekeeper's `constraintViolationsLimit`"
    ),
    "audit_last_result_timestamp_seconds": "stands still: audit fails or is off; see its Pod's log",
    "constraints": "none of ours with `deny`: nothing is enforced",
    "source_last_success_timestamp_seconds": (
        "older than `bestbefore_source_max_age_seconds`: see `bestbefore_source_errors_total`"
    ),
    "source_max_age_seconds": "never",
    "source_errors": (
        "`forbidden`: a missing right; `absent`: not installed; `unavailable`: passing; `invalid`: report it; "
        "`foreign`: an object of somebody else has the name of ours, the log says which"
    ),
    "workload_events": "`failed`: owners do not read why; a missing right, or the API server is away",
    "waivers": "`idle`, `invalid`, `ended`: they let nothing pass; `bestbefore waivers` says why",
    "waivers_watched": "`ending`: what will be denied within 14 days; `break_glass`: an emergency goes on",
    "waiver_copies": "`different`: a Waiver that was deleted may still let pass, or one that is there does not",
    "policy_in_force": "0: part of Gatekeeper does not enforce the policy; its PolicyStatus says why",
    "policy_key_read_timestamp_seconds": "Older than some minutes: its service is away or denies it (`policy.warned`); "
    "after 12 hours its authority vouches for no image",
    "policy_state": "see the policy's PolicyStatus, or `bestbefore policies`: each state has its reason there",
    "certificate_expiry_timestamp_seconds": (
        "it should, long before it is reached; if not, see `bestbefore_source_errors_total` of `certificates`"
    ),
    "trust_root_verified_timestamp_seconds": (
        "older than some hours: its mirror is away or refused, `trust_root.failed` says why; 14 days are the most"
    ),
    "trust_root_expiry_timestamp_seconds": (
        "it comes near: give the TrustRoot newer keys, or see why it is not refreshed (`trust_root.failed`)"
    ),
    "doctor_findings": "run `bestbefore doctor`: each finding has its page",
    "running_containers": (
        "`expired`: these run, and are not replaced after a drain, a crash or a scale-up; `1d` to `14d`: their owners "
        "have an Event; `unknown`: nobody could look, see the log"
    ),
    "apply_blocked_containers": (
        "`expired`: whoever applies this again as it is, a person or a GitOps tool, is denied"
    ),
    "best_before_timestamp_seconds": "the smallest one is the next denial that nobody has to surprise",
    "workload_best_before_timestamp_seconds": "see the Event on the workload; the series needs `forecast_workloads`",
    "unpullable_containers": "a new node cannot pull them: push the image again, or move to another",
    "namespace_team": "never; alerts join it, so that they name whose a namespace is",
    "forecast_known_timestamp_seconds": (
        "older than a day: some images could not be looked at again, and what was known of them is shown"
    ),
    "series_folded": (
        "there are more namespaces or policies than have labels; numbers stay right, `other` hides where"
    ),
    "leader": "no process has 1: nobody counts; two: clocks or network are broken",
    "build_info": "an upgrade",
}
