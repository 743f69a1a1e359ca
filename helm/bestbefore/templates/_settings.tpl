{{/* What `bestbefore serve --config` reads. Settings of `provider.settings` come last; validate.yaml lets none of them replace one of these. */}}
{{- define "bestbefore.chartSettings" -}}
listen: 0.0.0.0:8443
metricsListen: 0.0.0.0:8888
tlsCert: /etc/bestbefore/tls/tls.crt
tlsKey: /etc/bestbefore/tls/tls.key
clientCA: /etc/bestbefore/client-ca/ca.crt
{{- with .Values.provider.registries }}
registries:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.provider.insecureRegistries }}
insecureRegistries:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.provider.dockerConfigSecret }}
dockerConfig: /etc/bestbefore/docker/config.json
{{- end }}
logLevel: {{ .Values.provider.log.level }}
{{- end -}}

{{- define "bestbefore.settings" -}}
{{- include "bestbefore.chartSettings" . }}
{{- with .Values.provider.settings }}
{{ toYaml . }}
{{- end }}
{{- end -}}
