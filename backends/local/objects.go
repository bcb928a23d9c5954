// SPDX-License-Identifier: Apache-2.0

package local

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// Objects are Secrets and ConfigMaps. Of two with the same kind, namespace and name the later one
// counts, as with kubectl apply.
type Objects struct{ all map[objectName]entries }

// objectName has no namespace if the object was written without one.
type objectName struct{ kind, namespace, name string }

// entries are what an object holds, by key.
type entries map[string]value

// value is what a key has. No variable can have a value of binaryData.
type value struct {
	data   []byte
	binary bool
}

// MaskPrefix is how a text begins that is printed in place of a secret value.
const MaskPrefix = "masked:"

const (
	secretKind    = "Secret"
	configMapKind = "ConfigMap"
)

// ReadObjects reads the files of --objects. Objects of other kinds are left alone.
func ReadObjects(files []parse.File) (Objects, diag.List) {
	o := Objects{all: map[objectName]entries{}}
	var diags diag.List
	for _, f := range files {
		docs, found := parse.Documents(f)
		diags.Append(found)
		for _, doc := range docs {
			diags.Append(o.add(doc))
		}
	}
	return o, diags
}

// Masked returns the same objects with a text in place of every value of a Secret, for command lines
// that are printed and not run. The text says which value belongs there, as in masked:admin/password.
func (o Objects) Masked() Objects {
	masked := Objects{all: maps.Clone(o.all)}
	for object, held := range o.all {
		if object.kind != secretKind {
			continue
		}
		masked.all[object] = entries{}
		for key := range held {
			masked.all[object][key] = value{data: []byte(MaskPrefix + object.name + "/" + key)}
		}
	}
	return masked
}

func (o Objects) add(doc *parse.Document) (diags diag.List) {
	var meta metav1.ObjectMeta
	held := entries{}
	switch {
	case doc.APIVersion() == "v1" && doc.Kind() == secretKind:
		var s corev1.Secret
		diags = doc.DecodeLoose(nil, &s)
		meta = s.ObjectMeta
		for key, data := range s.Data {
			held[key] = value{data: data}
		}
		for key, text := range s.StringData {
			held[key] = value{data: []byte(text)}
		}
	case doc.APIVersion() == "v1" && doc.Kind() == configMapKind:
		var m corev1.ConfigMap
		diags = doc.DecodeLoose(nil, &m)
		meta = m.ObjectMeta
		for key, data := range m.BinaryData {
			held[key] = value{data: data, binary: true}
		}
		for key, text := range m.Data {
			held[key] = value{data: []byte(text)}
		}
	default:
		diags.Add(diag.OtherKind, doc.Root(), "%s of apiVersion %s is neither a Secret nor a ConfigMap; it is left alone", doc.Kind(), doc.APIVersion())
		return diags
	}
	if meta.Name == "" && !diags.HasErrors() {
		diags.Add(diag.BadName, doc.Root().Field("metadata", "name"), "the %s has no metadata.name; write one", doc.Kind())
	}
	o.all[objectName{doc.Kind(), meta.Namespace, meta.Name}] = held
	return diags
}

// find prefers the object that was written for the namespace.
func (o Objects) find(kind, namespace, name string) (entries, bool) {
	for _, ns := range []string{namespace, ""} {
		if held, found := o.all[objectName{kind, ns, name}]; found {
			return held, true
		}
	}
	return nil, false
}

// reference is how a Pipeline names a Secret or a ConfigMap.
type reference struct {
	kind, name string
	optional   bool
	at         diag.At
}

func refer(kind, name string, optional *bool, at diag.At) reference {
	return reference{kind: kind, name: name, optional: optional != nil && *optional, at: at}
}

// object looks up what a reference names. If it is not there, a finding says so.
func (c *compiler) object(r reference) (entries, bool) {
	held, found := c.opts.Objects.find(r.kind, c.Namespace, r.name)
	switch {
	case found:
	case r.optional:
		c.diags.Add(diag.OptionalMissing, r.at, "the %s %q is optional and not given; to have it, give it with --objects FILE", r.kind, r.name)
	default:
		c.diags.Add(diag.ObjectMissing, r.at, "the %s %q of namespace %q is not there; give it with --objects FILE", r.kind, r.name, c.Namespace)
	}
	return held, found
}

// keyMissing is the finding for an object that does not have the key.
func (c *compiler) keyMissing(r reference, key string) {
	if r.optional {
		c.diags.Add(diag.OptionalMissing, r.at, "the key %q of the %s %q is optional and not given", key, r.kind, r.name)
		return
	}
	c.diags.Add(diag.ObjectMissing, r.at, "the %s %q has no key %q; add it to the file given with --objects", r.kind, r.name, key)
}
