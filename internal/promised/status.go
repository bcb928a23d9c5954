package promised

import (
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// columns are for APIs whose author chose none.
var columns = []apiextensionsv1.CustomResourceColumnDefinition{
	{Name: "message", Type: "string", JSONPath: ".status.message"},
	{Name: "status", Type: "string", JSONPath: `.status.conditions[?(@.type=="Reconciled")].message`},
	{Name: "age", Type: "date", JSONPath: ".metadata.creationTimestamp"},
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
		"conditions": list(open(object(map[string]apiextensionsv1.JSONSchemaProps{
			"type": text(), "status": text(), "reason": text(), "message": text(), "lastTransitionTime": text(),
		}))),
		"kratix": object(map[string]apiextensionsv1.JSONSchemaProps{
			"workflows": open(object(map[string]apiextensionsv1.JSONSchemaProps{
				"lastSuccessfulConfigureWorkflowTime": text(),
				"suspendedGeneration":                 number(),
				"pipelines": list(open(object(map[string]apiextensionsv1.JSONSchemaProps{
					"name": text(), "phase": text(), "message": text(), "nextRetryAt": text(),
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
