// Command cdk defines the system in AWS: see cdk.json for the choices, and the README.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := run()
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "salesburst:", err)
		os.Exit(1)
	}
}

func run() error {
	app := awscdk.NewApp(nil)
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	s, err := readSettings(context)
	if err != nil {
		return err
	}
	code, err := buildFunctions(".")
	if err != nil {
		return err
	}
	defer os.RemoveAll(code)
	define(app, s, code)
	app.Synth(nil)
	return nil
}

// define puts the whole system into an app. The functions' binaries are in the folder code.
func define(app awscdk.App, s settings, code string) awscdk.Stack {
	stack := awscdk.NewStack(app, jsii.String("Salesburst"), &awscdk.StackProps{
		Description: jsii.String("Live retail sales into Kafka: a burst a minute, and spikes on request"),
	})
	awscdk.Tags_Of(stack).Add(jsii.String("project"), jsii.String("salesburst"), nil)
	p := newProducers(stack, s, code)
	m := newSpike(stack, s, p)
	newOperations(stack, s, p, m)
	explainAll(stack, s, p, m)
	return stack
}
