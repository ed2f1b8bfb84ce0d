// Command cdk defines the system in AWS: see cdk.json for the choices, and the README.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	druid "salesburst/druid-ec2"
	"salesburst/shared/contract"
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
	if err := addFiles(code, s); err != nil {
		return fmt.Errorf("adding the market's figures to the functions: %w", err)
	}
	if err := druid.Write(filepath.Join(code, druidFiles)); err != nil {
		return fmt.Errorf("writing Druid's files: %w", err)
	}
	define(app, s, code)
	app.Synth(nil)
	return nil
}

// druidFiles is where the folder of the code has what runs on Druid's instance.
const druidFiles = "druid-ec2"

// define puts the whole system into an app. The folder code has the functions' binaries, each
// in a folder of its name with the file of the key market, and Druid's files.
func define(app awscdk.App, s settings, code string) awscdk.Stack {
	stack := awscdk.NewStack(app, jsii.String("Salesburst"), &awscdk.StackProps{
		Description: jsii.String("Live retail sales into Kafka: a burst a minute, and spikes on request"),
	})
	awscdk.Tags_Of(stack).Add(jsii.String("project"), jsii.String(contract.Project), nil)
	p := newProducers(stack, s, code)
	m := newSpike(stack, s, p)
	var n *network
	var i *instance
	if s.druid {
		n = newNetwork(stack, s)
		i = newInstance(stack, s, n, filepath.Join(code, druidFiles))
	}
	newOperations(stack, s, p, m, i)
	suppressNags(stack, s, p, m, i)
	return stack
}
