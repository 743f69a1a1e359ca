{{/*
Trust roots and authorities: each is a file of one volume, named as policies name it. What is written into the values lies in a
ConfigMap of ours; the rest in those of others, which may come later.
*/}}
{{- define "bestbefore.trustName" -}}
{{- printf "%s-trust" (include "bestbefore.fullname" .) -}}
{{- end -}}

{{/* The ConfigMap that the controller writes of the cluster's TrustRoots, and the Pods of the provider mount. */}}
{{- define "bestbefore.trustRootsName" -}}
{{- printf "%s-trust-roots" (include "bestbefore.fullname" .) -}}
{{- end -}}

{{/* Whether it writes it; empty where it does not. */}}
{{- define "bestbefore.controllerHandsTrustRootsOver" -}}
{{- if and .Values.controller.enabled .Values.controller.trustRoots.enabled -}}true{{- end -}}
{{- end -}}

{{/* All ConfigMaps that it writes, as JSON: that one, and the state of as many mirrors as it looks at (gatekeeper/trustroots/limits.py). */}}
{{- define "bestbefore.trustRootMaps" -}}
{{- $name := include "bestbefore.trustRootsName" . -}}
{{- $maps := list $name -}}
{{- range $number := until 16 -}}{{- $maps = append $maps (printf "%s-state-%d" $name $number) -}}{{- end -}}
{{- toJson $maps -}}
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
