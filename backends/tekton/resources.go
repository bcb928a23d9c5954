// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"maps"
	"slices"
	"strings"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// RequestsMode is what to do about the requests of the steps. They are containers of one Pod,
// so the scheduler adds up their requests, although one step runs at a time
// (tektoncd/pipeline#2986).
type RequestsMode string

const (
	// RequestsMax makes the Pod ask for the largest request of any step, as
	// Kratix's init containers do.
	RequestsMax RequestsMode = "max"
	// RequestsSum leaves the requests as they are.
	RequestsSum RequestsMode = "sum"
)

// shared are the resources that one step can leave to the next, because they belong to the Pod
// as a whole. Devices and huge pages belong to one container until the Pod ends.
var shared = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

// requests rewrites the requests of all steps. A harvest is the last of them.
func (p *pod) requests(steps []v1.Step) {
	kept, read := corev1.ResourceList{}, readFromVolumes(p.Volumes)
	for _, r := range shared {
		if p.options.Requests != RequestsSum && !read[r] {
			keepLargest(steps, r, kept)
		}
	}
	if len(kept) > 0 {
		p.Diags.Add(diag.RequestsZeroed, p.Places.Containers,
			"the Pod asks for %s, the most that one step needs; the other steps ask for 0, or Tekton's sum would be larger", list(kept))
	}
	if added := sums(steps, len(p.Steps)); len(added) > 0 {
		p.Diags.Add(diag.RequestsAdd, p.Places.Containers,
			"the Pod asks for %s, because Tekton runs all containers in it side by side; ask for less, or in one container only", list(added))
	}
}

// keepLargest leaves a resource to the first step that asks for most of it. The other steps get
// a zero, because a limit without a request counts as a request: of cpu 1, 2 and 2 stay 0, 2
// and 0. If that lowers the sum, kept has what is left.
func keepLargest(steps []v1.Step, r corev1.ResourceName, kept corev1.ResourceList) {
	var most resource.Quantity
	largest, asking := -1, 0
	for i, s := range steps {
		q, _ := request(s.ComputeResources, r)
		if q.Sign() > 0 {
			asking++
		}
		if q.Cmp(most) > 0 {
			largest, most = i, q
		}
	}
	if asking == 0 {
		return
	}
	for i := range steps {
		req := &steps[i].ComputeResources
		if req.Requests == nil {
			req.Requests = corev1.ResourceList{}
		}
		req.Requests[r] = *resource.NewQuantity(0, resource.DecimalSI)
		if i == largest {
			req.Requests[r] = most
		}
	}
	if asking > 1 {
		kept[r] = most
	}
}

// request is what the scheduler sees: the request, or else the limit.
func request(r corev1.ResourceRequirements, name corev1.ResourceName) (resource.Quantity, bool) {
	q, ok := r.Requests[name]
	if !ok {
		q, ok = r.Limits[name]
	}
	return q, ok
}

// sums are the resources that more than one of the user's steps, which come first, asks for.
func sums(steps []v1.Step, users int) corev1.ResourceList {
	total, asking := corev1.ResourceList{}, map[corev1.ResourceName]int{}
	for i, s := range steps {
		all := maps.Clone(s.ComputeResources.Limits)
		if all == nil {
			all = corev1.ResourceList{}
		}
		maps.Copy(all, s.ComputeResources.Requests)
		for r, q := range all {
			sum := total[r]
			sum.Add(q)
			total[r] = sum
			if q.Sign() > 0 && i < users {
				asking[r]++
			}
		}
	}
	maps.DeleteFunc(total, func(r corev1.ResourceName, _ resource.Quantity) bool { return asking[r] < 2 })
	return total
}

func list(resources corev1.ResourceList) string {
	var out []string
	for _, r := range slices.Sorted(maps.Keys(resources)) {
		q := resources[r]
		out = append(out, string(r)+" "+q.String())
	}
	return strings.Join(out, ", ")
}
