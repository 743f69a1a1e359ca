"""What to do when a metric of the provider moves; the alerts that look at it are found in the rules."""

from __future__ import annotations

from typing import Final

INTRODUCTION: Final = """\
Provider and controller each have `GET /metrics` on their plain port (8888 by default), in Prometheus' text format;
beside what is listed here are Python's and the process' own (`process_resident_memory_bytes` and the like). A histogram
has `_bucket`, `_sum` and `_count` after its name. How to see them on dashboards: [monitor](../how-to/monitor.md).

Labels are bounded: an image, a digest, a user or a key never becomes one.

## The provider

Each replica counts for itself: add them up. Of the registries that no setting names only the first twenty have a label
of their own, the others are `other`.

- `endpoint` is `validate`, `audit`, `mutate` or `presence`.
- `reason` is a [reason code](reasons.md), empty where there is none.
- `outcome` of a request: `complete`, `item_errors` (some key has a durable error), `system_error` (some key is left to
  a retry), `bad_request` (4xx), `failed` (unexpected). Of a key: `answered`, `item_error`, `unfinished`.
- `registry` is a host as references name it (`index.docker.io`).

"""
WHEN: Final = {
    "build_info": "an upgrade; two versions for longer than a rollout: see the Deployment",
    "cache_entries": "nothing to do while the bytes are within `memory_mib`",
    "cache_requests": (
        "fewer hits: many new images (nothing to do), or `memory_mib` is too small for what runs: raise it"
    ),
    "cache_size_bytes": "at `memory_mib` for long, with few hits: raise it, and the limit of the Pod with it",
    "certificate_expiry_timestamp_seconds": "it should, before it is reached: whoever renews it has done so",
    "certificate_rejections": (
        "the Secret holds files that cannot be used, the log says why: write good ones; what was in force stays"
    ),
    "deadline_seconds": "the settings were changed; it must stay below Gatekeeper's timeouts: run `bestbefore doctor`",
    "entries_passed_over": (
        "a registry lists signatures that nobody can read: the log names them; their owner signs again or removes them"
    ),
    "cache_renewals": (
        "`failed`: the registry is away, or has little left (see `bestbefore_registry_requests_total`); who asks next "
        "waits for it"
    ),
    "file_rejections": "a replaced file cannot be used, what was read before stays; the log says why: correct the file",
    "handshakes_refused": (
        "somebody asks who may not, or Gatekeeper's CA is another one than the provider trusts: `handshake.failed` "
        "in the log names the peer; `bestbefore doctor` compares the CAs"
    ),
    "keys": "by `reason`: `bestbefore explain REASON`",
    "loop_lag_seconds": (
        "above 0.1 s the provider has too little processor: raise its request and limit, or add replicas"
    ),
    "questions_in_progress": (
        "registries are slow (see their duration), or more is asked than can be done: add replicas"
    ),
    "registry_request_duration_seconds": "a registry is slow: use a mirror, or a cache near the cluster",
    "registry_requests": (
        "by `code`: 5xx, timeout, connection, tls are failures: see its status page, your proxy and firewall; "
        "a 401 before a pull is usual"
    ),
    "registry_quota_limit": "another account, or another contract: nothing to do",
    "registry_quota_remaining": (
        "falls to 0: give the provider credentials with a larger quota, or use a mirror; audit waits from a quarter of "
        "the limit on. Of several accounts it is the fewest"
    ),
    "registry_quota_timestamp_seconds": "stands still: nothing was asked there, so what is left is not known any more",
    "registry_retries": (
        "one address of a registry is bad and the others answer, or it is busy now and then (429, 502, 503, 504): "
        "nothing to do, unless it lasts; then tell who runs it"
    ),
    "registry_round_trips": (
        "more than 6: an empty cache (it passes), or images with many platforms or signatures: a mirror near "
        "the cluster makes each trip shorter"
    ),
    "registry_throttled": (
        "`cause` says who held back: the registry (`status`, `retry_after`): set credentials (a larger quota) or a "
        "mirror; we, because it could not be reached or failed (`unreachable`, `circuit`), or has little left and "
        "audit asks (`quota`), or because too much is asked (`local_limit`)"
    ),
    "request_duration_seconds": (
        "near `bestbefore_deadline_seconds` denials with `Timeout` follow: see which registry is slow"
    ),
    "request_keys": "nothing to do: how many images and policies an object meets",
    "requests_in_progress": (
        "answers are slow: see `bestbefore_request_duration_seconds`; quick answers and many requests: add replicas"
    ),
    "requests_shed": "a registry hangs (see its duration), or there is too much to do: add replicas",
    "requests": (
        "`bad_request`: not Gatekeeper asks, but somebody else: see the log; `system_error`: registries, see "
        "`bestbefore_keys_total`; `failed`: report it, with the log"
    ),
    "stale_keys": (
        "a registry is away, and what was seen before is answered for `stale_seconds`; then denials with "
        "`RegistryUnavailable` or `Timeout` follow: see `bestbefore_registry_requests_total`"
    ),
    "store_entries_rejected": (
        "somebody else writes to the store that replicas share, or it damages values: the registry is asked instead; "
        "give the store a user and a password of its own"
    ),
    "store_request_duration_seconds": "near 0.25 s the store is too slow to be of use: see its load, and the way to it",
    "store_requests": (
        "by `result`: `refused` is a wrong user, password or right; `full`: give it more memory, or "
        "`maxmemory-policy allkeys-lru`; `read_only`: it is a replica; `timeout`, `connection`: see the store"
    ),
    "store_up": (
        "0: the store that replicas share is lost, each replica asks registries for itself: see the store. There is no "
        "series where none is set, or none was asked yet"
    ),
    "store_writes_dropped": "the store is lost, full, read-only or slow: see `bestbefore_store_requests_total`",
    "unusable_entries": "correct or remove the entry; the log names it",
    "unusable_pull_secrets": "`forbidden`, `unauthorized`: the provider's account lacks a right, run `bestbefore "
    "doctor`; `unavailable`: the API server is away; `missing`, `invalid`, `too_large`: the owners of the Pods see to "
    "it. `pull_secret.skipped` in the log names them",
}
