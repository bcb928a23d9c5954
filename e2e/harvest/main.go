// SPDX-License-Identifier: Apache-2.0

// Command harvest stands in for kratix-harvest: it prints what the containers left
// behind, a line a file, so that a test can read it from the log. Its first line is its token.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

func main() {
	credentials := flag.String("credentials", "", "")
	flag.String("endpoint", "", "")
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	if *credentials != "" { // what the real one shows to the runner
		token, err := os.ReadFile(filepath.Join(*credentials, "token"))
		if err != nil {
			fail(err)
		}
		if err := out.Encode(map[string]string{"Token": string(token)}); err != nil {
			fail(err)
		}
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d.json", i)
		content, err := os.ReadFile(filepath.Join(sight.Output, name))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			fail(err)
		}
		if err := out.Encode(map[string]string{"Name": name, "Content": string(content)}); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "harvest:", err)
	os.Exit(1)
}
