{{/* What the cluster has, where it can be looked at: nothing of it is known to `helm template`, or to a GitOps tool. */}}

{{/* Whether Gatekeeper writes denials into its log: yes, no, absent (it is not there), or unknown where the cluster cannot be looked at. */}}
{{- define "bestbefore.logDenies" -}}
{{- $found := lookup "apps/v1" "Deployment" (include "bestbefore.gatekeeperNamespace" .) "gatekeeper-controller-manager" -}}
{{- if not $found -}}{{ ternary "absent" "unknown" (not (empty (lookup "v1" "Namespace" "" "kube-system"))) }}
{{- else -}}
{{- $answer := "no" -}}
{{- range $found.spec.template.spec.containers -}}
{{- if or (has "--log-denies=true" (.args | default list)) (has "--log-denies" (.args | default list)) -}}{{- $answer = "yes" -}}{{- end -}}
{{- end -}}
{{- $answer -}}
{{- end -}}
{{- end -}}

{{/* The ClusterImagePolicies that the cluster has, as a text; empty where there are none, or it cannot be looked at. */}}
{{- define "bestbefore.policiesThere" -}}
{{- if .Capabilities.APIVersions.Has "policy.sigstore.dev/v1alpha1/ClusterImagePolicy" -}}
{{- $names := list -}}
{{- range (lookup "policy.sigstore.dev/v1alpha1" "ClusterImagePolicy" "" "").items -}}
{{- $names = append $names .metadata.name -}}
{{- end -}}
{{- if gt (len $names) 10 -}}
{{- printf "%d ClusterImagePolicies, %s among them" (len $names) (join ", " (slice $names 0 10)) -}}
{{- else -}}
{{- join ", " $names -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether policy-controller is in the cluster: yes, or no, also where it cannot be looked at. */}}
{{- define "bestbefore.policyControllerThere" -}}
{{- if lookup "admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" "policy.sigstore.dev" -}}yes
{{- else -}}no
{{- end -}}
{{- end -}}
