// SPDX-License-Identifier: Apache-2.0

package diag

// engineNameCodes: names and texts that an engine takes for its own.
var engineNameCodes = []Info{
	{
		Code: MountReserved, Severity: Error, Title: "the mount path belongs to the engine",
		Prose: `
			Each engine mounts files of its own into the user's containers: Tekton below
			/tekton, where its webhook refuses other mounts except for /tekton/home, and Argo
			at /var/run/argo and, with a long template, /argo/config. Mount the volume
			elsewhere.`,
		Example: `
			spec:
			  volumes:
			  - name: scripts
			    configMap: {name: scripts}
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    volumeMounts:
			    - {name: scripts, mountPath: /tekton/scripts}
			    - {name: scripts, mountPath: /var/run/argo}`,
	},
	{
		Code: VolumeRenamed, Severity: Note, Title: "a volume is renamed",
		Prose: `
			The name is one that the engine, or the compiler, gives to a volume of its own in
			the same Pod. The volume and its mounts get another name; no container can see
			the difference.`,
		Example: `
			spec:
			  volumes:
			  - name: tekton-cache
			    emptyDir: {}
			  - name: input-artifacts
			    emptyDir: {}`,
	},
	{
		Code: ContainerRenamed, Severity: Note, Title: "a container is renamed",
		Prose: `
			Argo calls its own containers init, wait, main and supervisor. Tekton gives every
			name the prefix step- and cuts it at 63 characters, which leaves 58. The
			annotation kratix-compile.io/renamed leads from the old name to the new one, for
			whoever looks for logs.`,
		Example: `
			spec:
			  containers:
			  - name: main
			    image: registry.example/render:v1
			    command: [render]`,
	},
	{
		Code: TextUnescapable, Severity: Error, Title: "the engine would rewrite this text",
		Prose: `
			Tekton replaces $(params.x) and its like, Argo {{ x }}, in nearly every string,
			and neither has an escape (tektoncd/pipeline#4931,
			argoproj/argo-workflows#2430). The compiler protects command, args and the values
			of env, which the kubelet expands after the engine has looked; it does not expand
			names, images and paths. Write the text differently.`,
		Example: `
			spec:
			  volumes:
			  - name: charts
			    emptyDir: {}
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    volumeMounts:
			    - name: charts
			      mountPath: /charts/$(params.chart)
			    - name: charts
			      mountPath: /charts/{{inputs.chart}}`,
	},
	{
		Code: TextEscaped, Severity: Note, Title: "text is protected from the engine",
		Prose: `
			Tekton takes $(params.x) for a reference of its own, Argo {{ item.x }}; each
			would replace the text or refuse the run, and has no escape
			(tektoncd/pipeline#4931, argoproj/argo-workflows#2430). So one character is
			written as a variable that holds it, KRATIX_DOLLAR or KRATIX_LBRACE, and the
			kubelet puts it back after the engine has looked. The process gets the text as
			written, and sees one variable more.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    args: ["$(params.size)", "{{ item.host }}"]`,
	},
	{
		Code: EnvShadows, Severity: Error, Title: "a variable is named like a reference of the engine",
		Prose: `
			The text refers to a variable of the container by a name that the engine would
			replace first. Protecting it from the engine would hide it from the kubelet,
			too. Give the variable another name, without dots or braces.`,
		Example: `
			spec:
			  containers:
			  - name: render
			    image: registry.example/render:v1
			    command: [render]
			    args: [$(params.size)]
			    env:
			    - name: params.size
			      value: large`,
	},
}
