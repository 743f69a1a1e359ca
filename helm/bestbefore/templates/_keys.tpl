{{/* What the controller needs to read public keys of key management services (controller.policies.keyServices). */}}

{{/* Environment variables, as YAML. */}}
{{- define "bestbefore.keyServiceEnv" -}}
{{- with .Values.controller.policies.keyServices }}
{{- with .endpoints }}
- name: KMS_ENDPOINTS
  value: {{ join "," . | quote }}
{{- end }}
{{- with .vault }}
{{- if .address }}
- name: VAULT_ADDR
  value: {{ .address | quote }}
- name: VAULT_TOKEN_FILE
  value: /etc/bestbefore/vault/token
{{- if $.Values.controller.policies.keyServices.vault.namespace }}
- name: VAULT_NAMESPACE
  value: {{ $.Values.controller.policies.keyServices.vault.namespace | quote }}
{{- end }}
- name: TRANSIT_SECRET_ENGINE_PATH
  value: {{ $.Values.controller.policies.keyServices.vault.engine | quote }}
{{- if $.Values.controller.policies.keyServices.vault.caConfigMap }}
- name: VAULT_CACERT
  value: /etc/bestbefore/vault-ca/ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "bestbefore.keyServiceMounts" -}}
{{- with .Values.controller.policies.keyServices.vault }}
{{- if .address }}
- name: vault
  mountPath: /etc/bestbefore/vault
  readOnly: true
{{- if $.Values.controller.policies.keyServices.vault.caConfigMap }}
- name: vault-ca
  mountPath: /etc/bestbefore/vault-ca
  readOnly: true
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The token is read each time: a changed Secret counts without a restart. Without it the controller runs, and says so. */}}
{{- define "bestbefore.keyServiceVolumes" -}}
{{- with .Values.controller.policies.keyServices.vault }}
{{- if .address }}
- name: vault
  secret:
    secretName: {{ $.Values.controller.policies.keyServices.vault.tokenSecret.name }}
    optional: true
    items:
      - key: {{ $.Values.controller.policies.keyServices.vault.tokenSecret.key }}
        path: token
{{- if $.Values.controller.policies.keyServices.vault.caConfigMap }}
- name: vault-ca
  configMap:
    name: {{ $.Values.controller.policies.keyServices.vault.caConfigMap }}
    optional: true
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Rules of a NetworkPolicy: the services, wherever they are; their addresses are not known beforehand. */}}
{{- define "bestbefore.keyServiceEgress" -}}
{{- with .Values.controller.policies.keyServices }}
{{- $ports := list -}}
{{- if .clouds -}}{{- $ports = append $ports 443 -}}{{- end -}}
{{- range .endpoints -}}{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "443" | int) -}}{{- end -}}
{{- with .vault.address -}}{{- $ports = append $ports (regexFind ":[0-9]+(/|$)" (trimPrefix "https://" .) | trimPrefix ":" | trimSuffix "/" | default "443" | int) -}}{{- end -}}
{{- with uniq $ports }}
# Key management services.
- ports:
    {{- range . }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end }}
{{- include "bestbefore.metadataEgress" .clouds }}
{{- end }}
{{- end -}}
