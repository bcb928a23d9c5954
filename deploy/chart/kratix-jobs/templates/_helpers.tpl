{{/* Labels of all objects. */}}
{{- define "kratix-jobs.labels" -}}
app.kubernetes.io/name: kratix-jobs
app.kubernetes.io/part-of: kratix-compile
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* The objects of a file of deploy/jobs, in the release's namespace: (list $ file). */}}
{{- define "kratix-jobs.file" -}}
{{- $root := first . -}}
{{- range $document := splitList "\n---\n" ($root.Files.Get (last .)) }}
{{- $object := $document | replace "kratix-platform-system" $root.Release.Namespace | fromYaml }}
{{- $metadata := dict "labels" (include "kratix-jobs.labels" $root | fromYaml) }}
{{- if and (eq $object.kind "ServiceAccount") $root.Values.serviceAccount.annotations }}
{{- $_ := set $metadata "annotations" $root.Values.serviceAccount.annotations }}
{{- else if eq $object.kind "NetworkPolicy" }}
{{- $_ := set $object.spec "egress" (concat $object.spec.egress $root.Values.networkPolicy.egress) }}
{{- else if eq $object.kind "MutatingWebhookConfiguration" }}
{{- $hook := first $object.webhooks }}
{{- with $root.Values.webhook.namespaceSelector }}{{ $_ := set $hook "namespaceSelector" . }}{{ end }}
{{- with $root.Values.webhook.objectSelector.matchLabels }}{{ $_ := set $hook.objectSelector "matchLabels" . }}{{ end }}
{{- end }}
---
{{ merge $object (dict "metadata" $metadata) | toYaml }}
{{ end }}
{{- end -}}

{{/* The image of the program. */}}
{{- define "kratix-jobs.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What the Pods of the Deployment and of the hook have in common. */}}
{{- define "kratix-jobs.pod" -}}
serviceAccountName: kratix-jobs
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The flags that follow from other values, and those of .Values.flags. */}}
{{- define "kratix-jobs.args" -}}
- --engine={{ .Values.engine | default (first .Values.engines) }}
- --engines={{ join "," .Values.engines }}
{{- if ne .Release.Namespace "kratix-platform-system" }}
- --system-namespace={{ .Release.Namespace }}
{{- end }}
{{- range $name, $value := .Values.flags }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end }}
- {{ printf "--%s=%v" $name $value | quote }}
{{- end }}
{{- end -}}
