{{/* A number, or a percentage of another one, rounded up. A dict of share and of. */}}
{{- define "bestbefore.share" -}}
{{- if hasSuffix "%" (toString .share) -}}
{{- div (add (mul (trimSuffix "%" .share | int) .of) 99) 100 -}}
{{- else -}}
{{- int .share -}}
{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes in MiB, rounded down. A dict of quantity, and of name, the value that has it. */}}
{{- define "bestbefore.mebibytes" -}}
{{- $units := dict "" 1.0 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?" (toString .quantity) -}}
{{- $unit := trimPrefix $number (toString .quantity) -}}
{{- if or (not $number) (not (hasKey $units $unit)) -}}
{{- fail (printf "%s (%v) is no quantity of memory: write, for example, 512Mi" .name .quantity) -}}
{{- end -}}
{{- divf (mulf (float64 $number) (get $units $unit)) 1048576.0 | floor | int64 -}}
{{- end -}}

{{/* A duration of Prometheus, such as 1m30s, in milliseconds. */}}
{{- define "bestbefore.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|[smhd])" . -1 -}}
{{- $number := regexFind "^[0-9]+" . -}}
{{- $sum = add $sum (mul (int $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
