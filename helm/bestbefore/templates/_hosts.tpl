{{/*
Hosts of registries: a folder of one volume each, called as containerd calls it, with a `hosts.toml` and what that names. What is written into the
values lies in a ConfigMap of ours; the rest in those of others, which may come later.
*/}}
{{- define "bestbefore.hostsName" -}}
{{- printf "%s-registry-hosts" (include "bestbefore.fullname" .) -}}
{{- end -}}

{{/* The folder of a registry: its port between underscores. */}}
{{- define "bestbefore.hostsFolder" -}}
{{- regexReplaceAll ":([0-9]+)$" . "_${1}_" -}}
{{- end -}}

{{/* What the ConfigMap holds; empty where nothing is inline. */}}
{{- define "bestbefore.hostsData" -}}
{{- $data := dict -}}
{{- range $registry, $entry := .Values.provider.registryHosts -}}
{{- with $entry.inline -}}{{- $_ := set $data (include "bestbefore.hostsFolder" $registry) . -}}{{- end -}}
{{- end -}}
{{- with $data -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* The sources of the volume; empty where there are none. */}}
{{- define "bestbefore.hostsSources" -}}
{{- range $registry, $entry := .Values.provider.registryHosts }}
{{- $folder := include "bestbefore.hostsFolder" $registry }}
{{- $files := deepCopy ($entry.files | default dict) }}
{{- if $entry.inline }}
{{- $_ := set $files "hosts.toml" (dict "configMap" (dict "name" (include "bestbefore.hostsName" $) "key" $folder)) }}
{{- else if or $entry.configMap $entry.secret }}
{{- $_ := set $files "hosts.toml" (pick $entry "configMap" "secret") }}
{{- end }}
{{- range $file, $source := $files }}
{{- $from := coalesce $source.configMap $source.secret }}
- {{ ternary "secret" "configMap" (hasKey $source "secret") }}:
    name: {{ $from.name }}
    optional: true
    items:
      - key: {{ $from.key }}
        path: {{ $folder }}/{{ $file }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The ports of the hosts and of the proxy that stand in the values, as a JSON list of numbers. */}}
{{- define "bestbefore.hostsPorts" -}}
{{- $ports := list -}}
{{- range .Values.provider.registryHosts -}}
{{- range regexFindAll "https?://[^\\s\"'/]+" (.inline | default "") -1 -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default (ternary "80" "443" (hasPrefix "http:" .)) | int) -}}
{{- end -}}
{{- end -}}
{{- with .Values.provider.proxy.url -}}
{{- if ne . "none" -}}
{{- $default := ternary "1080" (ternary "443" "80" (hasPrefix "https:" .)) (hasPrefix "socks" .) -}}
{{- $ports = append $ports (trimSuffix "/" . | regexFind ":[0-9]+$" | trimPrefix ":" | default $default | int) -}}
{{- end -}}
{{- end -}}
{{- $ports | toJson -}}
{{- end -}}
