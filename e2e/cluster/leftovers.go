// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// sweep removes all that a cluster leaves outside its own processes, of this
// run or of one that was killed: processes, mounts, addresses, cgroups, files.
func (f folder) sweep() error {
	sockets := f.shimSockets()
	err := errors.Join(f.removeCgroups(), f.unmount(), f.removeAddresses())
	for _, socket := range sockets {
		_ = os.Remove(socket) // containerd may have removed it
	}
	f.removeLogLinks()
	removeDeviceSocket()
	return errors.Join(err, f.removeUnfinished(), os.RemoveAll(f.run()))
}

type mount struct{ point, kind string }

func mounts() ([]mount, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var found []mount
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		if fields := strings.Fields(before); ok && len(fields) > 4 {
			kind, _, _ := strings.Cut(after, " ")
			found = append(found, mount{point: fields[4], kind: kind})
		}
	}
	return found, lines.Err()
}

func (f folder) unmount() error {
	all, err := mounts()
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(all) {
		if strings.HasPrefix(m.point, f.run()+"/") {
			if e := detach(m.point); e != nil {
				err = errors.Join(err, fmt.Errorf("unmount %s: %w", m.point, e))
			}
		}
	}
	return err
}

// shimSockets are files that containerd's shims keep outside the folder.
func (f folder) shimSockets() []string {
	var sockets []string
	_ = filepath.WalkDir(f.run("containerd", "state"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "address" {
			if data, err := os.ReadFile(path); err == nil {
				sockets = append(sockets, strings.TrimPrefix(strings.TrimSpace(string(data)), "unix://"))
			}
		}
		return nil // best effort: a socket file without a process harms nobody
	})
	return sockets
}

// removeLogLinks removes the links that the kubelet puts in a folder it does
// not let anybody choose.
func (f folder) removeLogLinks() {
	links, _ := filepath.Glob("/var/log/containers/*.log")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, f.run()+"/") {
			_ = os.Remove(link)
		}
	}
}

// deviceSocket is another path that a kubelet lets nobody choose.
const deviceSocket = "/var/lib/kubelet/device-plugins/kubelet.sock"

// removeDeviceSocket does so unless a kubelet answers: that of a cluster in another folder, or
// of a real node.
func removeDeviceSocket() {
	connection, err := net.Dial("unix", deviceSocket)
	if err == nil {
		_ = connection.Close()
		return
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(deviceSocket)
	}
	dir := filepath.Dir(deviceSocket)
	_, _ = os.Remove(dir), os.Remove(filepath.Dir(dir)) // only if they are empty
}

// The API server has the address of the service kubernetes itself, and the node
// its own, both on the loopback device: no packet leaves the machine, and no
// proxy is needed.
const (
	apiAddress  = "10.96.0.1"
	nodeAddress = "10.96.0.2"
)

func (f folder) addAddresses() error {
	for _, address := range []string{apiAddress, nodeAddress} {
		if hasAddress(address) {
			return fmt.Errorf("this machine has the address %s already; another cluster may be running", address)
		}
		if err := ip("add", address+"/32", "dev", "lo", "label", f.addressLabel()); err != nil {
			return err
		}
	}
	return nil
}

// addressLabel keeps one cluster from taking away the addresses of another.
func (f folder) addressLabel() string { return "lo:" + f.id() }

func (f folder) removeAddresses() error {
	err := ip("flush", "dev", "lo", "label", f.addressLabel())
	if errors.Is(err, exec.ErrNotFound) {
		return nil // nor did it add any
	}
	return err
}

func hasAddress(address string) bool {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return false
	}
	addresses, err := lo.Addrs()
	return err == nil && slices.ContainsFunc(addresses, func(a net.Addr) bool { return a.String() == address+"/32" })
}

func ip(args ...string) error {
	out, err := exec.Command("ip", append([]string{"address"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip address %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
