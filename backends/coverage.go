// SPDX-License-Identifier: Apache-2.0

package backends

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Fate is what becomes of a field. There is no fate for a field that is lost in silence: the
// test of this table fails for it.
type Fate string

// The fates, best first.
const (
	Translated Fate = "translated"
	Warned     Fate = "warned"
	Rejected   Fate = "rejected"
)

// Answer is one backend's treatment of a field.
type Answer struct {
	Fate Fate `json:"fate"`
	// Target is the engine's field, or the code of the finding.
	Target string `json:"target"`
}

// Row covers one field of a Pipeline and everything below it that has no row
// of its own.
type Row struct {
	Field   string            `json:"field"`
	Answers map[string]Answer `json:"answers"`
	Note    string            `json:"note,omitempty"`
}

// Coverage is the table of docs/decisions.md 7: no field is lost in silence. A test walks the
// API types and demands a row for every field. It also sets every field, and demands that the
// output changes or that a finding names the field.
func Coverage() []Row { return coverage }

// FindCoverage finds rows by the path of a field, by its last part, or by what it is in, with
// or without the [] of lists: spec.containers[].env, env, spec.containers.
func FindCoverage(field string) []Row {
	want := bare(field)
	var exact, ends []Row
	for _, row := range coverage {
		switch have := bare(row.Field); {
		case have == want:
			exact = append(exact, row)
		case strings.HasSuffix(have, "."+want), strings.HasPrefix(have, want+"."):
			ends = append(ends, row)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return ends
}

// bare leaves out the brackets of lists, with or without an index.
func bare(field string) string {
	return strings.ToLower(brackets.ReplaceAllString(field, ""))
}

var brackets = regexp.MustCompile(`\[[0-9]*\]`)

// Matrix prints the coverage table as markdown or json.
func Matrix(format string) ([]byte, error) {
	if format == "json" {
		data, err := json.MarshalIndent(coverage, "", "  ")
		return append(data, '\n'), err
	}
	var b bytes.Buffer
	b.WriteString("| Pipeline field |")
	for _, e := range Engines() {
		fmt.Fprintf(&b, " %s %s |", e.Name, e.Kind)
	}
	b.WriteString(" Notes |\n|---|")
	b.WriteString(strings.Repeat("---|", len(Engines())+1) + "\n")
	for _, row := range coverage {
		fmt.Fprintf(&b, "| `%s` |", row.Field)
		for _, e := range Engines() {
			fmt.Fprintf(&b, " %s |", row.Answers[e.Name].cell())
		}
		fmt.Fprintf(&b, " %s |\n", row.Note)
	}
	return b.Bytes(), nil
}

func (a Answer) cell() string {
	if a.Fate == Translated {
		return a.Target
	}
	return string(a.Fate) + " (" + a.Target + ")"
}

func both(field, tekton, argo string) Row {
	return Row{Field: field, Answers: map[string]Answer{"tekton": {Translated, tekton}, "argo": {Translated, argo}}}
}

func (r Row) noting(note string) Row {
	r.Note = note
	return r
}

func (r Row) on(backend string, fate Fate, target string) Row {
	r.Answers[backend] = Answer{fate, target}
	return r
}

func neither(field string, fate Fate, code string) Row {
	return both(field, "", "").on("tekton", fate, code).on("argo", fate, code)
}

const (
	step   = "taskSpec.steps[]."
	inits  = "templates[].initContainers[]."
	podT   = "podTemplate."
	tmpl   = "templates[]."
	claim  = "ephemeral.volumeClaimTemplate.metadata"
	access = "Role, ClusterRole and their bindings"
)

var coverage = []Row{
	both("apiVersion", "checked", "checked").
		noting("KC201 for anything but platform.kratix.io/v1alpha1."),
	both("kind", "checked", "checked").
		noting("KC201 for anything but Pipeline."),
	both("metadata.name", "metadata.name", "metadata.name, "+tmpl+"name").
		noting("A part of the names. Also the label kratix.io/pipeline-name and the variable KRATIX_PIPELINE_NAME."),
	both("metadata.labels", "metadata.labels", "metadata.labels, "+tmpl+"metadata.labels").
		noting("Labels of Kratix stay as they are (KC302); keys of the engines are refused (KC419)."),
	both("metadata.annotations", "metadata.annotations", tmpl+"metadata.annotations").
		noting("Both reach the Pod. kratix-compile.io/timeout sets the time limit. Keys of the engines are refused (KC419)."),
	neither("metadata", Warned, "KC217").
		noting("Every other field: a Pipeline is no object of its own."),
	both("spec.containers[].name", step+"name", inits+"name").
		noting("Renamed where the engine reserves the name or allows fewer characters (KC403)."),
	both("spec.containers[].image", step+"image", inits+"image"),
	both("spec.containers[].command", step+"command", inits+"command").
		noting("Without one, Tekton's controller asks the registry (KC407); --resolve-images or --image-config settle it. Text that the engine would rewrite is protected (KC405)."),
	both("spec.containers[].args", step+"args", inits+"args").
		noting("Without a command, they may mean something else to Tekton (KC408). Text that the engine would rewrite is protected (KC405)."),
	both("spec.containers[].env[]", step+"env", inits+"env").
		noting("After the KRATIX_ variables. A name that is defined twice is there once, with its last value (KC305)."),
	both("spec.containers[].env[].valueFrom.fileKeyRef", step+"env[].valueFrom.fileKeyRef", "").on("argo", Rejected, "KC417"),
	both("spec.containers[].envFrom[]", step+"envFrom", inits+"envFrom"),
	both("spec.containers[].volumeMounts[]", step+"volumeMounts", inits+"volumeMounts").
		noting("Paths that the engine needs are refused (KC401)."),
	both("spec.containers[].imagePullPolicy", step+"imagePullPolicy", inits+"imagePullPolicy"),
	both("spec.containers[].securityContext", step+"securityContext", inits+"securityContext"),
	both("spec.containers[].resources.limits", step+"computeResources.limits", inits+"resources.limits"),
	both("spec.containers[].resources.requests", step+"computeResources.requests", inits+"resources.requests").
		noting("On Tekton requests add up: the largest one is kept and the others become zero (KC409), unless --tekton-requests=sum."),
	neither("spec.containers[].resources.claims", Rejected, "KC220"),
	both("spec.volumes[]", "taskSpec.volumes", tmpl+"volumes").
		noting("Renamed where the engine reserves the name (KC402)."),
	both("spec.volumes[]."+claim+".labels", "taskSpec.volumes[]."+claim+".labels", tmpl+"volumes[]."+claim+".labels"),
	both("spec.volumes[]."+claim+".annotations", "taskSpec.volumes[]."+claim+".annotations", tmpl+"volumes[]."+claim+".annotations"),
	neither("spec.volumes[]."+claim, Rejected, "KC208"),
	both("spec.volumes[].projected.sources[].podCertificate", "taskSpec.volumes[].projected.sources[].podCertificate", "").on("argo", Rejected, "KC417"),
	both("spec.imagePullSecrets[]", podT+"imagePullSecrets", "imagePullSecrets").
		noting("Argo has one list for all Pipelines of a Workflow (KC416)."),
	both("spec.nodeSelector", podT+"nodeSelector", tmpl+"nodeSelector"),
	both("spec.tolerations[]", podT+"tolerations", tmpl+"tolerations"),
	neither("spec.restartPolicy", Warned, "KC301").
		noting("Pods of both engines never restart a container. Never is what they do; OnFailure with retries is answered by KC301."),
	both("spec.jobOptions.backoffLimit", "retries", tmpl+"retryStrategy.limit").
		noting("Unset: the operator's default, or 6 as for a Job. The whole Pipeline is repeated; Tekton does not wait in between (KC411)."),
	both("spec.rbac.serviceAccount", "serviceAccountName", tmpl+"serviceAccountName").
		noting("On Argo the account, whoever made it, also gets the Role that Argo reports from the Pod with."),
	both("spec.rbac.permissions[]", access, access),
}
