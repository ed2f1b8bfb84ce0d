// Command online is the Lambda function that emits the sales of the web shop.
package main

import (
	"salesburst/shared/app"
	"salesburst/shared/spec"
)

func main() { app.Main(spec.Online) }
