{{/*
The store that replicas share: volumes of what reaches it, and its ports. All of it is empty where nothing is shared.
*/}}
{{- define "bestbefore.storeMounts" -}}
{{- if .Values.provider.store.addresses }}
- name: store
  mountPath: /etc/bestbefore/store
  readOnly: true
{{- if .Values.provider.store.tls.caSecret }}
- name: store-ca
  mountPath: /etc/bestbefore/store-ca
  readOnly: true
{{- end }}
{{- if .Values.provider.store.tls.certificateSecret }}
- name: store-certificate
  mountPath: /etc/bestbefore/store-certificate
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{- define "bestbefore.storeVolumes" -}}
{{- if .Values.provider.store.addresses }}
- name: store
  secret:
    secretName: {{ .Values.provider.store.secret.name }}
    defaultMode: 0440
    items:
      - key: {{ .Values.provider.store.secret.key }}
        path: key
      {{- with .Values.provider.store.secret.password }}
      - key: {{ . }}
        path: password
      {{- end }}
      {{- with .Values.provider.store.secret.sentinelPassword }}
      - key: {{ . }}
        path: sentinel-password
      {{- end }}
{{- with .Values.provider.store.tls.caSecret }}
- name: store-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with .Values.provider.store.tls.certificateSecret }}
- name: store-certificate
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
{{- end }}
{{- end }}
{{- end -}}

{{/* Its ports, as a JSON list of numbers. */}}
{{- define "bestbefore.storePorts" -}}
{{- $ports := list -}}
{{- range .Values.provider.store.addresses -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) -}}
{{- end -}}
{{- range .Values.provider.store.networkPolicy.extraPorts -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}
