// SPDX-License-Identifier: Apache-2.0

package diag

// engineCodes: what engines do otherwise.
var engineCodes = []Info{
	{
		Code: CommandMissing, Severity: Note, Line: true, Once: true, Title: "Tekton will look the image's entrypoint up",
		Prose: `
			Tekton starts every step through a program of its own, so it must know what the
			image starts. Its controller asks the registry, at each run and with credentials
			and certificates of its own, not the node's (tektoncd/pipeline#1539,
			tektoncd/pipeline#7698); if the registry does not answer, the run fails. If it
			does, the image is pinned by digest, which breaks images that only the node has.
			Kratix needs the registry as well, when a node pulls the image, so this is a note,
			once a file: write the command, or let --resolve-images or --image-config fill it
			in, where the registry cannot be reached from Tekton's controller.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1`,
	},
	{
		Code: ArgsOnly, Severity: Warning, Title: "args without a command may run differently on Tekton",
		Prose: `
			For an image with CMD and without ENTRYPOINT, container runtimes let args take the
			place of CMD. Tekton runs CMD with the args appended (tektoncd/pipeline#4794).
			Only the registry knows which kind an image is, and the compiler does not ask it
			unless told to. Write the command.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    args: [--size, large]`,
	},
	{
		Code: RequestsZeroed, Severity: Note, Title: "only the largest request of the steps is kept",
		Prose: `
			Steps are containers of one Pod, and the scheduler adds their requests up although
			one step works at a time (tektoncd/pipeline#2986). In Kratix the Pod asks for the
			largest. The compiler gets there by leaving that request to one step and giving
			the others an explicit 0; limits stay. A LimitRange with a minimum refuses zeros:
			there, use --tekton-requests=sum.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    resources:
			      requests: {cpu: "2"}`,
	},
	{
		Code: RequestsAdd, Severity: Warning, Title: "the requests of the steps add up",
		Prose: `
			Steps are containers of one Pod, and the scheduler adds their requests up
			(tektoncd/pipeline#2986). CPU, memory and ephemeral storage are passed on from
			step to step, unless --tekton-requests=sum; devices and huge pages cannot be,
			for they belong to one container. Ask for them in one container only.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - name: train
			    image: registry.example/train:v1
			    command: [train]
			    resources:
			      limits: {nvidia.com/gpu: 1}
			  - name: check
			    image: registry.example/train:v1
			    command: [check]
			    resources:
			      limits: {nvidia.com/gpu: 1}`,
	},
	{
		Code: NoBackoff, Severity: Note, Title: "Tekton retries without a delay",
		Prose: `
			A Job, and a Workflow here, waits between attempts, longer each time. A TaskRun
			makes the next Pod at once, so a service that is down for a minute can use all
			attempts up. Let the containers wait for what they need, or set backoffLimit.`,
		Backend: "tekton",
		Example: `
			spec:
			  jobOptions:
			    backoffLimit: 3`,
	},
	{
		Code: WorkspaceHidden, Severity: Warning, Title: "Tekton hides the image's /workspace",
		Prose: `
			Tekton mounts an empty directory at /workspace in every step, over what the image
			has there. A program in it is not found. Keep it elsewhere in the image. If the
			path is created at run time, nothing is wrong.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [/workspace/render]`,
	},
	{
		Code: ManySteps, Severity: Warning, Title: "many containers strain the engine's status",
		Prose: `
			Tekton learns how steps went from their termination messages, and the kubelet
			keeps 12 KiB of these for a whole Pod (tektoncd/pipeline#4808). Beyond a dozen
			steps they may be cut off, and the status with them. Merge containers, or use two
			Pipelines.`,
		Backend: "tekton",
		Example: `
			spec:
			  containers:
			  - &step {name: step-1, image: registry.example/step:v1, command: [step]}
			  - {<<: *step, name: step-2}
			  - {<<: *step, name: step-3}
			  - {<<: *step, name: step-4}
			  - {<<: *step, name: step-5}
			  - {<<: *step, name: step-6}
			  - {<<: *step, name: step-7}
			  - {<<: *step, name: step-8}
			  - {<<: *step, name: step-9}
			  - {<<: *step, name: step-10}
			  - {<<: *step, name: step-11}
			  - {<<: *step, name: step-12}
			  - {<<: *step, name: step-13}`,
	},
	{
		Code: TemplateTooLong, Severity: Note, Title: "Argo passes the template by ConfigMap",
		Prose: `
			Argo gives every container its template in a variable. Above 128 KiB that would be
			too long for the process to start (argoproj/argo-workflows#7586), so Argo makes a
			ConfigMap and mounts it at /argo/config. That is one object more for each Pod;
			long scripts are better kept in the image.`,
		Backend: "argo",
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [sh, -c]
			    args: ["<140000 characters>"]`,
	},
	{
		Code: AnnotationDropped, Severity: Warning, Title: "the engine drops the annotation",
		Prose: `
			Tekton removes annotations below chains.tekton.dev/ when a TaskRun is created:
			Tekton Chains keeps its records there. The annotation would not reach the Pod.
			Choose another key.`,
		Backend: "tekton",
		Example: `
			metadata:
			  name: render
			  annotations:
			    chains.tekton.dev/signed: "true"`,
	},
	{
		Code: PullSecretsShared, Severity: Note, Title: "Argo shares pull secrets between Pipelines",
		Prose: `
			A Workflow has one list of pull secrets, and no place for them in a template. When
			several Pipelines are compiled into one Workflow, the Pod of each gets the secrets
			of all. Compile them one by one, with --pipeline, if that matters.`,
		Backend: "argo",
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
			        spec:
			          imagePullSecrets: [{name: registry-login}]
			      - apiVersion: platform.kratix.io/v1alpha1
			        kind: Pipeline
			        metadata: {name: announce}`,
	},
	{
		Code: FieldUnsupported, Severity: Error, Title: "the engine does not know the field yet",
		Prose: `
			The field is younger than the Kubernetes that the engine is built with. The
			engine's CRD does not have it, so an API server would take the object and drop
			the field without a word. Reach the same in an older way.`,
		Example: `
			spec:
			  volumes:
			  - name: settings
			    emptyDir: {}
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    env:
			    - name: REGION
			      valueFrom:
			        fileKeyRef: {volumeName: settings, path: env, key: REGION}`,
		Backend: "argo",
	},
	{
		Code: EnvReserved, Severity: Warning, Title: "the variable steers the engine",
		Prose: `
			Tekton starts its own program in every step, and that program reads variables
			that begin with TEKTON_ from the environment of the step: TEKTON_HERMETIC, for
			one, cuts the container off the network. Choose another name.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    env:
			    - {name: TEKTON_HERMETIC, value: "1"}`,
		Backend: "tekton",
	},
	{
		Code: LabelReserved, Severity: Error, Title: "the label or annotation belongs to the engine",
		Prose: `
			Controllers act upon keys below tekton.dev/ and workflows.argoproj.io/: a
			Pipeline that set one could have its Pod counted to another run, or handed to
			another controller. Choose another key. Which of several Argo controllers
			takes the Workflows is what an installation says for all Promises, with
			--argo-instance-id.`,
		Example: `
			metadata:
			  name: render
			  labels:
			    tekton.dev/pipelineRun: nightly`,
	},
	{
		Code: LiteralSecret, Severity: Warning, Title: "a literal value looks like a secret",
		Prose: `
			Argo hands the whole template to every init container in the variable
			ARGO_TEMPLATE, and with it the values of all other containers. They can also be
			read by whoever may read Workflows. Take the value from a Secret: the template
			then holds a reference.`,
		Backend: "argo",
		Example: `
			spec:
			  containers:
			  - name: announce
			    image: registry.example/announce:v1
			    command: [announce]
			    env:
			    - name: CHAT_TOKEN
			      value: abc123`,
	},
	{
		Code: NothingToRun, Severity: Warning, Title: "the image has nothing to run",
		Prose: `
			The container has no command, and the image, as its registry or --image-config
			says, has neither ENTRYPOINT nor CMD. No container runtime can start it. Write
			the command.`,
		Backend: "tekton",
		Example: `
			# --image-config=images.yaml, in which registry.example/render:v1 is {}
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1`,
	},
}
