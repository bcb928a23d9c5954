// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
)

// A variable looks like a secret if its name has one of the secretWords, as in DB_PASSWORD. It
// does not if the last word says that the value only leads to a secret, as in PASSWORD_FILE.
var (
	secretWords = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "APIKEY", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY"}
	leadsThere  = []string{
		"FILE", "PATH", "DIR", "NAME", "NAMESPACE", "REF", "URL", "URI", "HOST", "ENDPOINT", "ID", "TYPE", "KIND",
		"CLASS", "STORE", "PROVIDER", "ISSUER", "AUDIENCE", "LENGTH", "TTL", "EXPIRY", "ENABLED",
	}
)

// typeName matches values that no secret has: a type of Pulumi (aws:rds/instance:Instance), a
// name of Kubernetes with its domain (kubernetes.io/tls) or its version (v1/Secret), or a
// switch (true).
var typeName = regexp.MustCompile(`^([a-z][\w.-]*:[\w./-]*:[A-Za-z]\w*|[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w.-]+)+|v\d+\w*/[A-Z]\w*|Opaque|true|false)$`)

// warnSecrets warns of secrets that are written out. Argo puts the whole template into the
// environment of every init container, so each of them can read the values of all others.
func (p *pod) warnSecrets() {
	for _, step := range p.Steps {
		for _, e := range step.Env {
			at, written := step.EnvAt[e.Name]
			if written && secretName(e.Name) && literal(e.Value) {
				p.Diags.Add(diag.LiteralSecret, at.Field("value"),
					"the value of %s can be read by every container of the Pipeline in ARGO_TEMPLATE; take it from a Secret with valueFrom.secretKeyRef", e.Name)
			}
		}
	}
}

func secretName(name string) bool {
	name = strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name))
	last := name[strings.LastIndexByte(name, '_')+1:]
	has := func(word string) bool { return strings.Contains(name, word) }
	return slices.ContainsFunc(secretWords, has) && !slices.Contains(leadsThere, last)
}

// literal tells whether a value is there, refers to no variable, and is no name of a type.
func literal(value string) bool {
	refers := func(t kubelet.Token) bool { return t.Kind == kubelet.Reference }
	return value != "" && !typeName.MatchString(value) && !slices.ContainsFunc(kubelet.Tokens(value), refers)
}
