{{/* Labels of all objects. */}}
{{- define "kratix-runner.labels" -}}
app.kubernetes.io/name: kratix-runner
app.kubernetes.io/part-of: kratix-compile
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* The objects of a file of deploy/, in the release's namespace: (list $ file). */}}
{{- define "kratix-runner.file" -}}
{{- $root := first . -}}
{{- range $document := splitList "\n---\n" ($root.Files.Get (last .)) }}
{{- $object := $document | replace "kratix-platform-system" $root.Release.Namespace | fromYaml }}
{{- $metadata := dict "labels" (include "kratix-runner.labels" $root | fromYaml) }}
{{- if eq $object.kind "CustomResourceDefinition" }}
{{- $_ := set $metadata "annotations" (dict "helm.sh/resource-policy" "keep") }}
{{- else if and (eq $object.kind "ServiceAccount") $root.Values.serviceAccount.annotations }}
{{- $_ := set $metadata "annotations" $root.Values.serviceAccount.annotations }}
{{- else if eq $object.kind "NetworkPolicy" }}
{{- $_ := set $object.spec "egress" (concat $object.spec.egress $root.Values.networkPolicy.egress) }}
{{- end }}
---
{{ merge $object (dict "metadata" $metadata) | toYaml }}
{{ end }}
{{- end -}}

{{/* The flags that follow from other values, and those of .Values.flags. */}}
{{- define "kratix-runner.args" -}}
- --engine={{ first .Values.engines }}
- --engines={{ join "," .Values.engines }}
- --harvest-image={{ .Values.harvestImage.repository }}:{{ .Values.harvestImage.tag | default .Chart.AppVersion }}
{{- if .Values.webhook.enabled }}
- --webhook-address=:9444
{{- end }}
{{- if ne .Release.Namespace "kratix-platform-system" }}
- --system-namespace={{ .Release.Namespace }}
{{- if not (hasKey .Values.flags "harvest-endpoint") }}
- --harvest-endpoint=https://kratix-runner.{{ .Release.Namespace }}.svc:9443
{{- end }}
{{- end }}
{{- if .Values.config }}
- --config=/etc/kratix-runner/config
{{- end }}
{{- range $name, $value := .Values.flags }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end }}
- {{ printf "--%s=%v" $name $value | quote }}
{{- end }}
{{- end -}}
