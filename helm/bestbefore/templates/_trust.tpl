{{/*
Trust roots and authorities: each is a file of one volume, named as policies name it. What is written into the values lies in a
ConfigMap of ours; the rest in those of others, which may come later.
*/}}
{{- define "bestbefore.trustName" -}}
{{- printf "%s-trust" (include "bestbefore.fullname" .) -}}
{{- end -}}

{{/* What the ConfigMap holds; empty where nothing is inline. */}}
{{- define "bestbefore.trustData" -}}
{{- $data := dict -}}
{{- range $folder, $entries := dict "trust-roots" .Values.provider.trustRoots "authorities" .Values.provider.authorities -}}
{{- range $name, $entry := $entries -}}
{{- with $entry.inline -}}{{- $_ := set $data (printf "%s.%s" $folder $name) . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with $data -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* The sources of the volume; empty where there are none. */}}
{{- define "bestbefore.trustSources" -}}
{{- range $folder, $entries := dict "trust-roots" .Values.provider.trustRoots "authorities" .Values.provider.authorities }}
{{- range $name, $entry := $entries }}
{{- $kind := ternary "secret" "configMap" (hasKey $entry "secret") }}
{{- $from := coalesce $entry.configMap $entry.secret (dict "name" (include "bestbefore.trustName" $) "key" (printf "%s.%s" $folder $name)) }}
- {{ $kind }}:
    name: {{ $from.name }}
    optional: true
    items:
      - key: {{ $from.key }}
        path: {{ $folder }}/{{ $name }}
{{- end }}
{{- end }}
{{- end -}}
