{{/*
The provider's certificate as JSON: crt, key and ca, base64, for the Secret and for the Providers' caBundle.
Include it once a rendering: where the cluster cannot be looked at (`helm template`), each call makes another CA.
*/}}
{{- define "bestbefore.certificate" -}}
{{- $name := include "bestbefore.fullname" . -}}
{{- $namespace := include "bestbefore.namespace" . -}}
{{- $kept := (lookup "v1" "Secret" $namespace (include "bestbefore.certificateSecretName" .)).data | default dict -}}
{{- if and (get $kept "tls.crt") (get $kept "tls.key") (get $kept "ca.crt") -}}
{{- dict "crt" (get $kept "tls.crt") "key" (get $kept "tls.key") "ca" (get $kept "ca.crt") | toJson -}}
{{- else -}}
{{- $days := int .Values.certificates.helm.validityDays -}}
{{- $host := printf "%s.%s.svc" $name $namespace -}}
{{- $ca := genCAWithKey "bestbefore CA" $days (genPrivateKey "ecdsa") -}}
{{- /* Clients read the alternative names only; a common name could be too long for the host. */ -}}
{{- $leaf := genSignedCertWithKey "bestbefore" (list) (list $host (printf "%s.cluster.local" $host)) $days $ca (genPrivateKey "ecdsa") -}}
{{- dict "crt" (b64enc $leaf.Cert) "key" (b64enc $leaf.Key) "ca" (b64enc $ca.Cert) | toJson -}}
{{- end -}}
{{- end -}}

{{/*
The certificate by which `helm test` may ask the provider, as JSON: crt, key and ca, base64. Its authority is one of
its own, so that Gatekeeper's is not shared, and it is kept as the provider's certificate is.
*/}}
{{- define "bestbefore.clientCertificate" -}}
{{- $kept := (lookup "v1" "Secret" (include "bestbefore.namespace" .) (include "bestbefore.clientCertificateSecretName" .)).data | default dict -}}
{{- if and (get $kept "tls.crt") (get $kept "tls.key") (get $kept "ca.crt") -}}
{{- dict "crt" (get $kept "tls.crt") "key" (get $kept "tls.key") "ca" (get $kept "ca.crt") | toJson -}}
{{- else -}}
{{- $days := int .Values.certificates.helm.validityDays -}}
{{- $ca := genCAWithKey "bestbefore clients CA" $days (genPrivateKey "ecdsa") -}}
{{- $leaf := genSignedCertWithKey "bestbefore client" (list) (list) $days $ca (genPrivateKey "ecdsa") -}}
{{- dict "crt" (b64enc $leaf.Cert) "key" (b64enc $leaf.Key) "ca" (b64enc $ca.Cert) | toJson -}}
{{- end -}}
{{- end -}}
