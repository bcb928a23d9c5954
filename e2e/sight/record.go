// SPDX-License-Identifier: Apache-2.0

package sight

import (
	"encoding/json"
	"os"
	"strings"
)

// A Record is a golden case as plain Pods of a real cluster had it and saw it, for tests that have
// no cluster. TestGolden of the folder above writes it.
type Record struct {
	// Objects are the Secrets and ConfigMaps that the Pods referred to.
	Objects []map[string]any
	// Images are those that the case names, by the name.
	Images map[string]Image
	// Sights are what the containers saw, in their order, by Job.
	Sights map[string][]*Sight
}

// Image is the configuration of an image that has the probe.
type Image struct {
	Entrypoint, Cmd []string
	User            string
}

// Identity are the labels that tell jobs apart, in the order in which people say it.
var Identity = []string{
	"kratix.io/promise-name", "kratix.io/workflow-type", "kratix.io/workflow-action", "kratix.io/pipeline-name",
	"kratix.io/resource-name", "kratix.io/resource-namespace",
}

// Job names what a Pod does, be it an engine's or a plain one.
func Job(namespace string, labels map[string]string) string {
	words := []string{namespace + ":"}
	for _, label := range Identity {
		if word, ok := labels[label]; ok {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// ReadRecord reads what Text has made.
func ReadRecord(file string) (*Record, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	return r, json.Unmarshal(data, r)
}

// Text is the record as its file has it.
func (r *Record) Text() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", " ")
	return append(data, '\n'), err
}
