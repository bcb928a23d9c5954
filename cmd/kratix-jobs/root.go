// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/jobs/admission"
	"github.com/kratix-compile/kratix-compile/internal/release"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/internal/serving"
)

// settings are what the flags say.
type settings struct {
	kubeconfig string
	namespace  string
	engine     string
	enabled    []string
	backends   backends.Options
	limits     slots.Limits
	workers    int
	accounts   []string

	pages          serving.Pages
	webhookAddress string
	webhookConfig  string
	secret         string
	names          []string

	elect bool
	level string
}

const (
	// program is also the name of the Lease, and of the Service.
	program = "kratix-jobs"
	// system is where Kratix is, unless somebody has chosen another namespace.
	system = "kratix-platform-system"
)

func newRoot() *cobra.Command {
	s := &settings{backends: backends.Defaults()}
	cmd := &cobra.Command{
		Use:   program,
		Short: "Run the Jobs of an installed Kratix on Tekton or Argo",
		Long: `Run the Jobs of an installed Kratix on Tekton or Argo.

Kratix stays, and owns everything else. When it creates a Job, this program writes
into spec.managedBy which engine runs it, submits what kratix-compile prints for the
Job, and keeps the Job's status. It needs Kubernetes 1.32.`,
		Example: `  kratix-jobs --engine tekton
  kratix-jobs --engine none --engines argo
  kratix-jobs drain`,
		Version:       release.Version(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			return run(cmd.Context(), s)
		},
	}
	s.bind(cmd.Flags())
	cmd.AddCommand(newDrain())
	return cmd
}

func (s *settings) bind(set *pflag.FlagSet) {
	set.SortFlags = false
	s.engine = backends.Names()[0]
	choices := append(backends.Names(), admission.None)
	set.Var(flags.NewChoice(&s.engine, choices), "engine", "`ENGINE` of Promises and namespaces without an annotation: "+flags.List(choices)+"; none leaves their Jobs to Kubernetes")
	set.StringSliceVar(&s.enabled, "engines", backends.Names(), "`ENGINES` that this program has rights on")
	set.StringVar(&s.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "`FILE` of the cluster; in a Pod none is needed")
	set.StringVar(&s.namespace, "system-namespace", system, "`NAMESPACE` of this program")
	set.StringSliceVar(&s.accounts, "kratix-accounts", []string{"system:serviceaccount:" + system + ":kratix-platform-controller-manager"}, "`USERS` that Kratix may be; Jobs of others are left alone")
	flags.Engines(set, &s.backends)
	set.IntVar(&s.limits.Total, "max-runs", 200, "`NUMBER` of active runs at most; 0 for no limit")
	set.IntVar(&s.limits.PerNamespace, "max-runs-per-namespace", 50, "`NUMBER` of active runs in one namespace at most; 0 for no limit")
	set.IntVar(&s.workers, "workers", 8, "`NUMBER` of Jobs that are reconciled at once")
	set.StringVar(&s.pages.Metrics, "metrics-address", ":8080", "`ADDRESS` of Prometheus metrics; 0 for none")
	set.StringVar(&s.pages.Health, "health-address", ":8081", "`ADDRESS` of /healthz and /readyz; 0 for none")
	set.StringVar(&s.pages.Pprof, "pprof-address", "0", "`ADDRESS` of Go's profiles, for who looks for a slow spot; 0 for none")
	set.StringVar(&s.webhookAddress, "webhook-address", ":9443", "`ADDRESS` at which the API server asks about new Jobs; 0 for none, if a policy takes them")
	set.StringVar(&s.webhookConfig, "webhook-configuration", program, "`NAME` of the MutatingWebhookConfiguration that gets the certificate's CA")
	set.StringVar(&s.secret, "certificate-secret", "kratix-jobs-certificate", "`SECRET` in the system namespace for the certificate, made if it is missing")
	set.StringSliceVar(&s.names, "certificate-names", nil, "`NAMES` of this program's service; by default kratix-jobs in the system namespace")
	set.BoolVar(&s.elect, "leader-elect", true, "let one of several replicas lead; all of them answer the API server")
	set.Var(flags.NewChoice(&s.level, levels), "log-level", "`LEVEL`: "+flags.List(levels))
}

var levels = []string{"info", "debug", "error"}

// check finds words that are no engines, a default that this program has no rights on, and a policy
// that would take no Job.
func (s *settings) check() error {
	for _, name := range s.enabled {
		if !slices.Contains(backends.Names(), name) {
			return fmt.Errorf("--engines: %q is no engine; choose from %s", name, flags.List(backends.Names()))
		}
	}
	if s.webhookAddress == "0" && !s.elect {
		return errors.New("--webhook-address=0 needs --leader-elect: a policy asks the Lease whether anybody runs Jobs")
	}
	if s.engine != admission.None && !slices.Contains(s.enabled, s.engine) {
		return fmt.Errorf("--engine=%s is not in --engines=%s; add it, or choose another with --engine", s.engine, strings.Join(s.enabled, ","))
	}
	return nil
}
