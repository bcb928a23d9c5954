// Command harvest stands in for kratix-harvest: it prints what the containers left
// behind, a line a file, so that a test can read it from the log.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	files, err := filepath.Glob("/kratix/output/*")
	if err != nil {
		fail(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		if err := out.Encode(map[string]string{"Name": filepath.Base(file), "Content": string(content)}); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "harvest:", err)
	os.Exit(1)
}
