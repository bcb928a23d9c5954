// SPDX-License-Identifier: Apache-2.0

package promised

import (
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// columns are for APIs whose author chose none: Kratix's, and then what a request waits for.
var columns = []apiextensionsv1.CustomResourceColumnDefinition{
	{Name: "message", Type: "string", JSONPath: ".status.message"},
	{Name: "status", Type: "string", JSONPath: `.status.conditions[?(@.type=="Reconciled")].message`},
	reason, cause, works, available,
	{Name: "age", Type: "date", JSONPath: ".metadata.creationTimestamp"},
}

var (
	reason = apiextensionsv1.CustomResourceColumnDefinition{
		Name: "reason", Type: "string", JSONPath: `.status.conditions[?(@.type=="Reconciled")].reason`,
		Description: "How far the request is, in a word",
	}
	// cause is the message of the one Pipeline that has a message: those that have succeeded, and
	// those whose turn has not come, have none.
	cause = apiextensionsv1.CustomResourceColumnDefinition{
		Name: "cause", Type: "string", JSONPath: ".status.kratix.workflows.pipelines[?(@.message)].message",
		Description: "What its Pipeline waits for or why it failed",
	}
	works = apiextensionsv1.CustomResourceColumnDefinition{
		Name: "works", Type: "string", JSONPath: `.status.conditions[?(@.type=="WorksSucceeded")].message`, Priority: wide,
		Description: "Whether its files are written",
	}
	// available is there only if a request has had to wait for its Promise.
	available = apiextensionsv1.CustomResourceColumnDefinition{
		Name: "promise", Type: "string", JSONPath: `.status.conditions[?(@.type=="PromiseAvailable")].message`, Priority: wide,
		Description: "Whether its Promise takes requests",
	}
)

// wide is the priority of columns that only kubectl get -o wide shows.
const wide = 1

// withColumns leaves the author's columns as they are: ours come after them, and only
// where there is room.
func withColumns(author []apiextensionsv1.CustomResourceColumnDefinition) []apiextensionsv1.CustomResourceColumnDefinition {
	if len(author) == 0 {
		return slices.Clone(columns)
	}
	all := slices.Clone(author)
	for _, ours := range []apiextensionsv1.CustomResourceColumnDefinition{reason, cause, works, available} {
		if slices.ContainsFunc(author, func(c apiextensionsv1.CustomResourceColumnDefinition) bool {
			return strings.EqualFold(c.Name, ours.Name)
		}) {
			continue
		}
		ours.Priority = wide
		all = append(all, ours)
	}
	return all
}

// withStatus adds Kratix's fields to the author's, which stay unless they have the name of
// one of Kratix's. Pipelines may write any other field, so that unknown ones are kept; and
// none is required, since the runner writes before the first of them does.
func withStatus(author apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	author.Type, author.Required, author.AdditionalProperties = "object", nil, nil
	author.XPreserveUnknownFields = new(true)
	author.Properties = maps.Clone(author.Properties)
	if author.Properties == nil {
		author.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	maps.Copy(author.Properties, statusFields())
	return author
}

// statusFields are what the runner writes (docs/kratix-contract.md 6.7).
func statusFields() map[string]apiextensionsv1.JSONSchemaProps {
	return map[string]apiextensionsv1.JSONSchemaProps{
		"message":                             text(),
		"observedGeneration":                  number(),
		"workflows":                           number(),
		"workflowsSucceeded":                  number(),
		"workflowsFailed":                     number(),
		"lastSuccessfulConfigureWorkflowTime": text(),
		"promiseVersion":                      text(),
		"resourceBindingVersion":              text(),
		"conditions": list(open(object(map[string]apiextensionsv1.JSONSchemaProps{
			"type": text(), "status": text(), "reason": text(), "message": text(), "lastTransitionTime": text(),
		}))),
		"kratix": object(map[string]apiextensionsv1.JSONSchemaProps{
			"workflows": open(object(map[string]apiextensionsv1.JSONSchemaProps{
				"lastSuccessfulConfigureWorkflowTime": text(),
				"suspendedGeneration":                 number(),
				"pipelines": list(open(object(map[string]apiextensionsv1.JSONSchemaProps{
					"name": text(), "phase": text(), "reason": text(), "message": text(), "nextRetryAt": text(),
					"attempts": number(), "lastTransitionTime": text(),
				}))),
			})),
		}),
	}
}

func text() apiextensionsv1.JSONSchemaProps { return apiextensionsv1.JSONSchemaProps{Type: "string"} }

func number() apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "integer", Format: "int64"}
}

func object(properties map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}
}

// open keeps what a newer version may write.
func open(schema apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	schema.XPreserveUnknownFields = new(true)
	return schema
}

func list(items apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &items}}
}
