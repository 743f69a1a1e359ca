{{/* What `bestbefore serve --config` reads. The schema of provider.settings lets nothing stand twice. */}}
{{- define "bestbefore.settings" -}}
listen: ":8443"
metrics_listen: ":8888"
tls_cert: /etc/bestbefore/tls/tls.crt
tls_key: /etc/bestbefore/tls/tls.key
client_ca: /etc/bestbefore/client-ca/ca.crt
{{- if include "bestbefore.clientCertificateSecretName" . }}
own_client_ca: /etc/bestbefore/own-client-ca/ca.crt
{{- end }}
validate_seconds: {{ .Values.provider.waits.validate }}
audit_seconds: {{ .Values.provider.waits.audit }}
mutate_seconds: {{ .Values.provider.waits.mutate }}
drain_seconds: {{ .Values.provider.drainSeconds }}
{{- with .Values.provider.registries }}
named_registry:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.provider.proxy.url }}
proxy: {{ . | quote }}
{{- end }}
{{- with .Values.provider.proxy.noProxy }}
no_proxy:
  {{- range . }}
  - {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.provider.insecureRegistries }}
insecure_registry:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.provider.dockerConfigSecret }}
docker_config: /etc/bestbefore/docker/config.json
{{- end }}
{{- with .Values.provider.cloudCredentials }}
cloud_credentials:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.provider.podCredentials.namespaces }}
pull_secret_namespace:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.provider.registryCAConfigMap }}
registry_ca: /etc/bestbefore/registry-ca/ca.crt
{{- end }}
{{- if .Values.provider.registryHosts }}
hosts_dir: /etc/bestbefore/registry-hosts
{{- end }}
{{- if .Values.provider.store.addresses }}
store:
  {{- toYaml .Values.provider.store.addresses | nindent 2 }}
store_kind: {{ .Values.provider.store.kind }}
store_primary: {{ .Values.provider.store.primary | quote }}
store_key: /etc/bestbefore/store/key
store_tls: {{ .Values.provider.store.tls.enabled }}
{{- if .Values.provider.store.tls.caSecret }}
store_ca: /etc/bestbefore/store-ca/ca.crt
{{- end }}
{{- if .Values.provider.store.tls.certificateSecret }}
store_cert: /etc/bestbefore/store-certificate/tls.crt
store_cert_key: /etc/bestbefore/store-certificate/tls.key
{{- end }}
{{- with .Values.provider.store.user }}
store_user: {{ . | quote }}
{{- end }}
{{- if .Values.provider.store.secret.password }}
store_password: /etc/bestbefore/store/password
{{- end }}
{{- if .Values.provider.store.secret.sentinelPassword }}
store_sentinel_password: /etc/bestbefore/store/sentinel-password
{{- end }}
{{- end }}
{{- with .Values.provider.trustRoots }}
trust_root:
  {{- range $name, $_ := . }}
  - {{ $name }}=/etc/bestbefore/trust/trust-roots/{{ $name }}
  {{- end }}
{{- end }}
{{- if include "bestbefore.controllerHandsTrustRootsOver" . }}
trust_root_dir: /etc/bestbefore/trust-roots
{{- end }}
{{- with .Values.provider.authorities }}
authority:
  {{- range $name, $_ := . }}
  - {{ $name }}=/etc/bestbefore/trust/authorities/{{ $name }}
  {{- end }}
{{- end }}
log_level: {{ .Values.provider.log.level }}
log_format: {{ .Values.provider.log.format }}
{{- with .Values.provider.settings }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What `bestbefore control --config` reads. */}}
{{- define "bestbefore.controllerSettings" -}}
metrics_listen: ":8888"
gatekeeper_namespace: {{ include "bestbefore.gatekeeperNamespace" . }}
lease_name: {{ include "bestbefore.controllerName" . }}
lease_namespace: {{ include "bestbefore.namespace" . }}
denials: {{ .Values.controller.denials.source | quote }}
coverage: {{ .Values.controller.coverage.enabled }}
audit: {{ .Values.controller.audit.enabled }}
owners: {{ .Values.controller.owners.enabled }}
events: {{ .Values.controller.events.enabled }}
doctor: {{ .Values.controller.doctor.enabled }}
policies: {{ .Values.controller.policies.enabled }}
shadow: {{ .Values.controller.policies.shadow }}
enforce_label: {{ .Values.controller.policies.enforceLabel | quote }}
no_match: {{ .Values.controller.policies.noMatch | quote }}
{{- if .Values.waivers.enabled }}
waivers: true
{{- end }}
policy_namespace: {{ .Values.controller.policies.namespace | quote }}
trust_roots: {{ .Values.controller.trustRoots.enabled }}
trust_root_config_map: {{ include "bestbefore.trustRootsName" . }}
trust_root_namespace: {{ include "bestbefore.namespace" . }}
{{- with .Values.controller.denials.gitopsAccounts }}
gitops_account:
  {{- toYaml . | nindent 2 }}
{{- end }}
hash_users: {{ .Values.controller.denials.hashUsers }}
forecast: {{ .Values.controller.forecast.enabled }}
{{- if .Values.controller.forecast.enabled }}
forecast_certificate: /etc/bestbefore/client/tls.crt
forecast_key: /etc/bestbefore/client/tls.key
team_label: {{ .Values.controller.forecast.teamLabel | quote }}
forecast_workloads: {{ .Values.controller.forecast.workloadSeries }}
reports: {{ .Values.controller.forecast.reports.mode | quote }}
{{- end }}
{{- if include "bestbefore.controllerWritesProviders" . }}
certificates: {{ .Values.certificates.mode }}
provider_url: {{ include "bestbefore.providerUrl" . }}
certificate_namespace: {{ include "bestbefore.namespace" . }}
certificate_secret: {{ include "bestbefore.certificateSecretName" . }}
{{- if and (eq .Values.certificates.mode "controller") (include "bestbefore.clientCertificateSecretName" .) }}
client_certificate_secret: {{ include "bestbefore.clientCertificateSecretName" . }}
{{- end }}
validate_timeout_seconds: {{ .Values.provider.timeouts.validate }}
audit_timeout_seconds: {{ .Values.provider.timeouts.audit }}
mutate_timeout_seconds: {{ .Values.provider.timeouts.mutate }}
{{- end }}
state_dir: /var/lib/bestbefore
log_level: {{ .Values.controller.log.level }}
log_format: {{ .Values.controller.log.format }}
{{- end -}}
