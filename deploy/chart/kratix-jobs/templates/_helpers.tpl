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
{{- else if eq $object.kind "MutatingAdmissionPolicy" }}
{{- include "kratix-jobs.policy" (list $root $object.spec) }}
{{- end }}
{{- if and (hasPrefix "MutatingAdmissionPolicy" $object.kind) (include "kratix-jobs.beta" $root) }}
{{- $_ := set $object "apiVersion" "admissionregistration.k8s.io/v1beta1" }}
{{- end }}
---
{{ merge $object (dict "metadata" $metadata) | toYaml }}
{{ end }}
{{- end -}}

{{/* Writes what values say into the policy: (list $ spec). */}}
{{- define "kratix-jobs.policy" -}}
{{- $root := first . }}{{ $spec := last . }}
{{- $chosen := dict "engines" (toJson $root.Values.engines) "installation" (quote ($root.Values.engine | default (first $root.Values.engines))) }}
{{- range $spec.variables }}
{{- $_ := set . "expression" (get $chosen .name | default .expression) }}
{{- end }}
{{- $accounts := index $root.Values.flags "kratix-accounts" | default (list "system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager") }}
{{- $_ := set (first $spec.matchConditions) "expression" (printf "request.userInfo.username in %s" (toJson $accounts)) }}
{{- with $root.Values.webhook.namespaceSelector }}{{ $_ := set $spec.matchConstraints "namespaceSelector" . }}{{ end }}
{{- with $root.Values.webhook.objectSelector.matchLabels }}{{ $_ := set $spec.matchConstraints.objectSelector "matchLabels" . }}{{ end }}
{{- end -}}

{{/* Whether the cluster has the policies of Kubernetes 1.34 only. */}}
{{- define "kratix-jobs.beta" -}}
{{- if and (.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy") (not (.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy")) }}beta{{ end }}
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
{{- if eq .Values.admission "policy" }}
- --webhook-address=0
{{- end }}
{{- if ne .Release.Namespace "kratix-platform-system" }}
- --system-namespace={{ .Release.Namespace }}
{{- end }}
{{- range $name, $value := .Values.flags }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end }}
- {{ printf "--%s=%v" $name $value | quote }}
{{- end }}
{{- end -}}
