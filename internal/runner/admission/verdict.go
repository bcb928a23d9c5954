// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// verdict collects what is to be said about an object.
type verdict struct {
	kind, name string
	// promise is nil for other kinds.
	promise  *unstructured.Unstructured
	faults   []metav1.StatusCause
	warnings []string
}

func (v *verdict) faulty() bool { return len(v.faults) > 0 }

func (v *verdict) fault(path, format string, args ...any) {
	v.faults = append(v.faults, metav1.StatusCause{
		Type: metav1.CauseTypeFieldValueInvalid, Field: path, Message: fmt.Sprintf(format, args...),
	})
}

func (v *verdict) warn(format string, args ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, args...))
}

// findings takes over the compiler's. Those about the sample are left out: requests come later.
func (v *verdict) findings(findings diag.List) {
	for _, d := range findings {
		switch {
		case d.Code == diag.SampleInvalid:
		case d.Severity == diag.Error:
			v.fault(d.Path, "%s [%s]", d.Message, d.Code)
		case d.Severity == diag.Warning && d.Path == "":
			v.warn("%s [%s]", d.Message, d.Code)
		case d.Severity == diag.Warning:
			v.warn("%s: %s [%s]", d.Path, d.Message, d.Code)
		}
	}
}

// response has all faults in its message, and one by one for kubectl, which lists them
// with their fields.
func (v *verdict) response() admission.Response {
	if !v.faulty() {
		return admission.Allowed("").WithWarnings(v.warnings...)
	}
	var told []string
	for _, f := range v.faults {
		told = append(told, strings.TrimPrefix(f.Field+": "+f.Message, ": "))
	}
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Warnings: v.warnings,
		Result: &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
			Message: strings.Join(told, "; "),
			Details: &metav1.StatusDetails{
				Group: v1alpha1.Group, Kind: v.kind, Name: v.name, Causes: v.faults,
			},
		},
	}}
}
