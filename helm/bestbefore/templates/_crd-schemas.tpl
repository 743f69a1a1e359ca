{{/*
The schema of a ClusterImagePolicy, the same in both versions: what policy-controller's webhook refuses is refused here, as far as a schema can see it, and
nothing that it accepts. Bounds of lists are there for the API server, which reckons the cost of every rule beforehand.
*/}}
{{- define "bestbefore.crds.clusterImagePolicy" -}}
type: object
required: ["spec"]
properties:
  spec:
    description: What the policy wants of the images that it is for.
    type: object
    required: ["images", "authorities"]
    properties:
      images:
        description: Which images the policy is for.
        type: array
        minItems: 1
        items:
          type: object
          required: ["glob"]
          properties:
            glob:
              description: Their names; `*` stands for anything without a slash, `**` for anything.
              type: string
              pattern: '^[a-zA-Z0-9\-_:/*.@]+$'
      authorities:
        description: Who may vouch for an image; one of them is enough.
        type: array
        minItems: 1
        maxItems: 32
        items:
          {{- include "bestbefore.crds.authority" . | nindent 10 }}
      policy:
        {{- include "bestbefore.crds.rule" (dict "description" "A rule over what the authorities found.") | nindent 8 }}
      mode:
        description: What becomes of an image that fails; empty means `enforce`.
        type: string
        enum: ["", "enforce", "warn"]
      match:
        description: Which workloads the policy is for; all where it is empty.
        type: array
        maxItems: 256
        items:
          type: object
          properties:
            group:
              type: string
              maxLength: 253
            version:
              type: string
              maxLength: 63
            resource:
              type: string
              enum: ["", "pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"]
            selector:
              description: Labels that the workload has.
              type: object
              properties:
                matchLabels:
                  type: object
                  additionalProperties:
                    type: string
                matchExpressions:
                  type: array
                  items:
                    type: object
                    required: ["key", "operator"]
                    properties:
                      key:
                        type: string
                      operator:
                        type: string
                      values:
                        type: array
                        items:
                          type: string
          x-kubernetes-validations:
            - rule: "!has(self.selector) || [has(self.group) && self.group != '', has(self.version) && self.version != '', has(self.resource) && self.resource != ''].exists(given, given)"
              message: selector requires a resource type to match the labels
  status:
    description: Of policy-controller, where it runs; a PolicyStatus of the same name says what became of the policy here.
    type: object
    x-kubernetes-preserve-unknown-fields: true
{{- end -}}

