{{/*
The schema of a Waiver. `gatekeeper/rego/waivers.rego` asks for the same, since an object may be older than a rule; `gatekeeper/waivers/reading.py` says it of files.
*/}}
{{- define "bestbefore.crds.waiver" -}}
description: Lets pass for a time what policies deny that take Waivers.
type: object
required: ["spec"]
properties:
  spec:
    description: What is let pass, where and until when. Only `until` can be changed, to an earlier time.
    type: object
    required: ["policies", "namespaces", "images", "until", "reason", "owner"]
    properties:
      policies:
        description: Policies by their names; `*`, with `breakGlass` only, is all that take Waivers.
        type: array
        minItems: 1
        maxItems: 16
        items:
          type: string
          maxLength: 253
          pattern: '^(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$'
      namespaces:
        description: Namespaces by their names. No stars, no selectors.
        type: array
        minItems: 1
        maxItems: 64
        items:
          type: string
          maxLength: 63
          pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
      images:
        description: Globs of repositories with their registry (`*` stops at a slash, `**` does not), or one repository with a digest. A tag is refused, because Pods are pinned to digests.
        type: array
        minItems: 1
        maxItems: 32
        items:
          type: string
          maxLength: 512
          pattern: '^(\*\*|[a-z0-9._*-]+(:[0-9]{1,5})?(/[a-z0-9._*-]+)+|[a-z0-9._-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64})$'
      until:
        description: When it ends. Counted from its creation, at most what the policies and the cluster allow.
        type: string
        format: date-time
        maxLength: 40
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$'
      reason:
        description: Why, for whoever reads it later.
        type: string
        minLength: 10
        maxLength: 1024
        pattern: '[\p{L}\p{N}]'
      owner:
        description: Whom to ask.
        type: string
        minLength: 1
        maxLength: 253
        pattern: '[\p{L}\p{N}]'
      ticket:
        description: Where more is written; required with `breakGlass`.
        type: string
        maxLength: 1024
      breakGlass:
        description: An emergency. A day at most, and only for who may use the verb `breakglass`.
        type: boolean
    x-kubernetes-validations:
      - rule: "self.policies == oldSelf.policies && self.namespaces == oldSelf.namespaces && self.images == oldSelf.images"
        message: policies, namespaces and images cannot be changed; write another Waiver
      - rule: "(has(self.breakGlass) && self.breakGlass) == (has(oldSelf.breakGlass) && oldSelf.breakGlass)"
        message: breakGlass cannot be changed; write another Waiver
      - rule: "self.until <= oldSelf.until"
        message: until can only move to an earlier time; write another Waiver
      - rule: "!('*' in self.policies) || (has(self.breakGlass) && self.breakGlass)"
        message: "policies: ['*'] needs breakGlass"
      - rule: "!(has(self.breakGlass) && self.breakGlass) || (has(self.ticket) && self.ticket.matches(r'[\\p{L}\\p{N}]'))"
        message: breakGlass needs a ticket
  status:
    description: The controller writes it.
    type: object
    properties:
      conditions:
        description: Accepted (it is as it should be), Active (it holds now), InUse (something was let pass within a day).
        type: array
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: ["type"]
        items:
          type: object
          required: ["type", "status", "reason", "message", "lastTransitionTime"]
          properties:
            type:
              type: string
            status:
              type: string
              enum: ["True", "False", "Unknown"]
            reason:
              type: string
            message:
              type: string
            lastTransitionTime:
              type: string
              format: date-time
            observedGeneration:
              type: integer
              format: int64
      lastUsedDate:
        description: The last day (UTC) on which something was let pass.
        type: string
      workloads:
        description: What was let pass on that day, `KIND NAMESPACE/NAME`; the first 20.
        type: array
        maxItems: 20
        items:
          type: string
{{- end -}}
