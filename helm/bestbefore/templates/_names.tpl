{{/* The chart's name, as a label has it. */}}
{{- define "bestbefore.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of namespaced objects: the release's, with the chart's where that does not stand in it. */}}
{{- define "bestbefore.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "bestbefore.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bestbefore.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bestbefore.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "bestbefore.serviceAccountName" -}}
{{- default (include "bestbefore.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "bestbefore.gatekeeperNamespace" -}}
{{- default (include "bestbefore.namespace" .) .Values.gatekeeper.namespace -}}
{{- end -}}

{{/* The Secret with Gatekeeper's CA. validate.yaml has made sure that it can be mounted. */}}
{{- define "bestbefore.clientCASecretName" -}}
{{- default "gatekeeper-webhook-server-cert" .Values.gatekeeper.clientCA.secretName -}}
{{- end -}}

{{- define "bestbefore.certificateSecretName" -}}
{{- if eq .Values.certificates.mode "secret" -}}
{{- .Values.certificates.secret.name -}}
{{- else -}}
{{- printf "%s-tls" (include "bestbefore.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Where Gatekeeper reaches the provider. */}}
{{- define "bestbefore.providerUrl" -}}
{{- printf "https://%s.%s.svc:8443" (include "bestbefore.fullname" .) (include "bestbefore.namespace" .) -}}
{{- end -}}

{{/* Whether the controller writes the Providers: then the chart renders none, for two writers of one field are one too many. */}}
{{- define "bestbefore.controllerWritesProviders" -}}
{{- if has .Values.certificates.mode (list "controller" "certManager") }}true{{ end -}}
{{- end -}}

{{/* The Secret with the certificate of `helm test`; empty where there is none. */}}
{{- define "bestbefore.clientCertificateSecretName" -}}
{{- if eq .Values.certificates.mode "secret" -}}
{{- .Values.certificates.client.secretName -}}
{{- else if or .Values.doctor.enabled (and .Values.controller.enabled .Values.controller.forecast.enabled) -}}
{{- printf "%s-client-tls" (include "bestbefore.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "bestbefore.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "bestbefore.controllerName" -}}
{{- printf "%s-controller" (include "bestbefore.fullname" .) -}}
{{- end -}}

{{- define "bestbefore.controllerServiceAccountName" -}}
{{- default (include "bestbefore.controllerName" .) .Values.controller.serviceAccount.name -}}
{{- end -}}

{{/*
What a Service, a budget or a policy selects Pods by; never changes, as a Deployment's selector cannot. A part of the chart is
named by a dict of "root" and "component": provider, controller, doctor, monitoring.
*/}}
{{- define "bestbefore.partSelector" -}}
app.kubernetes.io/name: {{ include "bestbefore.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The labels that the chart itself gives to every object of a part. */}}
{{- define "bestbefore.ownPartLabels" -}}
{{ include "bestbefore.partSelector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: bestbefore
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ include "bestbefore.chart" .root }}
{{- end -}}

{{/* The labels of every object of a part; validate.yaml lets commonLabels add only. */}}
{{- define "bestbefore.partLabels" -}}
{{- include "bestbefore.ownPartLabels" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "bestbefore.selectorLabels" -}}
{{- include "bestbefore.partSelector" (dict "root" . "component" "provider") -}}
{{- end -}}

{{- define "bestbefore.labels" -}}
{{- include "bestbefore.partLabels" (dict "root" . "component" "provider") -}}
{{- end -}}

{{/* registry/repository:tag@digest, each part where it is set. */}}
{{- define "bestbefore.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- if $registry }}{{ trimSuffix "/" $registry }}/{{ end -}}
{{- .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ end -}}
{{- end -}}

{{/* Pull secrets of the chart and of the parent, as objects, each once. */}}
{{- define "bestbefore.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- range uniq $names }}
- name: {{ . }}
{{- end -}}
{{- end -}}
