// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestSecretNames(t *testing.T) {
	for name, want := range map[string]bool{
		"DB_PASSWORD": true, "password": true, "GITHUB_TOKEN": true, "my-api-key": true, "AWS_SECRET_ACCESS_KEY": true,
		"TLS_PRIVATE_KEY": true, "CLIENT_SECRET": true, "PGPASSWORD": true,
		"TOKEN_URL": false, "SECRET_NAME": false, "PASSWORD_FILE": false, "TOKEN_KIND": false, "PASSWORD_LENGTH": false, "SECRET_STORE": false, "AWS_ACCESS_KEY_ID": false,
		"GREETING": false, "KEY": false, "MONKEY": false,
	} {
		assert.Equal(t, want, secretName(name), name)
	}
}

func TestLiteralSecrets(t *testing.T) {
	for value, warned := range map[string]bool{
		"hunter2": true, "": false, "$(OTHER)": false, "$$(OTHER)": true,
		"pkg:index:Kiosk": false, "aws:rds/instance:Instance": false, "kubernetes.io/tls": false, "v1/Secret": false, "Opaque": false, "true": false,
		"user:pass": true, "abc/def": true, "eyJhbGciOi.eyJzdWIi.SflKxwRJ": true, "a:b:c d": true,
	} {
		_, diags := compilePod(t, func(r *plan.Run) {
			s := &r.Steps[0]
			s.Env[1].Name, s.Env[1].Value = "PASSWORD", value
			s.EnvAt["PASSWORD"] = s.At.Field("env").Index(0)
		})
		var want []string
		if warned {
			want = []string{"KC420 pipelines.build.spec.containers[0].env[0].value"}
		}
		assert.Equal(t, want, findings(diags, diag.LiteralSecret), "%q", value)
	}
}