{{- define "bestbefore.crds.authority" -}}
type: object
properties:
  name:
    description: How rules call it; `authority-INDEX` where it is not given.
    type: string
  key:
    {{- include "bestbefore.crds.key" (dict "description" "Signed by a key." "namespace" .Values.controller.policies.namespace) | nindent 4 }}
  keyless:
    description: Signed with a short-lived certificate.
    type: object
    required: ["identities"]
    properties:
      url:
        description: Of the certificate authority; the public Fulcio where neither it nor `ca-cert` is given.
        type: string
      ca-cert:
        {{- include "bestbefore.crds.key" (dict "description" "Of the certificate authority." "namespace" .Values.controller.policies.namespace) | nindent 8 }}
      identities:
        description: Who may have signed.
        type: array
        minItems: 1
        maxItems: 128
        items:
          type: object
          properties:
            issuer:
              type: string
              maxLength: 2048
            issuerRegExp:
              type: string
              maxLength: 2048
            subject:
              type: string
              maxLength: 2048
            subjectRegExp:
              type: string
              maxLength: 2048
          x-kubernetes-validations:
            - rule: "(has(self.issuer) && self.issuer != '') != (has(self.issuerRegExp) && self.issuerRegExp != '')"
              message: expected exactly one of issuer and issuerRegExp
            - rule: "(has(self.subject) && self.subject != '') != (has(self.subjectRegExp) && self.subjectRegExp != '')"
              message: expected exactly one of subject and subjectRegExp
            # An expression that cannot be read makes the rule fail, whatever it would give.
            - rule: "!has(self.issuerRegExp) || (''.matches(self.issuerRegExp) ? true : true)"
              message: issuerRegExp is no regular expression
            - rule: "!has(self.subjectRegExp) || (''.matches(self.subjectRegExp) ? true : true)"
              message: subjectRegExp is no regular expression
      trustRootRef:
        description: A TrustRoot with the certificate authorities.
        type: string
      insecureIgnoreSCT:
        type: boolean
    x-kubernetes-validations:
      - rule: "!has(self.url) || !has(self.ca__dash__cert)"
        message: expected exactly one of url and ca-cert
  static:
    description: Passes or fails without looking.
    type: object
    required: ["action"]
    properties:
      action:
        type: string
        enum: ["pass", "fail"]
      message:
        type: string
  source:
    description: Where the signatures are, if not beside the image.
    type: array
    maxItems: 1
    items:
      type: object
      properties:
        oci:
          type: string
          maxLength: 1024
          pattern: '^$|^[^\s/]*[.:][^\s/]*/[a-z0-9_./\-]{2,255}$|^[^\s/]+$'
        signaturePullSecrets:
          type: array
          maxItems: 64
          items:
            type: object
            required: ["name"]
            properties:
              name:
                type: string
                minLength: 1
        tagPrefix:
          type: string
      x-kubernetes-validations:
        - rule: "!has(self.oci) || !self.oci.matches('^(index[.])?docker[.]io/[^/]*$')"
          message: "strict validation requires the full repository path (missing 'library')"
  ctlog:
    description: The transparency log that the signature is in.
    type: object
    properties:
      url:
        type: string
      trustRootRef:
        type: string
  rfc3161timestamp:
    description: The authority that has stamped the signature.
    type: object
    properties:
      trustRootRef:
        type: string
  attestations:
    description: What must have been said of the image, beside its signature.
    type: array
    maxItems: 64
    items:
      type: object
      required: ["name", "predicateType"]
      properties:
        name:
          type: string
          minLength: 1
        predicateType:
          type: string
          minLength: 1
        policy:
          {{- include "bestbefore.crds.rule" (dict "description" "A rule over the attestation.") | nindent 10 }}
      x-kubernetes-validations:
        - rule: "!has(self.policy) || !(has(self.policy.fetchConfigFile) || has(self.policy.includeSpec) || has(self.policy.includeObjectMeta) || has(self.policy.includeTypeMeta))"
          message: fetchConfigFile, includeSpec, includeObjectMeta and includeTypeMeta are for the policy's own rule only
  signatureFormat:
    type: string
x-kubernetes-validations:
  - rule: "[has(self.key), has(self.keyless), has(self.static)].filter(given, given).size() == 1"
    message: expected exactly one of key, keyless and static
  - rule: "!has(self.static) || !(has(self.ctlog) || has(self.rfc3161timestamp) || has(self.source) && self.source.size() > 0 || has(self.attestations) && self.attestations.size() > 0)"
    message: "beside static there is no source, ctlog, rfc3161timestamp or attestations"
{{- end -}}

{{/* A public key. A dict of description. */}}
{{- define "bestbefore.crds.key" -}}
description: {{ .description }}
type: object
properties:
  data:
    description: The public key, PEM.
    type: string
    pattern: '^$|-----BEGIN (RSA )?PUBLIC KEY-----[\s\S]*-----END (RSA )?PUBLIC KEY-----'
  secretRef:
    description: A Secret with the public key.
    type: object
    properties:
      name:
        type: string
      namespace:
        type: string
        enum: ["", {{ .namespace | quote }}]
  kms:
    description: A key in a key management system.
    type: string
    maxLength: 2048
    # A key of AWS is named by its ARN; ADDRESS:PORT of an endpoint may stand before it.
    pattern: '^$|^(azurekms|hashivault|gcpkms)://|^awskms://([^/:\[\]]*:[^/:\[\]]*|\[[^/\]]*\]:[^/:\[\]]*)?/arn:(aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:[0-9]{12}:(key/m?r?k?-?[A-Fa-f0-9]{8}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{12}|alias/[^\n]*)$'
  hashAlgorithm:
    type: string
    pattern: '^\s*((?i)sha224|sha256|sha384|sha512)?\s*$'
x-kubernetes-validations:
  - rule: "[has(self.data) && self.data != '', has(self.kms) && self.kms != '', has(self.secretRef)].filter(given, given).size() == 1"
    message: expected exactly one of data, kms and secretRef
{{- end -}}

