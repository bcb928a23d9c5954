// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A fate is what becomes of a run in a namespace with a LimitRange.
type fate struct {
	asks    string // what the Pod asks for, as the scheduler sees it
	refused string // or why there is none
}

// limited is a Pipeline with Kratix's default resources: every container asks for 100m and
// 128Mi and is limited to 200m and 256Mi. The engine's own containers have neither.
const limited = `
jobOptions: {backoffLimit: 0}
containers:
  - {name: first, image: IMAGE, command: [probe]}
  - {name: second, image: IMAGE, command: [probe]}
`

const (
	aboveLimit = "must be less than or equal to cpu limit of 200m"
	ratio      = "cpu max limit to request ratio per Container is 2"
	tooLarge   = "maximum cpu usage per Container is 150m"
	podTooBig  = "maximum cpu usage per Pod is 500m, but limit is 600m"
)

// limitRanges are what an administrator may write. Tekton's zeros become the third of a
// default request, or of what Kubernetes takes for one: the default limit or else the maximum.
var limitRanges = map[string]struct {
	item corev1.LimitRangeItem
	want map[string]fate // on tekton, tekton-sum and argo, and of a plain Pod if it is refused
}{
	"none": {
		want: map[string]fate{"tekton": {asks: "100m 128Mi"}, "tekton-sum": {asks: "300m 384Mi"}, "argo": {asks: "100m 128Mi"}},
	},
	"minimum": {
		item: corev1.LimitRangeItem{Type: "Container", Min: limits("50m", "64Mi")},
		want: map[string]fate{"tekton": {asks: "200m 256Mi"}, "tekton-sum": {asks: "300m 384Mi"}, "argo": {asks: "150m 192Mi"}},
	},
	"defaults": {
		item: corev1.LimitRangeItem{Type: "Container", Default: limits("500m", "512Mi"), DefaultRequest: limits("60m", "90Mi")},
		want: map[string]fate{"tekton": {asks: "140m 188Mi"}, "tekton-sum": {asks: "300m 384Mi"}, "argo": {asks: "160m 218Mi"}},
	},
	"large default": {
		item: corev1.LimitRangeItem{Type: "Container", Default: limits("750m", "900Mi")},
		want: map[string]fate{"tekton": {refused: aboveLimit}, "tekton-sum": {asks: "750m 900Mi"}, "argo": {asks: "850m 1028Mi"}},
	},
	"maximum": {
		item: corev1.LimitRangeItem{Type: "Container", Max: limits("750m", "900Mi")},
		want: map[string]fate{"tekton": {refused: aboveLimit}, "tekton-sum": {asks: "750m 900Mi"}, "argo": {asks: "850m 1028Mi"}},
	},
	"small maximum": {
		item: corev1.LimitRangeItem{Type: "Container", Max: limits("150m", "200Mi")},
		want: map[string]fate{"plain": {refused: tooLarge}, "tekton": {refused: tooLarge}, "tekton-sum": {refused: tooLarge}, "argo": {refused: tooLarge}},
	},
	"ratio": {
		item: corev1.LimitRangeItem{
			Type: "Container", Default: limits("200m", "256Mi"), DefaultRequest: limits("100m", "128Mi"), MaxLimitRequestRatio: limits("2", "2"),
		},
		want: map[string]fate{"tekton": {refused: ratio}, "tekton-sum": {asks: "300m 384Mi"}, "argo": {asks: "200m 256Mi"}},
	},
	"maximum of a Pod": { // Tekton's limits add up, whatever the requests
		item: corev1.LimitRangeItem{Type: "Pod", Max: limits("500m", "600Mi")},
		want: map[string]fate{"tekton": {refused: podTooBig}, "tekton-sum": {refused: podTooBig}, "argo": {asks: "100m 128Mi"}},
	},
}

// TestLimitRange demands that a run succeeds where the Pod that Kratix makes would be
// taken, but for what is written above.
func TestLimitRange(t *testing.T) {
	for name, test := range limitRanges {
		for _, on := range []string{"plain", "tekton", "tekton-sum", "argo"} {
			t.Run(name+"/"+on, func(t *testing.T) {
				t.Parallel()
				options := map[string]string{}
				if on == "tekton-sum" {
					options["tekton-requests"] = "sum"
				}
				c := newCase(t, "limits", onePipeline(limited), options)
				if test.item.Type != "" {
					limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "limits"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{test.item}}}
					_, err := shared.Typed.CoreV1().LimitRanges(c.namespace).Create(t.Context(), limits, metav1.CreateOptions{})
					require.NoError(t, err)
				}
				switch on {
				case "plain":
					test.want[on].checkPlain(t, c)
				case "argo":
					test.want[on].check(t, c, engines[1])
				default:
					test.want[on].check(t, c, engines[0])
				}
			})
		}
	}
}

func (want fate) check(t *testing.T, c *testCase, e engine) {
	t.Helper()
	run := e.run(t, c.compile(t, e.name))[0]
	pods := e.pods(t, run)
	if _, succeeded := e.end(run); want.refused != "" {
		assert.False(t, succeeded)
		assert.Contains(t, describe(run), want.refused)
		assert.Empty(t, pods)
	} else if assert.True(t, succeeded, "%s", describe(run)) {
		assert.Equal(t, want.asks, asks(&pods[0]))
	}
}

// checkPlain asks the API server, which is who decides.
func (want fate) checkPlain(t *testing.T, c *testCase) {
	t.Helper()
	pod := c.plainPods(t)[0]
	pod.Spec.ServiceAccountName = "default" // the case's is not needed for a trial
	_, err := shared.Typed.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if want.refused != "" {
		assert.ErrorContains(t, err, want.refused)
	} else {
		assert.NoError(t, err)
	}
}

// asks is the larger of any init container's requests and of the sum of the others'.
func asks(pod *corev1.Pod) string {
	var cpu, memory resource.Quantity
	for _, container := range pod.Spec.Containers {
		cpu.Add(*container.Resources.Requests.Cpu())
		memory.Add(*container.Resources.Requests.Memory())
	}
	for _, container := range pod.Spec.InitContainers {
		cpu = larger(cpu, *container.Resources.Requests.Cpu())
		memory = larger(memory, *container.Resources.Requests.Memory())
	}
	return cpu.String() + " " + memory.String()
}

func larger(a, b resource.Quantity) resource.Quantity {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

func limits(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}
