// SPDX-License-Identifier: Apache-2.0

package backends

import "github.com/kratix-compile/kratix-compile/backends/local"

// translated is a row that all columns translate: to a field of an engine, or to a word of a
// container engine.
func translated(field, tekton, argo, container string) Row {
	return Row{Field: field, Answers: map[string]Answer{
		"tekton": {Translated, tekton}, "argo": {Translated, argo}, local.Name: {Translated, container},
	}}
}

// everywhere is a row with the same finding in all columns.
func everywhere(field string, fate Fate, code string) Row {
	return translated(field, "", "", "").on("tekton", fate, code).on("argo", fate, code).on(local.Name, fate, code)
}

// volume is a row for what is below spec.volumes[], which both engines have alike.
func volume(field string) Row {
	return translated("spec.volumes[]."+field, "taskSpec.volumes[]."+field, tmpl+"volumes[]."+field, "files of a volume")
}

// container is a row for what is below spec.containers[], which the engines have alike.
func container(field, word string) Row {
	return translated("spec.containers[]."+field, step+field, inits+field, word)
}

func (r Row) noting(note string) Row {
	r.Note = note
	return r
}

func (r Row) on(column string, fate Fate, target string) Row {
	r.Answers[column] = Answer{fate, target}
	return r
}

// clustersOnly is for fields that make no difference to what a container engine runs.
func (r Row) clustersOnly() Row { return r.on(local.Name, Warned, "KC424") }

// withoutEffect is for fields that containers may miss where there is no cluster.
func (r Row) withoutEffect() Row { return r.on(local.Name, Warned, "KC423") }

// notLocal is for fields that cannot be had without a cluster.
func (r Row) notLocal() Row { return r.on(local.Name, Rejected, "KC422") }

const (
	step   = "taskSpec.steps[]."
	inits  = "templates[].initContainers[]."
	podT   = "podTemplate."
	tmpl   = "templates[]."
	claim  = "ephemeral.volumeClaimTemplate.metadata"
	access = "Role, ClusterRole and their bindings"
)

