// SPDX-License-Identifier: Apache-2.0

// Package deployed has the tools with which users install kratix-runner, and leads to it where
// the cluster of these tests lacks something.
package deployed

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// apiAddress is the only one of the machine that Pods with a network of their own know.
const apiAddress = "10.96.0.1"

// Endpoint is where the runner's Service is for steps of runs: they share the machine's
// network, and the cluster has neither DNS nor kube-proxy.
const Endpoint = "https://localhost:9443"

// LeadSteps does for Endpoint what kube-proxy does for a Service, until close.
func LeadSteps(typed kubernetes.Interface) (closer io.Closer, err error) {
	return lead("127.0.0.1:9443", func() (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		slices, err := typed.DiscoveryV1().EndpointSlices(Namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=kratix-runner"})
		if err != nil {
			return "", err
		}
		var ready []string
		for _, slice := range slices.Items {
			for _, port := range slice.Ports {
				for _, e := range slice.Endpoints {
					if *port.Name == "harvest" && *e.Conditions.Ready {
						ready = append(ready, net.JoinHostPort(e.Addresses[0], fmt.Sprint(*port.Port)))
					}
				}
			}
		}
		if len(ready) == 0 {
			return "", fmt.Errorf("no replica is ready")
		}
		return ready[time.Now().UnixNano()%int64(len(ready))], nil
	})
}

// LeadRunner makes what listens on the loopback device reachable for the runner, until
// close, and says where.
func LeadRunner(address string) (string, io.Closer, error) {
	listener, err := lead(apiAddress+":0", func() (string, error) { return address, nil })
	if err != nil {
		return "", nil, err
	}
	return listener.Addr().String(), listener, nil
}

func lead(from string, to func() (string, error)) (net.Listener, error) {
	listener, err := net.Listen("tcp", from)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go forward(connection, to)
		}
	}()
	return listener, nil
}

// forward drops the connection when nobody is there: whoever made it tries again.
func forward(from net.Conn, to func() (string, error)) {
	defer func() { _ = from.Close() }()
	address, err := to()
	if err != nil {
		return
	}
	other, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(other, from)
		_ = other.Close()
	}()
	_, _ = io.Copy(from, other)
}
