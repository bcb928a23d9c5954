// SPDX-License-Identifier: Apache-2.0

// Package record keeps bundles in Kubernetes until they are consumed. A bundle is a
// ConfigMap, the head, in the runner's own namespace. A bundle that is too large for one
// object is cut into chunks, which are more ConfigMaps, and the head is created last: from
// then on the bundle is stored. A crash before that leaves chunks without a head, which
// Sweep deletes.
package record

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/names"
)

var (
	// ErrConflict is another bundle for the same run than the stored one.
	ErrConflict = errors.New("another bundle is stored for this run")
	// ErrNotFound is a run without a record.
	ErrNotFound = errors.New("no bundle is stored for this run")
	// ErrDamaged is a record that does not hold the bytes it names. Somebody has
	// changed the runner's namespace by hand.
	ErrDamaged = errors.New("the stored bundle is damaged; run the Pipeline again")
)

// Key is the run that left the bundle: its engine object's namespace and name.
type Key struct{ Namespace, Run string }

func (k Key) String() string { return k.Namespace + "/" + k.Run }

// Name is of the head ConfigMap.
func (k Key) Name() string { return "harvest-" + names.Hash(32, k.Namespace, k.Run) }

// Origin is where a bundle came from. RunUID and Labels say whose it is; the Pod is for people.
type Origin struct {
	// Pod is in the namespace of the run. RunUID is that of the engine's object.
	Pod            string
	PodUID, RunUID types.UID
	// Labels are those of the run that say whose it is; the head has them, too, so that the
	// harvests of an object can be found.
	Labels map[string]string
}

// Record is a stored bundle.
type Record struct {
	Key
	Origin
	// Digest is the SHA-256 of the bundle in hexadecimal digits, Size its bytes.
	Digest string
	Size   int64
	// Stored is when, to the second.
	Stored time.Time

	uid    types.UID // of the head
	upload string
	chunks int // 0 for a bundle that is in the head
}

// Labels and annotations of heads and chunks.
const (
	// Label is on every head. Its value is Waiting until the harvest is consumed, and Kept
	// if a Work needs its files after that. A watch for it sees heads and no chunks.
	Label   = "kratix-compile.io/harvest"
	Waiting = "waiting"
	Kept    = "kept"

	labelChunk  = "kratix-compile.io/harvest-chunk"  // value: the head's name
	labelUpload = "kratix-compile.io/harvest-upload" // value: of one Put, on its head and chunks

	annotation          = "kratix-compile.io/harvest-"
	annotationNamespace = annotation + "namespace"
	annotationRun       = annotation + "run"
	annotationPod       = annotation + "pod"
	annotationPodUID    = annotation + "pod-uid"
	annotationRunUID    = annotation + "run-uid"
	annotationDigest    = annotation + "sha256"
	annotationSize      = annotation + "bytes"
	annotationChunks    = annotation + "chunks"
)

// contentKey holds a gzip stream, or a piece of one.
const contentKey = "bundle.tar.gz"

func (r Record) annotations() map[string]string {
	return map[string]string{
		annotationNamespace: r.Namespace, annotationRun: r.Run, annotationPod: r.Pod, annotationPodUID: string(r.PodUID), annotationRunUID: string(r.RunUID),
		annotationDigest: r.Digest, annotationSize: strconv.FormatInt(r.Size, 10), annotationChunks: strconv.Itoa(r.chunks),
	}
}

// Of reads the record of a head. The metadata is enough: a controller can watch heads as
// PartialObjectMetadata by Label, and its cache never holds a bundle.
func Of(head metav1.Object) (Record, error) {
	a := head.GetAnnotations()
	r := Record{
		Key:    Key{Namespace: a[annotationNamespace], Run: a[annotationRun]},
		Origin: Origin{Pod: a[annotationPod], PodUID: types.UID(a[annotationPodUID]), RunUID: types.UID(a[annotationRunUID]), Labels: ofKratix(head.GetLabels())},
		Digest: a[annotationDigest], Stored: head.GetCreationTimestamp().Time,
		uid: head.GetUID(), upload: head.GetLabels()[labelUpload],
	}
	var err, err2 error
	r.Size, err = strconv.ParseInt(a[annotationSize], 10, 64)
	r.chunks, err2 = strconv.Atoi(a[annotationChunks])
	if err := errors.Join(err, err2); err != nil || r.Name() != head.GetName() {
		return Record{}, fmt.Errorf("ConfigMap %s: %w: its annotations are not of a harvest", head.GetName(), ErrDamaged)
	}
	return r, nil
}

// ofRun are the labels that a head has from its run. A tenant can give a run any others, and so many
// that no head could be stored with them.
var ofRun = []string{
	v1alpha1.LabelPromise, v1alpha1.LabelResource, v1alpha1.LabelResourceNamespace,
	v1alpha1.LabelWorkflowType, v1alpha1.LabelWorkflowAction, v1alpha1.LabelPipeline,
}

func ofKratix(labels map[string]string) map[string]string {
	found := map[string]string{}
	for _, key := range ofRun {
		if value, there := labels[key]; there {
			found[key] = value
		}
	}
	return found
}
