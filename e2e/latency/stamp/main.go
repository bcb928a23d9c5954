// SPDX-License-Identifier: Apache-2.0

// Command stamp is every container of the latency benchmark, also those of Kratix: it works as
// long as WORK says and prints when it has finished.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if text := os.Getenv("WORK"); text != "" {
		work, err := time.ParseDuration(text)
		if err != nil {
			fmt.Fprintln(os.Stderr, "stamp: WORK:", err)
			os.Exit(1)
		}
		time.Sleep(work)
	}
	fmt.Println("stamp", time.Now().Format(time.RFC3339Nano))
}
