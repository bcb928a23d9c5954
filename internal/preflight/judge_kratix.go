// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Running says how one sees that Kratix is alive: its Deployment wants replicas or still has
// some, or one of them holds the Lease. It is empty if Kratix is not alive. A Kratix without
// --leader-elect and outside the cluster is not seen.
func Running(d *appsv1.Deployment, l *coordinationv1.Lease, now time.Time) string {
	switch {
	case d != nil && (d.Spec.Replicas == nil || *d.Spec.Replicas > 0):
		return "its Deployment " + d.Name + " asks for replicas"
	case d != nil && d.Status.Replicas > 0:
		return fmt.Sprintf("%d replicas of its Deployment %s have yet to end", d.Status.Replicas, d.Name)
	case held(l, now):
		return "the Lease " + l.Name + " is held by " + *l.Spec.HolderIdentity
	}
	return ""
}

func held(l *coordinationv1.Lease, now time.Time) bool {
	if l == nil || l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.RenewTime == nil || l.Spec.LeaseDurationSeconds == nil {
		return false
	}
	return now.Before(l.Spec.RenewTime.Add(time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second))
}

func running(f Facts) []Finding {
	sign := Running(f.Deployment, f.Lease, f.Now)
	if sign == "" {
		return nil
	}
	return []Finding{{
		Effect: Blocks, Kind: "Deployment", Namespace: f.SystemNamespace, Name: deploymentName,
		Message: "Kratix runs: " + sign + ". If the runner runs at the same time, every Pipeline runs twice",
		Do:      fmt.Sprintf("kubectl -n %s scale deployment %s --replicas=0", f.SystemNamespace, deploymentName),
	}}
}

func installedByHelm(f Facts) []Finding {
	if f.Deployment == nil || f.Deployment.Annotations["meta.helm.sh/release-name"] == "" {
		return nil
	}
	release, namespace := f.Deployment.Annotations["meta.helm.sh/release-name"], f.Deployment.Annotations["meta.helm.sh/release-namespace"]
	return []Finding{{
		Effect: Loses, Kind: "Deployment", Namespace: f.SystemNamespace, Name: deploymentName,
		Message: fmt.Sprintf("it is of the Helm release %s/%s: helm uninstall would delete the namespace %s, with the Works of Promises in it, "+
			"and the Destinations and State Stores of additionalResources", namespace, release, f.SystemNamespace),
		Do: "do not uninstall the release; docs/moving-from-kratix.md says how to take it away",
	}}
}

// webhooks finds those that fail as soon as Kratix is stopped.
func webhooks(f Facts) []Finding {
	var found []Finding
	add := func(kind, name string, theirs bool) {
		if theirs {
			found = append(found, Finding{
				Effect: Blocks, Kind: kind, Name: name,
				Message: "it asks Kratix. Once Kratix is stopped, nobody can write Promises, Destinations or releases",
				Do:      "stop Kratix, and then: kubectl delete " + strings.ToLower(kind) + " " + name,
			})
		}
	}
	for _, w := range f.Validating {
		add("ValidatingWebhookConfiguration", w.Name, slices.ContainsFunc(w.Webhooks, func(h admissionv1.ValidatingWebhook) bool { return asksKratix(h.ClientConfig, h.Rules) }))
	}
	for _, w := range f.Mutating {
		add("MutatingWebhookConfiguration", w.Name, slices.ContainsFunc(w.Webhooks, func(h admissionv1.MutatingWebhook) bool { return asksKratix(h.ClientConfig, h.Rules) }))
	}
	return found
}

func asksKratix(c admissionv1.WebhookClientConfig, rules []admissionv1.RuleWithOperations) bool {
	return c.Service != nil && c.Service.Name == serviceName &&
		slices.ContainsFunc(rules, func(r admissionv1.RuleWithOperations) bool { return slices.Contains(r.APIGroups, v1alpha1.Group) })
}

// withFinalizers finds what can never be deleted once Kratix is gone.
func withFinalizers(f Facts) []Finding {
	var found []Finding
	for _, kind := range kindsOfKratix {
		count, example := 0, ""
		for i := range f.Kratix[kind] {
			o := &f.Kratix[kind][i]
			if slices.ContainsFunc(o.GetFinalizers(), func(name string) bool { return strings.HasPrefix(name, "kratix.io/") }) {
				count, example = count+1, strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
			}
		}
		if count > 0 {
			found = append(found, Finding{
				Effect: Blocks, Kind: kind,
				Message: fmt.Sprintf("%s with a finalizer that only Kratix takes off, as %s. Without Kratix, deleting one, its namespace or its CRD never ends", counted(count), example),
				Do:      "stop Kratix, and take the finalizers off: docs/moving-from-kratix.md has the commands",
			})
		}
	}
	return found
}

// unused tells of kinds that nothing reads any more.
func unused(f Facts) []Finding {
	var found []Finding
	for _, kind := range kindsOfKratix {
		if n := len(f.Kratix[kind]); n > 0 {
			found = append(found, Finding{Effect: Changes, Kind: kind, Message: counted(n) + "; the runner does not read this kind", Do: "keep them until you are sure that you do not go back"})
		}
	}
	return found
}

func counted(n int) string {
	if n == 1 {
		return "there is 1"
	}
	return fmt.Sprintf("there are %d", n)
}

// owned finds Promises that are deleted together with an object that nobody needs any more: by
// the garbage collector, which goes by the owner, or by Kratix, which goes by the label.
func owned(f Facts) []Finding {
	var found []Finding
	for i := range f.Promises {
		p := &f.Promises[i]
		finding := Finding{Effect: Loses, Kind: p.GetKind(), Name: p.GetName(), Do: "stop Kratix, and then: " + patchOff(p)}
		release, n := p.GetLabels()[labelRelease], len(f.Requests[p.GetName()])
		owners := p.GetOwnerReferences()
		switch at := slices.IndexFunc(owners, ofKratix); {
		case at >= 0:
			finding.Message = fmt.Sprintf("it is owned by %s %s. When that or its CRD is deleted, the garbage collector deletes this Promise, "+
				"its requests (%d) and all their files", owners[at].Kind, owners[at].Name, n)
		case release != "":
			finding.Message = fmt.Sprintf("its label says that it is of PromiseRelease %s. When that is deleted while Kratix runs, Kratix deletes this Promise, "+
				"its requests (%d) and all their files", release, n)
		default:
			continue
		}
		found = append(found, finding)
	}
	return found
}

// patchOff is the command that takes off the owner and the label, and nothing else. It fails if
// somebody else has changed the list of owners in the meantime.
func patchOff(p *unstructured.Unstructured) string {
	var steps []string
	if at := slices.IndexFunc(p.GetOwnerReferences(), ofKratix); at >= 0 {
		steps = append(steps,
			fmt.Sprintf(`{"op":"test","path":"/metadata/ownerReferences/%d/uid","value":"%s"}`, at, p.GetOwnerReferences()[at].UID),
			fmt.Sprintf(`{"op":"remove","path":"/metadata/ownerReferences/%d"}`, at))
	}
	if p.GetLabels()[labelRelease] != "" {
		steps = append(steps, `{"op":"remove","path":"/metadata/labels/`+strings.ReplaceAll(labelRelease, "/", "~1")+`"}`)
	}
	return "kubectl patch promise " + p.GetName() + " --type=json -p '[" + strings.Join(steps, ",") + "]'"
}

func ofKratix(owner metav1.OwnerReference) bool {
	group, _, _ := strings.Cut(owner.APIVersion, "/")
	return group == v1alpha1.Group && slices.Contains(kindsOfKratix, owner.Kind)
}
