// SPDX-License-Identifier: Apache-2.0

package diag

// kratixCodes: rules for Pipelines.
var kratixCodes = []Info{
	{
		Code: NotAPipeline, Severity: Error, Title: "the list entry is not a Pipeline",
		Prose: `
			The lists under spec.workflows hold Pipelines of platform.kratix.io/v1alpha1 and
			nothing else; Kratix refuses other kinds and versions. A Job or a Tekton Task
			cannot stand there.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    promise:
			      configure:
			      - apiVersion: tekton.dev/v1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
	{
		Code: BadName, Severity: Error, Title: "the name cannot be used",
		Prose: `
			The name becomes the name of an object, or part of one, and those of Promises,
			Pipelines and requests become label values besides. So it is lower case, made of
			letters, digits, dashes and dots, and has at most 63 characters.`,
		Example: `
			metadata:
			  name: Render_Manifests`,
	},
	{
		Code: DuplicatePipeline, Severity: Error, Title: "two Pipelines of a list share a name",
		Prose: `
			Runs are found by the labels of Promise, workflow and Pipeline. Two Pipelines of
			one name in one list could not be told apart, and Kratix refuses them. The same
			name in another list is fine.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    promise:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
	{
		Code: LongID, Severity: Error, Title: "the names together are too long",
		Prose: `
			Service accounts and roles are called <promise>-<type>-<action>-<pipeline>, which
			Kratix limits to 60 characters. Shorten the name of the Pipeline or of the
			Promise.`,
		Example: `
			metadata:
			  name: install-the-operator-and-wait-until-it-is-ready`,
	},
	{
		Code: BadLabel, Severity: Error, Title: "the label or annotation is not valid",
		Prose: `
			Labels and annotations are copied to the run and its Pod, and a node selector
			names labels of nodes; the API server would refuse all of them. A key is
			[prefix/]name; a label value has at most 63 letters, digits, dashes, dots and
			underscores.`,
		Example: `
			metadata:
			  name: render
			  labels:
			    owner: The Redis team`,
	},
	{
		Code: BadContainer, Severity: Error, Title: "the container is not valid",
		Prose: `
			A container needs a name, which is a DNS label and unique in its Pipeline, and an
			image. The API server checks that when Kratix tries the Pod out in its webhook,
			and so does each engine.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    command: [render]`,
	},
	{
		Code: BadEnv, Severity: Error, Title: "the environment variable is not valid",
		Prose: `
			A variable has a name and either a value or one source under valueFrom; an entry
			of envFrom has one of configMapRef and secretRef. The API server would refuse the
			Pod otherwise.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    env:
			    - name: REGION
			      value: north
			      valueFrom:
			        fieldRef: {fieldPath: spec.nodeName}`,
	},
	{
		Code: BadVolume, Severity: Error, Title: "the volume is not valid",
		Prose: `
			A volume has a name, which is a DNS label and unique in its Pipeline, and one
			source. The API server would refuse the Pod otherwise.`,
		Example: `
			spec:
			  volumes:
			  - name: cache
			    emptyDir: {}
			    configMap: {name: cache}`,
	},
	{
		Code: BadMount, Severity: Error, Title: "the volume mount is not valid",
		Prose: `
			A mount names a volume of spec.volumes and an absolute path that no other mount
			of the container has. Kratix's own volumes, such as shared-output, cannot be
			mounted: their files are below /kratix in every container already.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    volumeMounts:
			    - name: templates
			      mountPath: /templates`,
	},
	{
		Code: BadResources, Severity: Error, Title: "the resources are not valid",
		Prose: `
			Quantities must not be negative, and a request must not be above its limit. API
			servers refuse such a Pod; Tekton fails the TaskRun with TaskRunValidationFailed.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    resources:
			      requests: {memory: 1Gi}
			      limits: {memory: 512Mi}`,
	},
	{
		Code: BadChoice, Severity: Error, Title: "the value is not one of the allowed ones",
		Prose: `
			The field takes one of a few words, in exactly this spelling. For tolerations the
			words also depend on each other: Exists takes no value, and tolerationSeconds is
			for NoExecute only.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    imagePullPolicy: always`,
	},
	{
		Code: BadPermission, Severity: Error, Title: "the permission is not a valid policy rule",
		Prose: `
			Every permission becomes a rule in a Role or a ClusterRole, and follows their
			rules: it has verbs, and either resources with their apiGroups or
			nonResourceURLs. Kratix finds such mistakes at run time only, in its log.`,
		Example: `
			spec:
			  rbac:
			    permissions:
			    - apiGroups: [""]
			      resources: [secrets]`,
	},
}
