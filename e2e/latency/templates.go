// SPDX-License-Identifier: Apache-2.0

package main

import "text/template"

var promiseTemplate = template.Must(template.New("promise").Parse(`
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: latency}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
  workflows:
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: work}
          spec:
            containers:
              {{- range $i := .containers}}
              - {name: work-{{$i}}, image: "{{$.image}}", command: [stamp], env: [{name: WORK, value: {{$.work}}}]}
              {{- end}}
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: {{.request}}, namespace: {{.namespace}}}
`))

// jobTemplate has the containers, mounts, resources and restarts of Kratix's Jobs; what is in
// Kratix's own containers is a stand-in. Without the labels nobody takes it over.
var jobTemplate = template.Must(template.New("job").Parse(`
{{- define "adapter"}}
          image: "{{.image}}"
          command: [/bin/pipeline-adapter]
          resources: {requests: {cpu: 100m, memory: 128Mi, ephemeral-storage: 128Mi}, limits: {cpu: 200m, memory: 256Mi, ephemeral-storage: 256Mi}}
          securityContext:
            {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true, privileged: false, seccompProfile: {type: RuntimeDefault}}
{{- end -}}
{{- define "labels"}}{kratix.io/promise-name: {{.}}, kratix.io/pipeline-name: work, kratix.io/workflow-type: promise, kratix.io/workflow-action: configure}{{end -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: "kratix-latency-{{.request}}"
  namespace: {{.namespace}}
  {{- with .promise}}
  labels: {{template "labels" .}}
  {{- end}}
  {{- if .reported}}
  annotations: {kratix.io/job-resource-api-version: platform.kratix.io/v1alpha1, kratix.io/job-resource-kind: Promise, kratix.io/job-resource-name: {{.promise}}}
  {{- end}}
spec:
  template:
    {{- with .promise}}
    metadata:
      labels: {{template "labels" .}}
    {{- end}}
    spec:
      serviceAccountName: latency-resource-configure-work
      restartPolicy: OnFailure
      volumes:
        - {name: promise-scheduling, configMap: {name: kratix-runner-ca}} # any will do
        - {name: shared-input, emptyDir: {}}
        - {name: shared-output, emptyDir: {}}
        - {name: shared-metadata, emptyDir: {}}
      initContainers:
        - name: reader
          volumeMounts: [{name: shared-input, mountPath: /kratix/input}, {name: shared-output, mountPath: /kratix/output}]
          {{- template "adapter" .}}
        {{- range $i := .containers}}
        - name: work-{{$i}}
          image: "{{$.image}}"
          command: [stamp]
          env: [{name: WORK, value: {{$.work}}}]
          resources: {requests: {cpu: 100m, memory: 128Mi, ephemeral-storage: 128Mi}, limits: {cpu: 200m, memory: 256Mi, ephemeral-storage: 256Mi}}
          volumeMounts:
            - {name: shared-input, mountPath: /kratix/input, readOnly: true}
            - {name: shared-output, mountPath: /kratix/output}
            - {name: shared-metadata, mountPath: /kratix/metadata}
        {{- end}}
        - name: work-writer
          volumeMounts:
            - {name: shared-output, mountPath: /work-creator-files/input}
            - {name: shared-metadata, mountPath: /work-creator-files/metadata}
            - {name: promise-scheduling, mountPath: /work-creator-files/kratix-system}
          {{- template "adapter" .}}
      containers:
        - name: status-writer
          volumeMounts: [{name: shared-metadata, mountPath: /work-creator-files/metadata}]
          {{- template "adapter" .}}
`))
