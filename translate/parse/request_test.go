// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequest(t *testing.T) {
	p, _ := readPromise(t, promiseYAML)
	const good = "apiVersion: marketplace.kratix.io/v1alpha1\nkind: postgresql\nmetadata: {name: db, namespace: team, labels: {a: b}, uid: u}\nspec: {size: large, count: 3}\n"
	for _, c := range []struct{ name, in, want string }{
		{"as it should be", good, ""},
		{"another version", strings.Replace(good, "v1alpha1", "v1", 1), `1:13 KC111 version "v1" of "postgresql" is not served; write one of v1alpha1, v1alpha2`},
		{"no name", strings.Replace(good, "name: db", "x: y", 1), "3:12 KC108 unknown field \"x\"\n3:1 KC202 the request has no metadata.name; write one"},
		{"labels of a wrong type", strings.Replace(good, "a: b", "a: 1", 1), `3:51 KC107 found the number 1, want a string; put it in quotes: "1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			require.Empty(t, diags)
			r, diags := Request(docs[0], p.API)
			assert.Equal(t, c.want, strings.TrimSpace(lines(diags)))
			assert.Equal(t, `{"count":3,"size":"large"}`, string(r.Spec))
			assert.Equal(t, map[string]any{"size": "large", "count": int64(3)}, r.Object["spec"])
			assert.Equal(t, "team", r.Meta.Namespace)
		})
	}
}

func TestOffers(t *testing.T) {
	p, _ := readPromise(t, promiseYAML)
	for in, want := range map[string]bool{
		"apiVersion: marketplace.kratix.io/v1alpha1\nkind: postgresql\n": true,
		"apiVersion: marketplace.kratix.io/v9\nkind: postgresql\n":       true,
		"apiVersion: bazaar.kratix.io/v1alpha1\nkind: postgresql\n":      false,
		"apiVersion: marketplace.kratix.io/v1alpha1\nkind: mysql\n":      false,
		"apiVersion: 1\nkind: [postgresql]\n":                            false,
	} {
		docs, diags := Documents(File{Name: "in.yaml", Data: []byte(in)})
		require.Empty(t, diags)
		assert.Equal(t, want, p.API.Offers(docs[0]), in)
		assert.False(t, (*API)(nil).Offers(docs[0]))
	}
}

// TestBadMetadata never takes a request for one that is whole.
func TestBadMetadata(t *testing.T) {
	p, _ := readPromise(t, promiseYAML)
	for _, c := range []struct{ metadata, want string }{
		{"db", `3:11 KC107 found the string "db", want a mapping`},
		{"[{name: db}]", `3:1 KC107 found a list, want a mapping; remove the "- "`},
		{"~", `3:11 KC202 the request has no metadata.name; write one`},
		{"{name: 12}", `3:18 KC107 found the number 12, want a string; put it in quotes: "12"`},
		{"{name: ~}", `3:18 KC202 the request has no metadata.name; write one`},
		{"{name: db, namespace: [a]}", `3:22 KC107 found a list, want a string`},
		{"{name: db, annotations: {a: true}}", `3:39 KC107 found the boolean true, want a string; put it in quotes: "true"`},
		{"{name: db, annotations: a}", `3:35 KC107 found the string "a", want a mapping`},
		{"{name: db, creationTimestamp: now}", `3:41 KC107 found the string "now", want a time such as "2006-01-02T15:04:05Z"`},
		{"{name: db, creationTimestamp: ~, generation: 1, managedFields: []}", ""},
	} {
		docs, diags := Documents(File{Name: "in.yaml", Data: []byte("apiVersion: marketplace.kratix.io/v1alpha1\nkind: postgresql\nmetadata: " + c.metadata + "\n")})
		require.Empty(t, diags)
		_, diags = Request(docs[0], p.API)
		assert.Equal(t, c.want, strings.TrimSpace(lines(diags)), c.metadata)
	}
}

// TestLargeNumbers are exact as far as the API server's are.
func TestLargeNumbers(t *testing.T) {
	p, _ := readPromise(t, promiseYAML)
	const numbers = `{"a": 9007199254740993, "b": -9223372036854775808, "c": 9223372036854775807}`
	for _, in := range []string{
		`{"apiVersion": "marketplace.kratix.io/v1alpha1", "kind": "postgresql", "metadata": {"name": "db"}, "spec": ` + numbers + `}`,
		"apiVersion: marketplace.kratix.io/v1alpha1\nkind: postgresql\nmetadata: {name: db}\nspec: " + numbers + "\n",
	} {
		docs, _ := Documents(File{Name: "in.yaml", Data: []byte(in)})
		require.Len(t, docs, 1)
		r, diags := Request(docs[0], p.API)
		require.Empty(t, diags)
		assert.Equal(t, strings.ReplaceAll(numbers, " ", ""), string(r.Spec))
		assert.Equal(t, map[string]any{"a": int64(9007199254740993), "b": int64(math.MinInt64), "c": int64(math.MaxInt64)}, r.Object["spec"])
	}
}
