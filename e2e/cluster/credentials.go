// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// An authority signs the certificates of one run; it is gone with the run.
type authority struct {
	dir  folder
	cert *x509.Certificate
	key  crypto.Signer
}

func (f folder) newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate("kratix-compile e2e", nil)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage |= x509.KeyUsageCertSign
	data, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, err
	}
	a := &authority{dir: f, cert: cert, key: key}
	return a, writePEM(f.run("ca.crt"), "CERTIFICATE", data)
}

func certificate(name string, groups []string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // crypto/rand does not fail
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:     []string{"kubernetes.default.svc", "localhost"},
		IPAddresses:  []net.IP{net.ParseIP(apiAddress), net.ParseIP(nodeAddress), net.ParseIP("127.0.0.1")},
	}
}

// issue writes name.crt and name.key.
func (a *authority) issue(name string, groups ...string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	data, err := x509.CreateCertificate(rand.Reader, certificate(name, groups), a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	if err := writePEM(a.dir.run(name+".crt"), "CERTIFICATE", data); err != nil {
		return err
	}
	return writeKey(a.dir.run(name+".key"), key)
}

func writeKey(path string, key any) error {
	data, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", data)
}

func writePEM(path, kind string, data []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600)
}

// credentials writes all keys of a run, and the kubeconfig of its administrator.
func (f folder) credentials() error {
	a, err := f.newAuthority()
	if err != nil {
		return err
	}
	if err := a.issue("server"); err != nil {
		return err
	}
	if err := a.issue("admin", "system:masters"); err != nil {
		return err
	}
	tokens, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if err := writeKey(f.run("tokens.key"), tokens); err != nil {
		return err
	}
	return f.writeKubeconfig()
}

// writeKubeconfig puts everything into one file that can be carried away.
func (f folder) writeKubeconfig() error {
	var parts [3][]byte
	for i, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
		data, err := os.ReadFile(f.run(name))
		if err != nil {
			return err
		}
		parts[i] = data
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: "https://" + apiAddress, CertificateAuthorityData: parts[0]}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificateData: parts[1], ClientKeyData: parts[2]}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "admin"}
	config.CurrentContext = "e2e"
	return clientcmd.WriteToFile(*config, f.run("kubeconfig"))
}
