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
		Code: NoPipelines, Severity: Note, Line: true, Title: "the Promise has no Pipelines to compile",
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
	{
		Code: OtherCase, Severity: Warning, Title: "the key is written in another case",
		Prose: `
			Kratix reads Pipelines, spec.api and its configuration with a decoder that
			ignores the case of keys, and so does the compiler: Env is env. Everything else in
			a Promise is read by the API server, which does not. Write the key as it is
			called.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    Env: [{name: REGION, value: north}]`,
	},
	{
		Code: LeftOut, Severity: Warning, Title: "what looks like input is left out",
		Prose: `
			The document is nearly a Promise, or nearly a request for one of the Promises: its
			kind or its apiVersion is a letter away, or in another case. As it is written, it
			is another object, and nothing is compiled from it. A file that is a link to
			nothing is left out as well. Correct the spelling or the link, or take the file
			away.`,
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
			apiVersion: platform.kratix.io/v1alpha
			kind: Promise
			metadata: {name: cache}`,
	},
	{
		Code: ConfigKeyFate, Severity: Note, Title: "what becomes of a key of the operator's configuration",
		Prose: `
			Kratix obeys the key; the compiler has no use for it. The note says whether
			kratix-runner obeys it, or why it is not needed. None of these keys changes the
			manifests.`,
		Example: `
			logging:
			  structured: true`,
	},
}
