{{/* What `bestbefore serve --config` reads. The schema of provider.settings lets nothing stand twice. */}}
{{- define "bestbefore.settings" -}}
listen: ":8443"
metrics_listen: ":8888"
tls_cert: /etc/bestbefore/tls/tls.crt
tls_key: /etc/bestbefore/tls/tls.key
client_ca: /etc/bestbefore/client-ca/ca.crt
validate_seconds: {{ .Values.provider.waits.validate }}
audit_seconds: {{ .Values.provider.waits.audit }}
mutate_seconds: {{ .Values.provider.waits.mutate }}
drain_seconds: {{ .Values.provider.drainSeconds }}
{{- with .Values.provider.registries }}
named_registry:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.provider.insecureRegistries }}
insecure_registry:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.provider.dockerConfigSecret }}
docker_config: /etc/bestbefore/docker/config.json
{{- end }}
{{- if .Values.provider.registryCAConfigMap }}
registry_ca: /etc/bestbefore/registry-ca/ca.crt
{{- end }}
log_level: {{ .Values.provider.log.level }}
log_format: {{ .Values.provider.log.format }}
{{- with .Values.provider.settings }}
{{ toYaml . }}
{{- end }}
{{- end -}}
