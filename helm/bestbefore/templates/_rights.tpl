{{/*
What controller, `helm test` and uninstalling share. Each takes a dict of the switches that are on: doctor, audit, policies, logs, coverage, certificates, forecast, reports. Here
whom they may reach; `root` is in the dict, too.
*/}}
{{- define "bestbefore.lookerEgress" -}}
{{ include "bestbefore.dnsEgress" .root }}
# The API server.
- ports:
    {{- range .root.Values.controller.networkPolicy.apiServerPorts }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- with .root.Values.controller.networkPolicy.apiServerPeers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if and .trustRoots (not (or .doctor .certificates)) }}
# Which trust roots the provider has loaded.
- to:
    - podSelector:
        matchLabels:
          {{- include "bestbefore.selectorLabels" .root | nindent 10 }}
  ports:
    - port: 8888
      protocol: TCP
{{- end }}
{{- if or .coverage .waivers }}
# Gatekeeper's own counters: of denials, and of the Waivers that it has copies of.
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ include "bestbefore.gatekeeperNamespace" .root }}
      podSelector:
        matchLabels:
          gatekeeper.sh/system: "yes"
  ports:
    - port: 8888
      protocol: TCP
{{- end }}
{{- if or .doctor .certificates .forecast }}
# Which certificate the provider shows, and how it is.
- to:
    - podSelector:
        matchLabels:
          {{- include "bestbefore.selectorLabels" .root | nindent 10 }}
  ports:
    - port: 8443
      protocol: TCP
    - port: 8888
      protocol: TCP
{{- end }}
{{- with .root.Values.controller.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Cluster-wide, read only. */}}
{{- define "bestbefore.lookerRules" -}}
- apiGroups: [""]
  resources: ["namespaces"]
  verbs: ["list"]
- apiGroups: ["admissionregistration.k8s.io"]
  resources: ["validatingwebhookconfigurations"{{ if .doctor }}, "mutatingwebhookconfigurations"{{ end }}]
  verbs: ["list"]
{{- if or .doctor .audit .policies .forecast .waivers }}
- apiGroups: ["templates.gatekeeper.sh"]
  resources: ["constrainttemplates"]
  verbs: ["list"]
- apiGroups: ["constraints.gatekeeper.sh"]
  resources: ["*"]
  verbs: ["list"]
{{- end }}
{{- if or .doctor .certificates .forecast }}
- apiGroups: ["externaldata.gatekeeper.sh"]
  resources: ["providers"]
  verbs: ["list"]
{{- end }}
{{- if .doctor }}
- apiGroups: ["mutations.gatekeeper.sh"]
  resources: ["assign"]
  verbs: ["list"]
{{- end }}
{{- end -}}

{{/* In Gatekeeper's namespace, read only; empty where nothing is. */}}
{{- define "bestbefore.lookerGatekeeperRules" -}}
{{- if or .doctor .logs .coverage .policies .waivers }}
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list"]
{{- end }}
{{- if .doctor }}
- apiGroups: ["config.gatekeeper.sh"]
  resources: ["configs"]
  verbs: ["list"]
{{- end }}
{{- end -}}

{{/* In our namespace, read only; empty where nothing is. */}}
{{- define "bestbefore.lookerOwnRules" -}}
{{- if or .doctor .certificates .trustRoots }}
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list"]
{{- end }}
{{- end -}}

{{/* The switches of the controller, as JSON. */}}
{{- define "bestbefore.controllerSwitches" -}}
{{- $logs := ne .Values.controller.denials.source "off" -}}
{{- $looks := dict "trustRoots" .Values.controller.trustRoots.enabled "doctor" .Values.controller.doctor.enabled "audit" .Values.controller.audit.enabled "logs" $logs "coverage" .Values.controller.coverage.enabled -}}
{{- $acts := dict "policies" .Values.controller.policies.enabled "owners" .Values.controller.owners.enabled "events" .Values.controller.events.enabled "waivers" .Values.waivers.enabled "certificates" (include "bestbefore.controllerWritesProviders" . | not | not) -}}
{{- $forecast := .Values.controller.forecast.enabled -}}
{{- $ahead := dict "forecast" $forecast "reports" (and $forecast (eq .Values.controller.forecast.reports.mode "auto")) -}}
{{- merge $looks $acts $ahead | toJson -}}
{{- end -}}

{{/* A binding of a Role or ClusterRole of the same name. A dict of root, component, kind (Role, ClusterRole), name, namespace, account, annotations. */}}
{{- define "bestbefore.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "bestbefore.partLabels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ include "bestbefore.namespace" .root }}
{{- end -}}
