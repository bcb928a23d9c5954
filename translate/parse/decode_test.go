// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// expectation is what a line of YAML says about itself:
//
//	imge: x #! 3 KC106 unknown field "imge"; did you mean "image"?
var expectation = regexp.MustCompile(`#! (\d+) (KC\d+) (.*)`)

// TestDecode reads specs of Pipelines. Their lines say which findings are expected, by column,
// code and words. There may be no others.
func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"types in a Pipeline", `containers:
- name: 12 #! 9 KC107 found the number 12, want a string; put it in quotes: "12"
  image: a
  args: foo #! 9 KC107 found the string "foo", want a list; write ["foo"]
  command: [sh, 1, -1.50, on] #! 17 KC107 found the number 1, want a string; put it in quotes: "1" #! 20 KC107 found the number -1.50, want a string; put it in quotes: "-1.50" #! 27 KC107 found the boolean on, want a string; put it in quotes: "on"
  env:
  - {name: A, value: 8080} #! 22 KC107 found the number 8080, want a string; put it in quotes: "8080"
  - {name: B, value: true} #! 22 KC107 found the boolean true, want a string; put it in quotes: "true"
  - {name: C, value: [x]} #! 15 KC107 found a list, want a string
  - D=x #! 5 KC107 found the string "D=x", want a mapping
  resources: #! 3 KC107 found a list, want a mapping; remove the "- "
  - limits: {}
  volumeMounts: #! 3 KC107 found a mapping, want a list; put "- " before its first key
    name: x
- #
  image: ~
jobOptions:
  backoffLimit: "3" #! 17 KC107 found the string "3", want a whole number; remove the quotes
rbac: none #! 7 KC107 found the string "none", want a mapping
`},
		{"numbers", `jobOptions: {backoffLimit: 1.5} #! 28 KC107 found the number 1.5, want a whole number
tolerations:
- tolerationSeconds: 1e3
- tolerationSeconds: 99999999999999999999 #! 22 KC107 found the number 99999999999999999999, want a whole number
volumes:
- name: a
  secret: {secretName: b, defaultMode: 0644, optional: "true"} #! 56 KC107 found the string "true", want true or false; remove the quotes
`},
		{"types with words of their own", `containers:
- name: a
  image: b
  resources:
    limits: {cpu: 100 m, memory: 1Gi} #! 19 KC107 found the string "100 m", want a quantity such as 0.5, 100m, 128Mi or 1Gi
    requests:
      cpu: 1
      memory: true #! 15 KC107 found the boolean true, want a quantity such as 0.5, 100m, 128Mi or 1Gi
volumes:
- name: c
  emptyDir: {sizeLimit: big} #! 25 KC107 found the string "big", want a quantity such as 0.5, 100m, 128Mi or 1Gi
`},
		{"unknown fields in a Pipeline", `contaners: [] #! 1 KC106 unknown field "contaners"; did you mean "containers"?
priority: 1 #! 1 KC106 unknown field "priority"; the fields are containers, imagePullSecrets, jobOptions, nodeSelector, rbac, restartPolicy, tolerations, volumes
containers:
- name: a
  imge: b #! 3 KC106 unknown field "imge"; did you mean "image"?
  Image: c #! 3 KC118 the field is called "image"; Kratix ignores the case here, and other tools do not
  img: d #! 3 KC106 unknown field "img"; did you mean "image"?
  evn: [] #! 3 KC106 unknown field "evn"; did you mean "env"?
  securityContext: {runAsRoot: true} #! 21 KC106 unknown field "runAsRoot"
  env: [{name: A, valueFrom: {secretKeyRef: {name: b, keys: c}}}] #! 55 KC106 unknown field "keys"; did you mean "key"?
rbac:
  permissions:
  - {verbs: [get], apiGroup: [""]} #! 20 KC106 unknown field "apiGroup"; did you mean "apiGroups"?
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			require.Empty(t, diags)
			var spec v1alpha1.PipelineSpec
			diags = docs[0].Decode(nil, &spec)
			assert.Equal(t, expected(c.in), lines(diags.Sorted()))
		})
	}
}

func TestPromiseFindings(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"around the Pipelines", `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata:
  name: a
  lables: {} #! 3 KC108 unknown field "lables"; did you mean "labels"?
status: {x: y, workflows: many}
spc: {} #! 1 KC108 unknown field "spc"; did you mean "spec"?
spec:
  workflow: {} #! 3 KC108 unknown field "workflow"; did you mean "workflows"?
  healthChecks: [] #! 3 KC108 unknown field "healthChecks"; the fields are api, dependencies, destinationSelectors, requiredPromises, workflows
  requiredPromises: redis #! 21 KC107 found the string "redis", want a list; write ["redis"]
  destinationSelectors:
  - matchLabels: {env: 1} #! 24 KC107 found the number 1, want a string; put it in quotes: "1"
  workflows:
    config:
      reconciliationInterval: 10 #! 31 KC107 found the number 10, want a duration such as "10m" or "1h30m"
    promise:
      configure: {} #! 7 KC107 found a mapping, want a list; put "- " before its first key
      delete:
      - ~ #! 9 KC201 found nothing in a list of Pipelines; write a Pipeline or remove the entry
      - deploy #! 9 KC201 found the string "deploy" in a list of Pipelines; write a Pipeline or remove the entry
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			require.Empty(t, diags)
			p, diags := Promise(docs[0])
			assert.NotNil(t, p)
			assert.Equal(t, expected(c.in), lines(diags.Sorted()))
		})
	}
}

// expected collects the expectations in the form of lines.
func expected(in string) string {
	var l diag.List
	for i, line := range strings.Split(in, "\n") {
		_, marks, found := strings.Cut(line, "#! ")
		if !found {
			continue
		}
		for mark := range strings.SplitSeq(marks, " #! ") {
			m := expectation.FindStringSubmatch("#! " + mark)
			col := 0
			for _, digit := range m[1] {
				col = col*10 + int(digit-'0')
			}
			l.AddPos(diag.Code(m[2]), diag.Pos{File: "in.yaml", Line: i + 1, Col: col}, "%s", m[3])
		}
	}
	return lines(l.Sorted())
}
