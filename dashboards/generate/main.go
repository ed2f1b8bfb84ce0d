// Command generate writes Grafana's files: a dashboard's JSON each, and the alert rules.
// It runs in the folder dashboards, as go generate ./dashboards does; with another topic:
//
//	cd dashboards && go run ./generate -topic my-sales
package main

import (
	"flag"
	"fmt"
	"os"

	"salesburst/dashboards"
	"salesburst/shared/contract"
)

func main() {
	topic := flag.String("topic", contract.DefaultTopic, "Druid's table, which has the name of the topic")
	flag.Parse()
	if err := write(*topic); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(topic string) error {
	files, err := dashboards.Files(topic)
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	return err
}
