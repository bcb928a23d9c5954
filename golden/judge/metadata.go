// SPDX-License-Identifier: Apache-2.0

package judge

import (
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// metadata is stricter than the API server in one point: every name must also
// do as the value of a label, because engines put it there.
func metadata(o metav1.Object, namespaced bool) []error {
	return list(apivalidation.ValidateObjectMetaAccessor(o, namespaced, objectName, field.NewPath("metadata")))
}

func objectName(name string, _ bool) []string {
	faults := validation.IsDNS1123Subdomain(name)
	if len(name) > validation.LabelValueMaxLength {
		faults = append(faults, validation.MaxLenError(validation.LabelValueMaxLength))
	}
	return faults
}

// list makes one error of each finding. An aggregate would drop repetitions and
// hide how many there are.
func list(findings field.ErrorList) []error {
	var errs []error
	for _, f := range findings {
		errs = append(errs, f)
	}
	return errs
}

// faults are complaints about one value, as apimachinery words them.
func faults(at *field.Path, value any, complaints []string) field.ErrorList {
	var findings field.ErrorList
	for _, c := range complaints {
		findings = append(findings, field.Invalid(at, value, c))
	}
	return findings
}
