// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Values of a Pod that no container engine knows.
const (
	standInNode    = "local"
	standInAddress = "127.0.0.1"
)

// standInLimits are what a container without a limit reads in place of the size of its node.
var standInLimits = map[string]resource.Quantity{
	"cpu": resource.MustParse("1"), "memory": resource.MustParse("1Gi"), "ephemeral-storage": resource.MustParse("1Gi"),
}

// subscript matches a field such as metadata.labels['team'].
var subscript = regexp.MustCompile(`^(metadata\.(?:labels|annotations))\['(.*)'\]$`)

// podField is what a fieldRef shows. The name of the Pod is that of the run.
func (c *compiler) podField(ref corev1.ObjectFieldSelector, at diag.At) string {
	if ref.APIVersion != "" {
		c.diags.Add(diag.ClusterOnly, at.Field("apiVersion"), "the field is the same in every apiVersion of a Pod")
	}
	field, key := ref.FieldPath, ""
	if parts := subscript.FindStringSubmatch(field); parts != nil {
		field, key = parts[1], parts[2]
	}
	var values map[string]string
	switch field {
	case "metadata.name":
		return c.Name
	case "metadata.namespace":
		return c.Namespace
	case "spec.serviceAccountName":
		return c.ServiceAccount
	case "metadata.labels":
		values = c.Labels
	case "metadata.annotations":
		values = c.PodAnnotations
	default:
		return c.standIn(ref.FieldPath, at)
	}
	if key != "" {
		return values[key]
	}
	return lines(values)
}

// standIn is a value for a field that only a real Pod has.
func (c *compiler) standIn(field string, at diag.At) string {
	value := standInAddress
	switch field {
	case "spec.nodeName":
		value = standInNode
	case "metadata.uid":
		h := names.Hash(32, c.Name)
		value = strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
	}
	c.diags.Add(diag.StandIn, at.Field("fieldPath"), "there is no Pod whose %s could be read; the container gets %s", field, value)
	return value
}

// lines are labels or annotations as the kubelet writes them into a file.
func lines(values map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out = append(out, fmt.Sprintf("%s=%q", key, values[key]))
	}
	return strings.Join(out, "\n")
}

// podResource is what a resourceFieldRef shows: the quantity in units of the divisor, rounded up.
// With a divisor of 1, 1500m of cpu are 2; with 1m they are 1500.
func (c *compiler) podResource(ref corev1.ResourceFieldSelector, own string, at diag.At) string {
	if ref.ContainerName != "" {
		own = ref.ContainerName
	}
	i := slices.IndexFunc(c.Steps, func(s plan.Step) bool { return s.Name == own })
	if i < 0 {
		c.diags.Add(diag.ObjectMissing, at.Field("containerName"), "there is no container %q in the Pipeline", own)
		return ""
	}
	q := c.quantity(c.Steps[i].Resources, ref.Resource, at.Field("resource"))
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	have, unit := q.Value(), divisor.Value()
	if strings.HasSuffix(ref.Resource, ".cpu") {
		have, unit = q.MilliValue(), divisor.MilliValue()
	}
	return strconv.FormatInt(int64(math.Ceil(float64(have)/float64(unit))), 10)
}

// quantity is a request or a limit. A container that has a limit and no request asks for the limit;
// one that has no limit may use the whole node.
func (c *compiler) quantity(r corev1.ResourceRequirements, field string, at diag.At) resource.Quantity {
	kind, name, _ := strings.Cut(field, ".")
	limit := r.Limits[corev1.ResourceName(name)]
	if kind == "requests" {
		if request, set := r.Requests[corev1.ResourceName(name)]; set {
			return request
		}
		return limit
	}
	if node, shared := standInLimits[name]; shared && limit.IsZero() {
		c.diags.Add(diag.StandIn, at, "the container has no limit of %s, so on a cluster it reads what its node has; here it reads %s", name, node.String())
		return node
	}
	return limit
}
