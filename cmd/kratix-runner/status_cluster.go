// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

// clusterFlags are kubectl's.
type clusterFlags struct {
	kubeconfig string
	overrides  clientcmd.ConfigOverrides
}

// shown are the flags of kubectl that are in the help; the others work, too.
var shown = map[string]bool{"namespace": true, "context": true, "as": true, "request-timeout": true}

func (f *clusterFlags) bind(set *pflag.FlagSet) {
	all := pflag.NewFlagSet("cluster", pflag.ContinueOnError)
	clientcmd.BindOverrideFlags(&f.overrides, all, clientcmd.RecommendedConfigOverrideFlags(""))
	all.VisitAll(func(flag *pflag.Flag) { flag.Hidden = !shown[flag.Name] })
	for name, usage := range map[string]string{
		"namespace": "`NAMESPACE` of the object, or of the requests to list; without it all are listed",
		"context":   "`CONTEXT` of the kubeconfig", "as": "`USER` to impersonate",
		"request-timeout": "`DURATION` of a request to the API server at most",
	} {
		all.Lookup(name).Usage = usage
	}
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "`FILE` of the cluster; by default those of KUBECONFIG, or ~/.kube/config")
	set.AddFlagSet(all)
}

// clusterClient is a connection with the rights of the person who asks.
type clusterClient struct {
	client    client.WithWatch
	config    *rest.Config
	namespace string
	// chosenNamespace is that of --namespace, empty without it.
	chosenNamespace string
	// flags of this connection, for other commands.
	flags []string
}

func (f *clusterFlags) connect() (*clusterClient, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &f.overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, err
	}
	config.WarningHandler = rest.NoWarnings{}
	config.QPS, config.Burst = 50, 100
	c, err := client.NewWithWatch(config, client.Options{})
	if err != nil {
		return nil, err
	}
	out := &clusterClient{client: c, config: config, namespace: namespace, chosenNamespace: f.overrides.Context.Namespace}
	if f.kubeconfig != "" {
		out.flags = append(out.flags, "--kubeconfig "+f.kubeconfig)
	}
	if f.overrides.CurrentContext != "" {
		out.flags = append(out.flags, "--context "+f.overrides.CurrentContext)
	}
	return out, nil
}

// subject is what KIND NAME or KIND/NAME means in this cluster.
func (c *clusterClient) subject(args []string) (status.Subject, error) {
	kind, name, both := strings.Cut(args[0], "/")
	switch {
	case both && len(args) == 1 && name != "":
	case !both && len(args) == 2:
		name = args[1]
	case !both:
		return status.Subject{}, misuse("say which %s, as in: kratix-runner status %s NAME", kind, kind)
	default:
		return status.Subject{}, misuse("say one object, as KIND NAME or KIND/NAME")
	}
	d, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return status.Subject{}, err
	}
	groups, err := restmapper.GetAPIGroupResources(d)
	if err != nil {
		return status.Subject{}, console.Exit{Code: console.Usage, Message: err.Error()}
	}
	mapper := restmapper.NewShortcutExpander(restmapper.NewDiscoveryRESTMapper(groups), d, func(string) {})
	mapping, err := lookUp(mapper, groups, kind)
	if err != nil {
		return status.Subject{}, console.Exit{Code: console.Usage, Message: "the cluster knows no " + kind + "; it is promise, work, or what a Promise offers: see kubectl get promises"}
	}
	s := status.Subject{Kind: mapping.GroupVersionKind, Name: name, Resource: mapping.Resource.Resource}
	if s.Kind.Group != v1alpha1.Group {
		s.Resource += "." + s.Kind.Group
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		s.Namespace = c.namespace
	}
	return s, nil
}

// lookUp takes every spelling that kubectl takes: website, Websites, websites.v1.example.org,
// and a kind that is called otherwise than its resource.
func lookUp(mapper meta.RESTMapper, groups []*restmapper.APIGroupResources, word string) (*meta.RESTMapping, error) {
	full, short := schema.ParseResourceArg(strings.ToLower(word))
	if full != nil {
		if kind, err := mapper.KindFor(*full); err == nil {
			return mapper.RESTMapping(kind.GroupKind(), kind.Version)
		}
	}
	kind, err := mapper.KindFor(short.WithVersion(""))
	if err == nil {
		return mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	for _, g := range groups {
		for version, resources := range g.VersionedResources {
			if i := slices.IndexFunc(resources, func(r metav1.APIResource) bool { return strings.EqualFold(r.Kind, word) }); i >= 0 {
				return mapper.RESTMapping(schema.GroupKind{Group: g.Group.Name, Kind: resources[i].Kind}, version)
			}
		}
	}
	return nil, err
}

// explain says what to do if the object itself cannot be read.
func (c *clusterClient) explain(s status.Subject, err error) error {
	switch {
	case apierrors.IsNotFound(err) && s.Namespace != "":
		return console.Exit{Code: console.Usage, Message: s.Kind.Kind + " " + s.Name + " is not in namespace " + s.Namespace + "; choose another one with -n"}
	case apierrors.IsNotFound(err):
		return console.Exit{Code: console.Usage, Message: "there is no " + s.Kind.Kind + " " + s.Name}
	case apierrors.IsForbidden(err):
		return console.Exit{Code: console.Usage, Message: err.Error() + "; docs/status.md has the rights that it takes"}
	}
	if errors.Is(err, status.ErrNotOffered) {
		err = fmt.Errorf("%w; if something else was meant, write its kind with its group, as in websites.example.org", err)
	}
	return console.Exit{Code: console.Usage, Message: err.Error()}
}

// completeWithin is how long a shell waits for the API server.
const completeWithin = 3 * time.Second

// complete offers kinds, and then names.
func (f *statusFlags) complete(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	f.cluster.overrides.Timeout = completeWithin.String()
	c, err := f.cluster.connect()
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	kind, _, both := strings.Cut(begun, "/")
	switch {
	case len(args) == 1:
		return c.names(args[0], ""), cobra.ShellCompDirectiveNoFileComp
	case both:
		return c.names(kind, kind+"/"), cobra.ShellCompDirectiveNoFileComp
	}
	return c.kinds(), cobra.ShellCompDirectiveNoFileComp
}

func (c *clusterClient) kinds() []string {
	found := []string{"promise", "work"}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PromiseList"))
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	_ = c.client.List(ctx, list) // what may not be read is not offered
	for _, p := range list.Items {
		if name, _, _ := unstructured.NestedString(p.Object, "spec", "api", "metadata", "name"); name != "" {
			singular, _, _ := unstructured.NestedString(p.Object, "spec", "api", "spec", "names", "singular")
			found = append(found, cmp.Or(singular, name))
		}
	}
	return found
}

func (c *clusterClient) names(kind, prefix string) []string {
	s, err := c.subject([]string{kind, "any"})
	if err != nil {
		return nil
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(s.Kind.GroupVersion().WithKind(s.Kind.Kind + "List"))
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	_ = c.client.List(ctx, list, client.InNamespace(s.Namespace)) // what may not be read is not offered
	var found []string
	for _, o := range list.Items {
		found = append(found, prefix+o.Name)
	}
	return found
}
