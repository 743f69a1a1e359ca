{{/* Spread constraints, each with a selector: one without would count every Pod of the namespace. */}}
{{- define "bestbefore.topologySpreadConstraints" -}}
{{- range .Values.provider.topologySpreadConstraints }}
{{- $filled := deepCopy . }}
{{- if not .labelSelector }}
{{- $_ := set $filled "labelSelector" (dict "matchLabels" (include "bestbefore.selectorLabels" $ | fromYaml)) }}
{{- $_ := set $filled "matchLabelKeys" (list "pod-template-hash") }}
{{- end }}
{{ list $filled | toYaml }}
{{- end -}}
{{- end -}}

{{/* The ports of the named registries, beside 443, as a JSON list of numbers. */}}
{{- define "bestbefore.registryPorts" -}}
{{- $ports := list 443 -}}
{{- range .Values.provider.registries -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "443" | int) -}}
{{- end -}}
{{- range .Values.provider.insecureRegistries -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "80" | int) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}
