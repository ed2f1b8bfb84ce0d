// Command online is the Lambda function that emits the sales of the web shop.
package main

import (
	"salesburst/shared/app"
	"salesburst/shared/contract"
)

func main() { app.Main(contract.Online) }
