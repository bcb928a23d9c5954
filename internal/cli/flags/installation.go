// SPDX-License-Identifier: Apache-2.0

package flags

import (
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Installation binds the options of an installation. If both programs get the same values,
// kratix-compile prints what kratix-runner submits.
func Installation(set *pflag.FlagSet, p *plan.Options, engine *backends.Options) {
	set.SortFlags = false
	set.Var(Checked{&p.SystemNamespace, NamespaceName}, "system-namespace", "`NAMESPACE` of promise workflows")
	set.Var(NewChoice(&p.UserToken, plan.TokenModes), "user-token", "`WHICH` Pipelines see their service account's token: always, or declared (those with rbac)")
	set.Var(Limit{&p.Timeout}, "timeout", "`DURATION` of one attempt of a Pipeline at most; 0 for no limit")
	set.Var(Checked{&p.Harvest.Image, ImageName}, "harvest-image", "`IMAGE` of the last container, which delivers the results")
	set.Var(Checked{&p.Harvest.Endpoint, HTTPSURL}, "harvest-endpoint", "`URL` that the last container delivers to")
	set.Var(Checked{&p.Harvest.PullSecret, SecretName}, "harvest-pull-secret", "`SECRET` to pull the harvest image with")
	Engines(set, engine)
}

// Engines adds the flags for what an installation may choose for the engines.
func Engines(set *pflag.FlagSet, engine *backends.Options) {
	for _, e := range backends.Engines() {
		for _, o := range e.Compiler.Options() {
			if value := engine.Values[o.Name]; o.Choices != nil {
				set.Var(NewChoice(value, o.Choices), o.Name, o.Usage)
			} else {
				set.Var(Checked{value, o.Check}, o.Name, o.Usage)
			}
		}
	}
}
