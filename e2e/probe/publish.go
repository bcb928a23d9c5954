// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// publish puts a key into the object's status while the Pipeline runs, as the SDKs of
// Kratix do: a merge patch with the service account's token.
func publish(key string) error {
	const account = "/var/run/secrets/kubernetes.io/serviceaccount/"
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return errors.New("no authority")
	}
	url := fmt.Sprintf("https://%s:%s/apis/%s/%s/namespaces/%s/%s/%s/status",
		os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"), os.Getenv("KRATIX_OBJECT_GROUP"), os.Getenv("KRATIX_OBJECT_VERSION"),
		os.Getenv("KRATIX_OBJECT_NAMESPACE"), os.Getenv("KRATIX_CRD_PLURAL"), os.Getenv("KRATIX_OBJECT_NAME"))
	request, err := http.NewRequest(http.MethodPatch, url, bytes.NewReader(fmt.Appendf(nil, `{"status":{%q:"published"}}`, key)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the API server answered %s", response.Status)
	}
	return nil
}
