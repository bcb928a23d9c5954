// SPDX-License-Identifier: Apache-2.0

// Command probe is a Pipeline's container that writes down what it sees, and then
// does what PROBE tells it to.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(125)
	}
	for order := range strings.SplitSeq(os.Getenv("PROBE"), ",") {
		obey(strings.TrimSpace(order))
	}
}

// write makes the first of 0.json, 1.json, ... that is not there yet, so that
// the files also tell the order of the containers.
func write() error {
	seen, err := sight.Look()
	if err != nil {
		return err
	}
	data, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		file, err := os.OpenFile(fmt.Sprintf("%s/%d.json", sight.Output, i), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println("probe: wrote", file.Name())
		_, err = file.Write(data)
		return errors.Join(err, file.Close())
	}
}

func obey(order string) {
	verb, argument, _ := strings.Cut(order, "=")
	number, _ := strconv.Atoi(argument) // 0 for orders without one
	switch verb {
	case "exit":
		os.Exit(number)
	case "signal":
		_ = syscall.Kill(os.Getpid(), syscall.Signal(number))
		os.Exit(128 + number) // PID 1 does not die of its own signals
	case "sleep":
		time.Sleep(time.Duration(number) * time.Second)
	case "publish":
		if err := publish(argument); err != nil {
			fmt.Fprintln(os.Stderr, "probe:", err)
			os.Exit(125)
		}
	case "eat":
		eat(number)
	}
}

// eat uses that many megabytes, page by page.
func eat(megabytes int) {
	var eaten [][]byte
	for range megabytes {
		bite := make([]byte, 1<<20)
		for i := 0; i < len(bite); i += os.Getpagesize() {
			bite[i] = 1
		}
		eaten = append(eaten, bite)
	}
	fmt.Println("probe: ate", len(eaten))
}
