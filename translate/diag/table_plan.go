// SPDX-License-Identifier: Apache-2.0

package diag

// planCodes: what the plan changes.
var planCodes = []Info{
	{
		Code: RestartInPlace, Severity: Warning, Title: "engines repeat the whole Pipeline, not one container",
		Prose: `
			In a Job, OnFailure starts the failed container again, beside the files that the
			ones before it left. Pods of Tekton and Argo never restart a container: the
			retry is a new Pod, all containers run again, and /kratix/output is empty. Make
			the containers repeatable, or set backoffLimit: 0. OnFailure is also what Kratix
			assumes when nothing is written; this is only said to those who write it.`,
		Example: `
			spec:
			  restartPolicy: OnFailure`,
	},
	{
		Code: LabelKept, Severity: Warning, Title: "a label of Kratix is not overwritten",
		Prose: `
			Runs are found by the labels that Kratix defines, such as
			kratix.io/promise-name. Kratix lets a Pipeline overwrite them and then fails to
			find its own run; here they stay as they are. Choose another key.`,
		Example: `
			metadata:
			  name: render
			  labels:
			    kratix.io/promise-name: postgres`,
	},
	{
		Code: SampleInvalid, Severity: Warning, Title: "no valid sample request could be made",
		Prose: `
			No request was given, and the sample made from the schema does not pass it: some
			rules, such as a pattern together with a format, are beyond it. The manifests are
			right but for what containers would read. Give a real request with --request.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  api:
			    apiVersion: apiextensions.k8s.io/v1
			    kind: CustomResourceDefinition
			    metadata: {name: redises.example.org}
			    spec:
			      group: example.org
			      scope: Namespaced
			      names: {kind: Redis, plural: redises}
			      versions:
			      - name: v1
			        served: true
			        storage: true
			        schema:
			          openAPIV3Schema:
			            type: object
			            properties:
			              spec:
			                type: object
			                required: [owner]
			                properties:
			                  owner: {type: string, format: email, pattern: "@example.org$"}
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}`,
	},
	{
		Code: TokenHidden, Severity: Note, Title: "user containers get no API token",
		Prose: `
			With --user-token=declared a service account token is mounted only where the
			Pipeline asks for access, by rbac.permissions or rbac.serviceAccount. Kratix
			always mounts it. If a container talks to the API server, declare what it needs.`,
		Example: `
			# --user-token=declared
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]`,
	},
	{
		Code: EnvOverridden, Severity: Note, Title: "a variable is defined twice; the last one counts",
		Prose: `
			Kubernetes lets the last of two equal names win, and Kratix relies on that to let
			a Pipeline replace a KRATIX_ variable. Argo's CRD keeps variables by name and
			refuses the second one. So the first is left out, which no process can notice.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    env:
			    - name: KRATIX_OBJECT_NAMESPACE
			      value: databases`,
	},
	{
		Code: EnvUnmergeable, Severity: Error, Title: "a variable defined twice is used in between",
		Prose: `
			A name that is defined twice can be there only once, because Argo's CRD keeps
			variables by name. Here a value in between uses the first definition, which is no
			plain text that could be written in its place. Give one of the two another name.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    env:
			    - name: HOST
			      valueFrom:
			        fieldRef: {fieldPath: status.podIP}
			    - {name: URL, value: "http://$(HOST)/"}
			    - {name: HOST, value: redis}`,
	},
	{
		Code: InputTooLarge, Severity: Error, Title: "the object is too large for /kratix/input",
		Prose: `
			Containers find the object as /kratix/input/object.yaml. It comes from a
			ConfigMap made when the run is submitted, so that what was hashed is what runs,
			and a ConfigMap holds at most 1 MiB. Move large data out of the object, into an
			image or a ConfigMap of its own.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  dependencies:
			  - apiVersion: v1
			    kind: ConfigMap
			    metadata: {name: dashboards}
			    data:
			      redis.json: "<1100000 characters>"
			  workflows:
			    promise:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
	{
		Code: SampleRequest, Severity: Note, Line: true, Title: "a sample request stands in for a real one",
		Prose: `
			A resource workflow runs for a request. None was given, so one was made from the
			schema in spec.api: its defaults, its required fields, the first of each set of
			choices. Give real ones with --request, or as documents beside the Promise.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  api:
			    apiVersion: apiextensions.k8s.io/v1
			    kind: CustomResourceDefinition
			    metadata: {name: redises.example.org}
			    spec:
			      group: example.org
			      scope: Namespaced
			      names: {kind: Redis, plural: redises}
			      versions:
			      - name: v1
			        served: true
			        storage: true
			        schema:
			          openAPIV3Schema: {type: object, properties: {spec: {type: object}}}
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}`,
	},
	{
		Code: BadAnnotation, Severity: Error, Title: "the annotation for the compiler is not valid",
		Prose: `
			kratix-compile.io/timeout on a Pipeline bounds one attempt of it, in whole
			seconds: 90s, 30m, 2h, or 0s for no bound. Kratix ignores the annotation, so the
			Promise stays portable.`,
		Example: `
			metadata:
			  name: render
			  annotations:
			    kratix-compile.io/timeout: half an hour`,
	},
}
