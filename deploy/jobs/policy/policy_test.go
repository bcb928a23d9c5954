// SPDX-License-Identifier: Apache-2.0

// Package policy_test asks the API server's own code what the policy makes of a Job.
package policy_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/cel"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi/openapitest"
)

const kratix = "system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager"

// request is a Job that somebody creates, in a namespace and beside a Lease.
type request struct {
	user      string
	job       *batchv1.Job
	namespace map[string]string // its annotations
	lease     *coordinationv1.Lease
}

func TestPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*request)
		want   string
	}{
		"a Job of Kratix":             {func(*request) {}, "kratix-compile.io/tekton"},
		"another user":                {func(r *request) { r.user = "mallory" }, ""},
		"no Job of a workflow":        {func(r *request) { r.job.Labels = map[string]string{"app": "backup"} }, ""},
		"it has a manager":            {func(r *request) { r.job.Spec.ManagedBy = new("example.org/queue") }, "example.org/queue"},
		"the namespace chooses":       {engine("argo"), "kratix-compile.io/argo"},
		"the namespace chooses none":  {engine("none"), ""},
		"the namespace is mistaken":   {engine("airflow"), ""},
		"the namespace says nothing":  {engine(""), "kratix-compile.io/tekton"},
		"nobody has led yet":          {func(r *request) { r.lease = nil }, ""},
		"the leader has gone":         {func(r *request) { r.lease.Spec.HolderIdentity = new("") }, ""},
		"the leader has been killed":  {renewed(-16 * time.Second), ""},
		"the leader renews it now":    {renewed(-14 * time.Second), "kratix-compile.io/tekton"},
		"the Lease was never renewed": {func(r *request) { r.lease.Spec.RenewTime = nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &request{
				user: kratix,
				job: &batchv1.Job{
					TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
					ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one", Labels: map[string]string{"kratix.io/workflow-action": "configure"}},
				},
				lease: &coordinationv1.Lease{
					ObjectMeta: metav1.ObjectMeta{Namespace: "kratix-platform-system", Name: "kratix-jobs"},
					Spec:       coordinationv1.LeaseSpec{HolderIdentity: new("a"), LeaseDurationSeconds: new(int32(15))},
				},
			}
			renewed(0)(r)
			test.change(r)
			got := admitted(t, r).Spec.ManagedBy
			if test.want == "" {
				assert.Nil(t, got)
			} else if assert.NotNil(t, got) {
				assert.Equal(t, test.want, *got)
			}
		})
	}
}

func engine(name string) func(*request) {
	return func(r *request) { r.namespace = map[string]string{"kratix-compile.io/engine": name} }
}

func renewed(ago time.Duration) func(*request) {
	return func(r *request) { r.lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Now().Add(ago)} }
}

// admitted is the Job after the API server has asked the policy. It must refuse nothing.
func admitted(t *testing.T, r *request) *batchv1.Job {
	t.Helper()
	objects := append(policy(t), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Annotations: r.namespace}})
	if r.lease != nil {
		objects = append(objects, r.lease)
	}
	plugin := start(t, objects)

	// As in apiserver/pkg/endpoints/handlers/create.go: managedFields come first.
	gvk := batchv1.SchemeGroupVersion.WithKind("Job")
	fields, err := managedfields.NewDefaultFieldManager(managedfields.NewDeducedTypeConverter(), scheme.Scheme, scheme.Scheme, scheme.Scheme, gvk, gvk.GroupVersion(), "", nil)
	require.NoError(t, err)
	job := fields.UpdateNoErrors(&batchv1.Job{TypeMeta: r.job.TypeMeta}, r.job, "kratix").(*batchv1.Job)
	require.Len(t, job.ManagedFields, 1)
	attributes := admission.NewAttributesRecord(job, nil, gvk, job.Namespace, job.Name, gvk.GroupVersion().WithResource("jobs"), "",
		admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: r.user})
	require.Eventually(t, func() bool {
		err = plugin.Admit(t.Context(), attributes, admission.NewObjectInterfacesFromScheme(scheme.Scheme))
		return !apierrors.IsServiceUnavailable(err) // until it has read the schemas
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, err)
	return job
}

// withSchemas is an API server that has the schemas of its kinds.
type withSchemas struct{ *kubefake.Clientset }

func (w withSchemas) Discovery() discovery.DiscoveryInterface {
	return schemas{w.Clientset.Discovery()}
}

type schemas struct{ discovery.DiscoveryInterface }

func (schemas) OpenAPIV3() openapi.Client { return openapitest.NewEmbeddedFileClient() }

// start starts the plugin of the API server beside these objects.
func start(t *testing.T, objects []runtime.Object) *mutating.Plugin {
	t.Helper()
	api := withSchemas{kubefake.NewClientset(objects...)}
	plugin, err := mutating.NewPlugin(nil)
	require.NoError(t, err)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(coordinationv1.SchemeGroupVersion.WithKind("Lease"), meta.RESTScopeNamespace)
	factory := informers.NewSharedInformerFactory(api, 0)
	plugin.SetEnabled(true)
	plugin.SetExternalKubeClientSet(api)
	plugin.SetExternalKubeInformerFactory(factory)
	plugin.SetDynamicClient(fake.NewSimpleDynamicClient(scheme.Scheme))
	plugin.SetRESTMapper(mapper)
	plugin.SetAuthorizer(authorizerfactory.NewAlwaysAllowAuthorizer())
	plugin.SetDrainedNotification(t.Context().Done())
	require.NoError(t, plugin.ValidateInitialization())
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	require.True(t, plugin.WaitForReady())
	return plugin
}

// policy has the policy and its binding; a field that Kubernetes does not know fails.
func policy(t *testing.T) (objects []runtime.Object) {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	data, err := os.ReadFile("policy.yaml")
	require.NoError(t, err)
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		object, _, err := decoder.Decode(document, nil, nil)
		require.NoError(t, err)
		if p, ok := object.(*admissionregistrationv1.MutatingAdmissionPolicy); ok {
			assert.Equal(t, admissionregistrationv1.Ignore, *p.Spec.FailurePolicy, "a mistake leaves the Job to Kubernetes")
			for _, v := range p.Spec.Variables { // validation, which is before the plugin
				escaped, _ := cel.Escape(v.Name)
				assert.Equal(t, v.Name, escaped, "no identifier of CEL")
			}
			p.Spec.FailurePolicy = new(admissionregistrationv1.Fail)            // here it is to be seen
			p.Spec.MatchConstraints.NamespaceSelector = &metav1.LabelSelector{} // defaults of the API server
			p.Spec.MatchConstraints.MatchPolicy = new(admissionregistrationv1.Equivalent)
		}
		objects = append(objects, object)
	}
	return objects
}
