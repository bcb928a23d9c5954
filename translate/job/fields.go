// SPDX-License-Identifier: Apache-2.0

package job

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// fate is what becomes of a field of a Job's spec and of everything below it. A field that has
// none is refused: no Job of Kratix has it, and nothing is lost in silence. Paths begin in the
// spec, as in template.spec.volumes; those of a container begin with container, in both lists.
type fate string

const (
	// read fields become a part of the run.
	read fate = "read"
	// stays is for a field upon which Kubernetes acts in the Job, which stays where it is.
	stays fate = "stays"
)

var fates = map[string]fate{
	"activeDeadlineSeconds":         read,
	"backoffLimit":                  read,
	"suspend":                       read,
	"managedBy":                     stays,
	"manualSelector":                stays,
	"selector":                      stays,
	"ttlSecondsAfterFinished":       stays,
	"template.metadata.labels":      read,
	"template.metadata.annotations": read,
	"template.spec.automountServiceAccountToken": read,
	"template.spec.imagePullSecrets":             read,
	"template.spec.nodeSelector":                 read,
	"template.spec.restartPolicy":                read,
	"template.spec.serviceAccount":               read,
	"template.spec.serviceAccountName":           read,
	"template.spec.tolerations":                  read,
	"template.spec.volumes":                      read,
	"container.name":                             read,
	"container.image":                            read,
	"container.command":                          read,
	"container.args":                             read,
	"container.env":                              read,
	"container.envFrom":                          read,
	"container.imagePullPolicy":                  read,
	"container.resources.limits":                 read,
	"container.resources.requests":               read,
	"container.securityContext":                  read,
	"container.volumeMounts":                     read,
}

// standard are the values, in JSON, that an API server writes where nothing is written. They
// change nothing on an engine, and every other value is refused.
var standard = map[string]string{
	"template.metadata":                           `{}`,
	"template.spec.securityContext":               `{}`,
	"container.resources":                         `{}`,
	"completionMode":                              `"NonIndexed"`,
	"completions":                                 `1`,
	"parallelism":                                 `1`,
	"podReplacementPolicy":                        `"TerminatingOrFailed"`,
	"template.spec.dnsPolicy":                     `"ClusterFirst"`,
	"template.spec.enableServiceLinks":            `true`,
	"template.spec.schedulerName":                 `"default-scheduler"`,
	"template.spec.terminationGracePeriodSeconds": `30`,
	"container.terminationMessagePath":            `"/dev/termination-log"`,
	"container.terminationMessagePolicy":          `"File"`,
}

// element is the path of an element of a list.
func element(list string) string {
	if list == "template.spec.initContainers" || list == "template.spec.containers" {
		return "container"
	}
	return list + "[]"
}

// translated is a container with the fields that are read, and no others.
func translated(c corev1.Container) corev1.Container {
	return corev1.Container{
		Name: c.Name, Image: c.Image, Command: c.Command, Args: c.Args, Env: c.Env, EnvFrom: c.EnvFrom, ImagePullPolicy: c.ImagePullPolicy,
		SecurityContext: c.SecurityContext, VolumeMounts: c.VolumeMounts,
		Resources: corev1.ResourceRequirements{Limits: c.Resources.Limits, Requests: c.Resources.Requests},
	}
}

// untranslated refuses the fields that no engine would get. It looks at what is written, so it
// also finds fields that are younger than this program.
func untranslated(doc *parse.Document) (diags diag.List) {
	at := doc.Root().Field("spec")
	var spec any
	_ = json.Unmarshal(doc.Raw(at.Path), &spec) // the parser has made this JSON
	refuse(spec, "", at, &diags)
	return diags
}

func refuse(value any, field string, at diag.At, diags *diag.List) {
	if value == nil || fates[field] != "" {
		return
	}
	full, _ := value.(map[string]any)
	items, _ := value.([]any)
	switch {
	case len(full) > 0:
		for _, key := range slices.Sorted(maps.Keys(full)) {
			below := key
			if field != "" {
				below = field + "." + key
			}
			refuse(full[key], below, at.Field(key), diags)
		}
	case len(items) > 0:
		for i, item := range items {
			refuse(item, element(field), at.Index(i), diags)
		}
	default:
		if text, _ := json.Marshal(value); string(text) != standard[field] {
			diags.Add(diag.JobField, at, "%s: %s is not translated, because Kratix never sets it; find out what did, such as a webhook, or leave the Job to Kubernetes", at.Path, text)
		}
	}
}
