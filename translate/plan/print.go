// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Text prints a plan for people. It leaves out the input and the access, which are in the
// manifests.
func Text(w Workflow) ([]byte, error) {
	text, err := yaml.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("bug: print plan of %s: %w", w.Promise, err)
	}
	return text, nil
}

// MarshalJSON writes the kind as the command line spells it.
func (w Workflow) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Workflow string `json:"workflow"`
		Promise  string `json:"promise"`
		Name     string `json:"name"`
		Runs     []Run  `json:"runs,omitempty"`
	}{w.Kind.String(), w.Promise, w.Name, w.Runs})
}

// MarshalJSON writes the timeout as people do.
func (r Run) MarshalJSON() ([]byte, error) {
	type fields Run
	return json.Marshal(struct {
		fields
		Timeout string `json:"timeout"`
	}{fields(r), r.Timeout.String()})
}
