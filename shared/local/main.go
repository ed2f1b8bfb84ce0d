/*
Package local runs the whole pipeline on this machine: the functions of the cloud on
their schedule, a Kafka broker, a consumer that brings the events into a table, and a
page with the live dashboards.

Start with [Main], which is the program, and run in run.go, which is how its parts hang
together:

	emulator ──▶ app.Handler ──▶ Kafka ──▶ consumer ──▶ store ──▶ web
	                  └─────── reports ──▶ tally ◀──┘

With -stack Kafka is a real one, and Druid takes the place of the store.

The tally counts what the functions say they published against what came back.
*/
package local

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Main runs the program until SIGINT or SIGTERM and returns its status: 0, 1 where
// something is wrong, 2 where the command line is.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, Env{Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now})
}

// Run is Main in a given environment, until ctx ends.
func Run(ctx context.Context, env Env) int {
	var err error
	first := ""
	if len(env.Args) > 0 {
		first = env.Args[0]
	}
	switch first {
	case "score":
		err = scoreCommand(env.Args[1:], env)
	case "alerts":
		err = alertsCommand(ctx, env.Args[1:], env)
	default:
		var o options
		if o, err = parseFlags(env.Args, env.Getenv, env.Stdout); err == nil {
			err = run(ctx, o, env)
		}
	}
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(env.Stderr, "local: %v\n", err)
		return 2
	case errors.Is(err, errIncomplete):
		return 1 // the last line says it
	}
	fmt.Fprintf(env.Stderr, "local: %v\n", err)
	return 1
}
