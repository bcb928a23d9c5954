// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kase is a golden case as this judge sees it.
type kase struct {
	runs   []run
	images map[string]image
	// requestsAdd is the option --tekton-requests=sum.
	requestsAdd bool
	// taskRuns and configMaps are by namespace/name.
	taskRuns   map[string]*v1.TaskRun
	configMaps map[string]bool
	// cluster is what Tekton reads before it makes a Pod.
	cluster []runtime.Object
}

// workflow and run are a document of plan.yaml. They name all of its fields, so
// that one which is added is not left without a judge.
type workflow struct {
	Name     string `json:"name"`
	Promise  string `json:"promise"`
	Workflow string `json:"workflow"`
	Runs     []run  `json:"runs"`
}

type run struct {
	ID             string                        `json:"id"`
	Pipeline       string                        `json:"pipeline"`
	Name           string                        `json:"name"`
	Namespace      string                        `json:"namespace"`
	Labels         map[string]string             `json:"labels"`
	Annotations    map[string]string             `json:"annotations"`
	PodAnnotations map[string]string             `json:"podAnnotations"`
	Owner          *metav1.OwnerReference        `json:"owner"`
	ServiceAccount string                        `json:"serviceAccount"`
	UserToken      bool                          `json:"userToken"`
	PullSecrets    []corev1.LocalObjectReference `json:"pullSecrets"`
	NodeSelector   map[string]string             `json:"nodeSelector"`
	Tolerations    []corev1.Toleration           `json:"tolerations"`
	Workspaces     []struct {
		Name      string `json:"name"`
		Path      string `json:"path"`
		ConfigMap string `json:"configMap"`
	} `json:"workspaces"`
	Volumes []corev1.Volume    `json:"volumes"`
	Steps   []corev1.Container `json:"steps"`
	Harvest struct {
		corev1.Container `json:",inline"`
		Volume           corev1.Volume `json:"volume"`
	} `json:"harvest"`
	Retries int             `json:"retries"`
	Timeout metav1.Duration `json:"timeout"`
}

// harvests is false for a Job of Kratix, which has no harvest, and whose account exists before.
func (r run) harvests() bool { return r.Harvest.Name != "" }

// image is an entry of images.yaml.
type image struct {
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
}

// read returns problems for manifests that an API server would refuse, and an
// error for everything else that cannot be read.
func read(file string) (kase, []string, error) {
	c := kase{taskRuns: map[string]*v1.TaskRun{}, configMaps: map[string]bool{}}
	var problems []string
	manifests, err := documents(file)
	for _, doc := range manifests {
		if err := c.add(doc); err != nil {
			problems = append(problems, err.Error())
		}
	}
	beside := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	plan, planErr := documents(beside("plan.yaml"))
	err = errors.Join(err, planErr)
	for _, doc := range plan {
		var w workflow
		err = errors.Join(err, decode(doc, &w))
		c.runs = append(c.runs, w.Runs...)
	}
	for _, r := range c.runs {
		if !r.harvests() {
			c.cluster = append(c.cluster, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: r.ServiceAccount}})
		}
	}
	if data := optional(beside("images.yaml"), &err); data != nil {
		err = errors.Join(err, decode(data, &c.images))
	}
	c.requestsAdd = bytes.Contains(optional(beside("in.yaml"), &err), []byte("\n# tekton-requests: sum\n"))
	return c, problems, err
}

// add keeps what Tekton or the kubelet will look for.
func (c *kase) add(doc []byte) error {
	var meta metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(doc, &meta); err != nil {
		return err
	}
	name := meta.Namespace + "/" + meta.Name
	switch meta.Kind {
	case "ConfigMap":
		c.configMaps[name] = true
	case "ServiceAccount":
		account := &corev1.ServiceAccount{}
		c.cluster = append(c.cluster, account)
		return decode(doc, account)
	case "TaskRun":
		c.taskRuns[name] = &v1.TaskRun{}
		if err := decode(doc, c.taskRuns[name]); err != nil {
			return fmt.Errorf("TaskRun %s: %w", name, err)
		}
	}
	return nil
}

// documents are those of a YAML stream.
func documents(file string) ([][]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for stream := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data))); ; {
		doc, err := stream.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, slices.Clone(doc))
	}
}

// optional is a file that need not exist.
func optional(file string, failed *error) []byte {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		*failed = errors.Join(*failed, err)
	}
	return data
}

// decode refuses unknown fields, as API servers do.
func decode(doc []byte, into any) error {
	data, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return err
	}
	unknown, err := json.UnmarshalStrict(data, into)
	return errors.Join(append(unknown, err)...)
}
