// Command local runs the functions, a Kafka broker and live dashboards on this machine.
package main

import (
	"os"

	"salesburst/shared/local"
)

func main() { os.Exit(local.Main()) }