var coverage = []Row{
	translated("apiVersion", "checked", "checked", "checked").
		noting("KC201 for anything but platform.kratix.io/v1alpha1."),
	translated("kind", "checked", "checked", "checked").
		noting("KC201 for anything but Pipeline."),
	translated("metadata.name", "metadata.name", "metadata.name, "+tmpl+"name", "names of containers").
		noting("A part of the names. Also the label kratix.io/pipeline-name and the variable KRATIX_PIPELINE_NAME."),
	translated("metadata.labels", "metadata.labels", "metadata.labels, "+tmpl+"metadata.labels", "").clustersOnly().
		noting("Labels of Kratix stay as they are (KC302); keys of the engines are refused (KC419)."),
	translated("metadata.annotations", "metadata.annotations", tmpl+"metadata.annotations", "").clustersOnly().
		noting("Both reach the Pod. kratix-compile.io/timeout sets the time limit. Keys of the engines are refused (KC419)."),
	everywhere("metadata", Warned, "KC217").
		noting("Every other field: a Pipeline is no object of its own."),
	container("name", "the container's name").
		noting("Renamed where the engine reserves the name or allows fewer characters (KC403)."),
	container("image", "the image"),
	container("command", "--entrypoint").
		noting("Without one, Tekton's controller asks the registry (KC407); --resolve-images or --image-config settle it. Text that the engine would rewrite is protected (KC405)."),
	container("args", "the arguments").
		noting("Without a command, they may mean something else to Tekton (KC408). Text that the engine would rewrite is protected (KC405)."),
	translated("spec.containers[].env[]", step+"env", inits+"env", "--env").
		noting("After the KRATIX_ variables. A name that is defined twice is there once, with its last value (KC305)."),
	container("env[].valueFrom.fieldRef.fieldPath", "--env").
		noting("On a container engine there is no Pod: what only a cluster knows is a stand-in (KC427)."),
	container("env[].valueFrom.fieldRef.apiVersion", "").clustersOnly(),
	container("env[].valueFrom.fileKeyRef", "").on("argo", Rejected, "KC417").notLocal(),
	translated("spec.containers[].envFrom[]", step+"envFrom", inits+"envFrom", "--env"),
	translated("spec.containers[].volumeMounts[]", step+"volumeMounts", inits+"volumeMounts", "--volume").
		noting("Paths that the engine needs are refused (KC401). A container engine mounts whole volumes: a directory at a subPath is a volume of its own there."),
	container("volumeMounts[].mountPropagation", "").withoutEffect(),
	container("volumeMounts[].recursiveReadOnly", "").clustersOnly(),
	container("imagePullPolicy", "--pull"),
	container("securityContext", "--user, --privileged, --read-only, --cap-add, --cap-drop, --security-opt"),
	container("securityContext.runAsNonRoot", "").withoutEffect().
		noting("Together with runAsUser it is obeyed: 0 is refused on a container engine (KC422)."),
	container("securityContext.seccompProfile.localhostProfile", "").withoutEffect(),
	container("securityContext.appArmorProfile.localhostProfile", "").withoutEffect(),
	container("securityContext.seLinuxOptions", "").withoutEffect(),
	container("securityContext.windowsOptions", "").withoutEffect(),
	container("securityContext.procMount", "").clustersOnly(),
	translated("spec.containers[].resources.limits", step+"computeResources.limits", inits+"resources.limits", "--cpu-quota, --memory").
		noting("A container engine hands out no devices and huge pages (KC423), and does not limit ephemeral-storage (KC424)."),
	translated("spec.containers[].resources.requests", step+"computeResources.requests", inits+"resources.requests", "").clustersOnly().
		noting("On Tekton requests add up: the largest one is kept and the others become zero (KC409), unless --tekton-requests=sum."),
	everywhere("spec.containers[].resources.claims", Rejected, "KC220"),
	translated("spec.volumes[]", "taskSpec.volumes", tmpl+"volumes", "").notLocal().
		noting("Every other kind of volume."),
	volume("name").
		on(local.Name, Translated, "name of a volume").
		noting("Renamed where the engine reserves the name (KC402)."),
	volume("emptyDir").clustersOnly().
		noting("A container engine has the empty volume, and neither its medium nor its limit."),
	volume("configMap").
		noting("On a container engine, Secrets and ConfigMaps are those that `kratix-compile run` is given (KC425)."),
	volume("secret"),
	volume("downwardAPI"),
	volume("downwardAPI.items[].fieldRef.apiVersion").clustersOnly(),
	volume("projected"),
	volume("projected.sources[].downwardAPI.items[].fieldRef.apiVersion").clustersOnly(),
	volume("projected.sources[].serviceAccountToken").notLocal(),
	volume("projected.sources[].clusterTrustBundle").notLocal(),
	volume("projected.sources[].podCertificate").on("argo", Rejected, "KC417").notLocal(),
	volume(claim + ".labels").notLocal(),
	volume(claim + ".annotations").notLocal(),
	everywhere("spec.volumes[]."+claim, Rejected, "KC208"),
	translated("spec.imagePullSecrets[]", podT+"imagePullSecrets", "imagePullSecrets", "").clustersOnly().
		noting("Argo has one list for all Pipelines of a Workflow (KC416). A container engine has credentials of its own."),
	translated("spec.nodeSelector", podT+"nodeSelector", tmpl+"nodeSelector", "").clustersOnly(),
	translated("spec.tolerations[]", podT+"tolerations", tmpl+"tolerations", "").clustersOnly(),
	everywhere("spec.restartPolicy", Warned, "KC301").
		noting("Pods of both engines never restart a container. Never is what they do; OnFailure with retries is answered by KC301."),
	translated("spec.jobOptions.backoffLimit", "retries", tmpl+"retryStrategy.limit", "").clustersOnly().
		noting("Unset: the operator's default, or 6 as for a Job. The whole Pipeline is repeated; Tekton does not wait in between (KC411)."),
	translated("spec.rbac.serviceAccount", "serviceAccountName", tmpl+"serviceAccountName", "").withoutEffect().
		noting("On Argo the account, whoever made it, also gets the Role that Argo reports from the Pod with."),
	translated("spec.rbac.permissions[]", access, access, "").withoutEffect().
		noting("On a container engine, containers have the rights of the kubeconfig that `kratix-compile run` is given, or none."),
}
