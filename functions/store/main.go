// Command store is the Lambda function that emits the sales of the stores.
package main

import (
	"salesburst/shared/app"
	"salesburst/shared/contract"
)

func main() { app.Main(contract.Store) }
