// SPDX-License-Identifier: Apache-2.0

package diag

// requestCodes: requests and the operator's configuration.
var requestCodes = []Info{
	{
		Code: RequestMismatch, Severity: Error, Title: "the request is not for this Promise",
		Prose: `
			A request must be of the group and kind in the Promise's spec.api, and of a
			version that is served there. Anything else would be refused by the cluster, or
			be a request for another Promise.`,
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
			        metadata: {name: render}
			---
			apiVersion: example.org/v2
			kind: Redis
			metadata: {name: cache}`,
	},
	{
		Code: BadConfig, Severity: Error, Title: "a configuration file is wrong",
		Prose: `
			The file given with --config is in Kratix's format: the ConfigMap named kratix, or
			the text of its key config alone. The one given with --image-config maps images to
			entrypoint and cmd. No manifests are made from a configuration with a fault.`,
		Example: `
			workflows:
			  jobOptions:
			    defaultBackoffLimit: none`,
	},
	{
		Code: UnknownConfigKey, Severity: Warning, Title: "the operator configuration has no such key",
		Prose: `
			Kratix ignores keys that it does not know, and so does the compiler: the default
			stays in force. Correct the spelling or remove the key.`,
		Example: `
			workflows:
			  imagePullPolicy: Always`,
	},
	{
		Code: BadRequest, Severity: Error, Title: "the API server would refuse the request",
		Prose: `
			The request was put through the API server's own validation, with the schema in
			spec.api and its defaults, and did not pass. No Pipeline would ever run for it.
			Correct the request, or the schema if the request is what users should write.`,
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
			                properties:
			                  size: {type: string, enum: [small, large]}
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}
			---
			apiVersion: example.org/v1
			kind: Redis
			metadata: {name: cache}
			spec:
			  size: medium`,
	},
	{
		Code: UnknownRequestField, Severity: Warning, Title: "the API has no such field",
		Prose: `
			The schema in spec.api has no such field, so the API server drops it, and so does
			the compiler: no container will see it in /kratix/input/object.yaml. Correct the
			spelling, or add the field to the schema.`,
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
			                properties:
			                  size: {type: string}
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}
			---
			apiVersion: example.org/v1
			kind: Redis
			metadata: {name: cache}
			spec:
			  sise: small`,
	},
	{
		Code: NoPipelines, Severity: Warning, Title: "the Promise has no Pipelines to compile",
		Prose: `
			The Promise is fine, but none of its workflows lists a Pipeline: it may only
			deliver dependencies. Nothing runs on an engine for it.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}`,
	},
	{
		Code: DuplicateRequest, Severity: Error, Title: "two requests share a name",
		Prose: `
			A cluster can hold one object of a kind, namespace and name, so only one of the
			requests can be meant. The namespace is default where none is written.`,
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
			                properties:
			                  size: {type: string, enum: [small, large]}
			  workflows:
			    resource:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: render}
			---
			apiVersion: example.org/v1
			kind: Redis
			metadata: {name: cache}
			spec:
			  size: small
			---
			apiVersion: example.org/v1
			kind: Redis
			metadata: {name: cache}
			spec:
			  size: small`,
	},
}
