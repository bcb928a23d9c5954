// SPDX-License-Identifier: Apache-2.0

package diag

// promiseCodes: rules for Promises, and what no Pod can have.
var promiseCodes = []Info{
	{
		Code: NoAPI, Severity: Error, Title: "resource workflows need spec.api",
		Prose: `
			Resource workflows run for requests, and without spec.api nothing can be
			requested; Kratix refuses the Promise. Add a CustomResourceDefinition, or move the
			Pipelines to spec.workflows.promise.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}`,
	},
	{
		Code: BadAPI, Severity: Error, Title: "spec.api is not a usable CustomResourceDefinition",
		Prose: `
			spec.api is one whole CustomResourceDefinition of apiextensions.k8s.io/v1. It is
			Namespaced, and has group, names and a version with a schema: the version with
			storage: true is what Pipelines get to see.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  api:
			    apiVersion: apiextensions.k8s.io/v1beta1
			    kind: CustomResourceDefinition`,
	},
	{
		Code: ExtraDelete, Severity: Warning, Title: "only the first delete Pipeline runs",
		Prose: `
			Kratix admits several delete Pipelines and runs the first one. The compiler does
			the same and leaves the others out. Put their containers into one Pipeline.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    promise:
			      delete:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: back-up}
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: uninstall}`,
	},
	{
		Code: BadInterval, Severity: Error, Title: "the reconciliation interval is not valid",
		Prose: `
			The interval in the spec or in the annotation kratix.io/reconciliation-interval is
			a duration such as 10m or 2h. Kratix refuses less than a minute.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    config:
			      reconciliationInterval: 30s`,
	},
	{
		Code: MetadataIgnored, Severity: Note, Title: "the metadata has no effect on a Pipeline",
		Prose: `
			A Pipeline is a part of a Promise and no object of its own. Of its metadata, name,
			labels and annotations are used. A namespace in particular changes nothing: set
			spec.workflows.config.pipelineNamespace, which holds for all Pipelines.`,
		Example: `
			metadata:
			  name: render
			  namespace: databases`,
	},
	{
		Code: BadNumber, Severity: Error, Title: "the number is out of range",
		Prose: `
			The API server accepts no negative backoffLimit. 0 means that a failed Pipeline
			is not tried again.`,
		Example: `
			spec:
			  jobOptions:
			    backoffLimit: -1`,
	},
	{
		Code: DuplicatePromise, Severity: Error, Title: "two Promises share a name",
		Prose: `
			Promises belong to no namespace, so a name is given once in a cluster. Of two
			Promises with one name the second would replace the first, along with the names
			of everything compiled from it.`,
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
			---
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  workflows:
			    promise:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
	{
		Code: ClaimsUnsupported, Severity: Error, Title: "resource claims cannot be used",
		Prose: `
			A container's resources.claims refers to the Pod's resourceClaims, which neither
			a Pipeline nor a TaskRun has a field for. In Kratix the Pod would be refused.
			Extended resources such as nvidia.com/gpu under limits work.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    resources:
			      claims: [{name: gpu}]`,
	},
	{
		Code: OtherAPIKind, Severity: Warning, Title: "spec.api calls itself something else",
		Prose: `
			Kratix reads spec.api as a CustomResourceDefinition of apiextensions.k8s.io/v1,
			whatever its apiVersion and kind say, and so does the compiler. Other tools
			believe what is written. Write apiextensions.k8s.io/v1 and
			CustomResourceDefinition.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  api:
			    apiVersion: apiextensions.k8s.io/v1beta1
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
		Code: PromiseRefused, Severity: Error, Title: "the API server would refuse the Promise",
		Prose: `
			The Promise was put through the API server's own validation, with the schema of
			the CustomResourceDefinition of Promises, and did not pass. Nobody could apply it.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  dependencies: [redis-operator]
			  workflows:
			    promise:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
}
