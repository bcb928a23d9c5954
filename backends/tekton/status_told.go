// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// told is what the condition says went wrong or holds the TaskRun up.
func (r taskRun) told() *state.Failure {
	c := r.succeeded()
	if reason, known := platform[c.Reason]; known {
		return state.Platform(reason, c.Message)
	}
	if held := c.held(); held != "" {
		return state.Platform(state.Postponed, held)
	}
	if c.Status != "False" || c.Reason == "TaskRunTimeout" {
		return nil
	}
	switch {
	case c.Reason == "PodCreationFailed" || c.Reason == "PodAdmissionFailed":
		return r.notCreated(c.Message)
	case invalid[c.Reason]:
		return &state.Failure{Fault: state.FaultPolicy, Reason: state.InvalidSpec, Message: c.Message}
	default:
		return state.Platform(state.EngineError, c.Message)
	}
}

// platform are the reasons that Tekton has for what a cluster lacks, before the end and at it.
var platform = map[string]state.Reason{
	"ExceededResourceQuota": state.QuotaExceeded,
	"ExceededNodeResources": state.Unschedulable,
	"PodEvicted":            state.Evicted,
	"PullImageFailed":       state.ImagePullBackOff,
}

// held is why Tekton itself does not begin, in Tekton's words where these say enough.
func (c condition) held() string {
	switch c.Reason {
	case "TaskRunPending":
		return "the TaskRun is pending; it goes on when spec.status is removed"
	case "ResolvingTaskRef", "ResolvingStepActionRef":
		return c.Message
	case "Pending": // with a Pod it is the course of things
		if strings.HasPrefix(c.Message, "tried to create pod, but") {
			return c.Message
		}
	}
	return ""
}

// invalid are the reasons for which Tekton does not even try.
var invalid = map[string]bool{
	"TaskRunValidationFailed":             true,
	"TaskValidationFailed":                true,
	"TaskRunResolutionFailed":             true,
	"InvalidParamValue":                   true,
	"ResourceVerificationFailed":          true,
	"TaskRunResultLargerThanAllowedLimit": true,
}

// notCreated is a Pod that Tekton could not make. It may be that Tekton asked the registry
// about a step without a command; it does not say which step that was.
func (r taskRun) notCreated(message string) *state.Failure {
	f := state.NotCreated(message)
	if f.Reason != state.EngineError || !strings.Contains(message, "translating TaskSpec to Pod") {
		return f
	}
	names := state.UserNames(r.Metadata.Annotations)
	for _, step := range r.Spec.TaskSpec.Steps {
		switch {
		case len(step.Command) > 0:
		case f.Step == "":
			f.Reason, f.Step, f.Container = state.ImagePullBackOff, names.Of(step.Name), stepPrefix+step.Name
		default: // it may be any of several
			f.Step, f.Container = "", ""
			return f
		}
	}
	return f
}

// hindrance is what the steps waited for when Tekton gave up and deleted the Pod.
func (r taskRun) hindrance() state.Reason {
	switch r.succeeded().Reason {
	case "TaskRunImagePullFailed":
		return state.ImagePullBackOff
	case "CreateContainerConfigError":
		return state.CreateContainerConfigError
	case "PodCreationFailed":
		return state.CreateContainerError
	default:
		return ""
	}
}

// stuck is the message in which Tekton names the step and repeats what the kubelet said. There
// is no other record of that.
var stuck = regexp.MustCompile(`(?s)^the step "([^"]+)" in TaskRun .* The pod errored with the message: "(.*)\."$`)

// named is the step that the condition blames, and the kubelet's message.
func (r taskRun) named() (step, message string) {
	if found := stuck.FindStringSubmatch(r.succeeded().Message); found != nil {
		return found[1], found[2]
	}
	return "", ""
}
