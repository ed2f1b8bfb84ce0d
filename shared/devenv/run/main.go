// Command run starts the servers that tests share, runs a command beside them, and ends
// them with it. Kafka is always one of them, in the usual version or in another, which the
// clusters that tests start for themselves have then too:
//
//	go run ./shared/devenv/run -- go test ./shared/publish
//	go run ./shared/devenv/run kafka=3.9.1 -- go test ./shared/publish
//	go run ./shared/devenv/run druid -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"salesburst/shared/devenv"
)

func main() {
	s, command, ok := parse(os.Args[1:])
	if !ok {
		fmt.Fprintf(os.Stderr, "usage: run [kafka=VERSION] [druid] -- COMMAND [ARGUMENT...]\nstarts Kafka (%s), and "+
			"Druid if it is named, runs the command with %s set, stops them\n",
			devenv.KafkaVersion, devenv.EnvState)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, s, command)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// servers are those that are started.
type servers struct {
	kafka string // its version; empty: the usual one
	druid bool
}

func parse(args []string) (s servers, command []string, ok bool) {
	for ; len(args) > 0 && args[0] != "--"; args = args[1:] {
		version, isKafka := strings.CutPrefix(args[0], "kafka=")
		switch {
		case args[0] == "druid":
			s.druid = true
		case isKafka && version != "":
			s.kafka = version
		default:
			return servers{}, nil, false
		}
	}
	if len(args) < 2 {
		return servers{}, nil, false
	}
	return s, args[1:], true
}

func run(ctx context.Context, s servers, command []string) (status int, err error) {
	k, err := devenv.StartKafka(ctx, devenv.KafkaConfig{Version: s.kafka, Log: os.Stderr})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, k.Stop()) }()
	var d *devenv.Druid
	if s.druid {
		if d, err = devenv.StartDruid(ctx, devenv.DruidConfig{Kafka: k, Log: os.Stderr}); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.Stop()) }()
	}
	env, err := devenv.Share(k, d)
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
