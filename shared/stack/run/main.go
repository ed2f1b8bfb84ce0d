// Command run starts the servers that tests share, runs a command beside them, and ends
// them with it. Kafka is always one of them:
//
//	go run ./shared/stack/run -- go test ./shared/publish
//	go run ./shared/stack/run druid -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"salesburst/shared/stack"
)

func main() {
	druid, command, ok := parse(os.Args[1:])
	if !ok {
		fmt.Fprintf(os.Stderr, "usage: run [druid] -- COMMAND [ARGUMENT...]\nstarts Kafka, and Druid if it is named, runs the command with %s set, stops them\n", stack.EnvState)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, druid, command)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func parse(args []string) (druid bool, command []string, ok bool) {
	if len(args) > 0 && args[0] == "druid" {
		druid, args = true, args[1:]
	}
	if len(args) < 2 || args[0] != "--" {
		return false, nil, false
	}
	return druid, args[1:], true
}

func run(ctx context.Context, druid bool, command []string) (status int, err error) {
	k, err := stack.StartKafka(ctx, stack.KafkaConfig{Log: os.Stderr})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, k.Stop()) }()
	var d *stack.Druid
	if druid {
		if d, err = stack.StartDruid(ctx, stack.DruidConfig{Kafka: k, Log: os.Stderr}); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.Stop()) }()
	}
	env, err := stack.Share(k, d)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env)
	var exit *exec.ExitError
	if err = cmd.Run(); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
