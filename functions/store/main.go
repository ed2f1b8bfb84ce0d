// Command store is the Lambda function that emits the sales of the stores.
package main

import (
	"salesburst/shared/app"
	"salesburst/shared/spec"
)

func main() { app.Main(spec.Store) }