{{/* A rule in Rego or CUE. A dict of description. */}}
{{- define "bestbefore.crds.rule" -}}
description: {{ .description }}
type: object
required: ["type"]
properties:
  type:
    type: string
    enum: ["cue", "rego"]
  data:
    type: string
  configMapRef:
    type: object
    required: ["name", "key"]
    properties:
      name:
        type: string
        minLength: 1
      namespace:
        type: string
      key:
        type: string
        minLength: 1
  remote:
    type: object
    required: ["url", "sha256sum"]
    properties:
      url:
        type: string
        pattern: '^(?i:https)://[^/]'
      sha256sum:
        description: Of what is at the URL.
        type: string
        minLength: 1
  fetchConfigFile:
    description: Let the rule see the image's configuration.
    type: boolean
  includeSpec:
    description: Let the rule see the workload's spec.
    type: boolean
  includeObjectMeta:
    description: Let the rule see the workload's metadata.
    type: boolean
  includeTypeMeta:
    description: Let the rule see the workload's apiVersion and kind.
    type: boolean
x-kubernetes-validations:
  - rule: "[has(self.data) && self.data != '', has(self.configMapRef), has(self.remote)].filter(given, given).size() == 1"
    message: expected exactly one of data, configMapRef and remote
{{- end -}}

{{/* The schema of a TrustRoot, by the same principle. */}}
{{- define "bestbefore.crds.trustRoot" -}}
type: object
required: ["spec"]
properties:
  spec:
    description: Whom signatures are checked against; one of the four.
    type: object
    properties:
      remote:
        description: A TUF repository at a URL.
        type: object
        required: ["root", "mirror"]
        properties:
          root:
            description: The first root, base64.
            type: string
            minLength: 1
          mirror:
            description: The repository's URL.
            type: string
            minLength: 1
          targets:
            type: string
          trustedRootTarget:
            type: string
      repository:
        description: A TUF repository as a whole.
        type: object
        required: ["root", "mirrorFS"]
        properties:
          root:
            description: The first root, base64.
            type: string
            minLength: 1
          mirrorFS:
            description: The repository, an archive by tar and gzip, base64.
            type: string
            minLength: 1
          targets:
            type: string
          trustedRootTarget:
            type: string
      sigstoreKeys:
        description: Keys and certificates.
        type: object
        properties:
          certificateAuthorities:
            {{- include "bestbefore.crds.certificateAuthorities" . | nindent 12 }}
          timestampAuthorities:
            {{- include "bestbefore.crds.certificateAuthorities" . | nindent 12 }}
          tLogs:
            {{- include "bestbefore.crds.logs" . | nindent 12 }}
          ctLogs:
            {{- include "bestbefore.crds.logs" . | nindent 12 }}
        x-kubernetes-validations:
          - rule: "has(self.certificateAuthorities) && self.certificateAuthorities.size() > 0 || has(self.timestampAuthorities) && self.timestampAuthorities.size() > 0"
            message: expected certificateAuthorities or timestampAuthorities
      trustedRootJSON:
        description: The document that cosign calls a trusted root, base64.
        type: string
    x-kubernetes-validations:
      - rule: "[has(self.remote), has(self.repository), has(self.sigstoreKeys), has(self.trustedRootJSON) && self.trustedRootJSON != ''].filter(given, given).size() == 1"
        message: expected exactly one of remote, repository, sigstoreKeys and trustedRootJSON
  status:
    description: Of policy-controller, where it runs.
    type: object
    x-kubernetes-preserve-unknown-fields: true
{{- end -}}

{{- define "bestbefore.crds.certificateAuthorities" -}}
type: array
items:
  type: object
  required: ["subject", "uri", "certChain"]
  properties:
    subject:
      type: object
      required: ["organization", "commonName"]
      properties:
        organization:
          type: string
          minLength: 1
        commonName:
          type: string
          minLength: 1
    uri:
      type: string
      minLength: 1
    certChain:
      description: PEM, base64; the last one is the root.
      type: string
      minLength: 1
{{- end -}}

{{- define "bestbefore.crds.logs" -}}
type: array
items:
  type: object
  required: ["baseURL", "hashAlgorithm", "publicKey"]
  properties:
    baseURL:
      type: string
      minLength: 1
    hashAlgorithm:
      type: string
      minLength: 1
    publicKey:
      description: PEM, base64.
      type: string
      minLength: 1
{{- end -}}

{{/* What all our definitions have before their spec. A dict of root, name. */}}
{{- define "bestbefore.crds.head" -}}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {{ .name }}
  labels:
    {{- include "bestbefore.partLabels" (dict "root" .root "component" "policies") | nindent 4 }}
  annotations:
    # With a definition go all objects of its kind.
    helm.sh/resource-policy: keep
{{- end -}}
