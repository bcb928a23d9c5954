// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

func pipelines(names ...string) []parse.Pipeline {
	var out []parse.Pipeline
	for _, name := range names {
		var p parse.Pipeline
		p.Pipeline.Name = name
		out = append(out, p)
	}
	return out
}

func TestPipelines(t *testing.T) {
	p := &parse.PromiseDoc{Lists: parse.Lists{
		PromiseConfigure: pipelines("a"), PromiseDelete: pipelines("b", "c"),
		ResourceConfigure: pipelines("d", "e"), ResourceDelete: pipelines("f", "g"),
	}}
	for kind, want := range map[Kind][]string{
		{Promise, Configure}: {"a"}, {Promise, Delete}: {"b"}, {Resource, Configure}: {"d", "e"}, {Resource, Delete}: {"f"},
	} {
		var have []string
		for _, pl := range kind.Pipelines(p, "") {
			have = append(have, pl.Pipeline.Name)
		}
		assert.Equal(t, want, have, kind)
	}
	configure := Kind{Resource, Configure}
	assert.Equal(t, pipelines("e"), configure.Pipelines(p, "e"))
	assert.Empty(t, Kind{Resource, Delete}.Pipelines(p, "g"), "it does not run")
	assert.Len(t, Kind{Resource, Delete}.Listed(p), 2)
}

func TestNames(t *testing.T) {
	var spelled []string
	for _, k := range Kinds {
		spelled = append(spelled, k.String())
	}
	assert.Equal(t, []string{"promise-configure", "resource-configure", "resource-delete", "promise-delete"}, spelled)
	assert.Equal(t, "redis-resource-delete-farewell", ID("redis", Kind{Resource, Delete}, "farewell"))
}
