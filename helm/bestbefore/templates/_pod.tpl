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

{{/* The ports of the named registries and of their token services, beside 443, as a JSON list of numbers. */}}
{{- define "bestbefore.registryPorts" -}}
{{- $ports := list 443 -}}
{{- range .Values.provider.registries -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "443" | int) -}}
{{- end -}}
{{- range .Values.provider.insecureRegistries -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "80" | int) -}}
{{- end -}}
{{- range get .Values.provider.settings "credential_host" | default list -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default "443" | int) -}}
{{- end -}}
{{- range include "bestbefore.hostsPorts" . | fromJsonArray -}}{{- $ports = append $ports (int .) -}}{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}

{{/* A map without the keys that are null. */}}
{{- define "bestbefore.withoutNulls" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end -}}

{{/*
The security context of a Pod, for a dict of root and context. OpenShift refuses users that are not of the namespace, and chooses them itself:
there the chart's own numbers are left out, and what is null everywhere.
*/}}
{{- define "bestbefore.podSecurityContext" -}}
{{- $kept := dict -}}
{{- $openshift := .root.Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- range $key, $value := .context -}}
{{- $default := and (has $key (list "runAsUser" "runAsGroup" "fsGroup")) (eq (toString $value) "65532") -}}
{{- if not (or (kindIs "invalid" $value) (and $openshift $default)) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end -}}

{{/* How many Pods of the provider there are at least. */}}
{{- define "bestbefore.leastReplicas" -}}
{{- ternary .Values.provider.autoscaling.minReplicas .Values.provider.replicas .Values.provider.autoscaling.enabled -}}
{{- end -}}

{{/* How many of them may be away, where the budget does not say how many have to stay. */}}
{{- define "bestbefore.maxUnavailable" -}}
{{- $away := .Values.provider.podDisruptionBudget.maxUnavailable -}}
{{- ternary 1 $away (kindIs "invalid" $away) -}}
{{- end -}}

{{/* A rule of a NetworkPolicy. */}}
{{- define "bestbefore.dnsEgress" -}}
# DNS, wherever it is: in the cluster, on the node, outside.
- ports:
    {{- range .Values.provider.networkPolicy.dnsPorts }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{/* The label by which Azure gives a Pod its identity, for a list of clouds. */}}
{{- define "bestbefore.cloudLabels" -}}
{{- if has "azure" . -}}
azure.workload.identity/use: "true"
{{- end -}}
{{- end -}}

{{/* A rule of a NetworkPolicy for each cloud of a list: where its metadata is; GKE answers on port 988 of another address. */}}
{{- define "bestbefore.metadataEgress" -}}
{{- $amazon := list "169.254.169.254/32" "169.254.170.2/32" "169.254.170.23/32" "fd00:ec2::254/128" "fd00:ec2::23/128" -}}
{{- $addresses := dict "aws" $amazon "ecr" $amazon "google" (list "169.254.169.254/32" "169.254.169.252/32") "azure" (list "169.254.169.254/32") -}}
{{- range . }}
# What {{ . }} says of this Pod or its node.
- to:
    {{- range get $addresses . }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports:
    - port: 80
      protocol: TCP
    {{- if eq . "google" }}
    - port: 988
      protocol: TCP
    {{- end }}
{{- end }}
{{- end -}}
