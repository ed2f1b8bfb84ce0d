// Command generate writes Grafana's files: a dashboard's JSON each, and the alert rules.
// It runs in the folder dashboards: go generate ./dashboards
package main

import (
	"fmt"
	"os"

	"salesburst/dashboards"
)

func main() {
	files, err := dashboards.Files()
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
