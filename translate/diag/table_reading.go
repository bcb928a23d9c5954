// SPDX-License-Identifier: Apache-2.0

package diag

// readingCodes: what cannot be read.
var readingCodes = []Info{
	{
		Code: Bug, Severity: Error, Title: "a fault in the compiler itself",
		Prose: `
			The compiler met a state that its own rules exclude, and stopped before it could
			print something wrong. Nothing in your files has to be at fault. Please report it
			with the Promise, or the smallest part of it that still shows the message.`,
	},
	{
		Code: NotText, Severity: Error, Title: "the file is not UTF-8 text",
		Prose: `
			Manifests are UTF-8. Other encodings and control characters reach an API server
			as something else than what the editor shows, or not at all. Save the file as
			UTF-8 without byte order marks inside; write a control character that you do
			mean as an escape in double quotes, such as "\u0007".`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/caf<byte E9>:v1`,
	},
	{
		Code: TooLarge, Severity: Error, Title: "the document is larger than an API server accepts",
		Prose: `
			API servers refuse requests of more than 3 MiB, so a larger Promise could never
			be installed. The size is that of the document as JSON, with every YAML alias
			written out. Move the bulk, which is often a bundle under spec.dependencies,
			into the image of a Pipeline.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  dependencies:
			  - apiVersion: v1
			    kind: ConfigMap
			    metadata: {name: dashboards}
			    data: {redis.json: "<4000000 characters>"}`,
	},
	{
		Code: BadYAML, Severity: Error, Title: "the YAML or JSON cannot be parsed",
		Prose: `
			The text is not well-formed, or it is no document of Kubernetes, which is a
			mapping with apiVersion and kind. The position is where the parser gave up; the
			mistake is there or a little before. Text with {{ or with ": " in it is usually
			cured by quotes.`,
		Example: `
			spec:
			  containers:
			  - name: render
			     image: registry.example/render:v1`,
	},
	{
		Code: TooDeep, Severity: Error, Title: "the document nests or repeats itself too much",
		Prose: `
			The document is nested more than 200 levels deep, an alias stands inside its own
			anchor, or merge keys and commas multiply it beyond measure. No real Promise
			looks like that; a file made to exhaust memory does. Write the parts out, or as
			separate documents.`,
		Example: `
			spec: &self
			  containers: *self`,
	},
	{
		Code: DuplicateKey, Severity: Error, Title: "a key is written twice",
		Prose: `
			Tools disagree on which of two equal keys counts, and under strict validation an
			API server refuses the document. Keep the one you mean. If apiVersion or kind is
			there twice, a --- line between two documents is missing.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata:
			  name: redis
			  labels: {owner: databases}
			  labels: {tier: backend}`,
	},
	{
		Code: UnknownField, Severity: Error, Title: "a Pipeline has no such field",
		Prose: `
			Kratix decodes Pipelines strictly: its webhook refuses a Promise with a field it
			does not know anywhere in a Pipeline. A Pipeline is less than a Pod: there is no
			affinity, no workingDir, no pod security context, there are no ports and no
			probes. Correct the spelling, or do without the field.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    workingDir: /work`,
	},
	{
		Code: WrongType, Severity: Error, Title: "the value has the wrong type",
		Prose: `
			The value is of another type than the field, which is an error to every API
			server. Quotes are the usual cause: "3" is text, and 3, yes and 1.10 without
			quotes are not.`,
		Example: `
			spec:
			  jobOptions:
			    backoffLimit: "3"`,
	},
	{
		Code: UnknownPromiseField, Severity: Warning, Title: "a Promise has no such field",
		Prose: `
			Outside of its Pipelines a Promise is read by the API server, which drops what
			the type does not have. The field has no effect. Correct the spelling or remove
			it.`,
		Example: `
			apiVersion: platform.kratix.io/v1alpha1
			kind: Promise
			metadata: {name: redis}
			spec:
			  destinationSelector:
			    matchLabels: {environment: dev}
			  workflows:
			    promise:
			      configure:
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: install}`,
	},
	{
		Code: OtherKind, Severity: Note, Title: "the document is neither a Promise nor a request for one",
		Prose: `
			A directory of manifests may hold anything. The compiler reads Promises, and
			requests for the APIs that these Promises offer; it leaves the rest alone. If the
			document was meant as a request, compare its apiVersion and kind with spec.api.`,
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
			apiVersion: v1
			kind: Namespace
			metadata: {name: redis}`,
	},
	{
		Code: NothingToDo, Severity: Error, Title: "there is nothing to compile",
		Prose: `
			No Promise was found, or none that has the workflow or the Pipeline asked for.
			Printing nothing and succeeding would hide a wrong path in a script. Check -f,
			--workflow and --pipeline.`,
		Example: `
			apiVersion: v1
			kind: ConfigMap
			metadata: {name: not-a-promise}`,
	},
}
