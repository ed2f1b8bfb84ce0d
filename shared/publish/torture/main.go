/*
Command torture publishes bursts exactly once to a real Kafka of three brokers, while all
that can happen to brokers, connections and publishers happens to them, and counts the
sales at the end.

	go run ./shared/publish/torture -duration 1h
	go run ./shared/publish/torture -duration 3m -version 4.4.0 -seed 42
	go run ./shared/publish/torture -seed 42 -schedule

Start with the schedule (schedule.go, dice.go), which comes from a seed: what is done to
brokers and connections (faults.go), and which attempts are made at which bursts
(attempt.go). A run (torture.go) lets it happen, lifts all faults, makes a last attempt at
each burst, and has a reader that is not ours compare what is in Kafka with what the
attempts have said (check.go): a burst of which one said that it is there must be there
once, and an attempt that said that nothing of it is in Kafka must have left nothing.

It ends with status 1 where that is not so, and tells all about the burst (history.go). The
same seed gives the same schedule; what comes of it depends on the machine too.
*/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"salesburst/shared/devenv"
)

func main() {
	if text := os.Getenv(envAttempt); text != "" {
		if err := child(text); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	seed := flag.Uint64("seed", 0, "of the schedule; 0: a random one")
	length := flag.Duration("duration", time.Hour, "of the schedule; the end takes a minute or two more")
	version := flag.String("version", devenv.KafkaVersion, "of Kafka, 4.0 or newer")
	show := flag.Bool("schedule", false, "print the schedule and do nothing")
	flag.Parse()
	if *length < time.Second || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "torture: want a -duration of a second or more, and nothing behind the flags")
		os.Exit(2)
	}
	if tooOld(*version) {
		fmt.Fprintf(os.Stderr, "torture: Kafka %s: bursts are not published exactly once to brokers before 4.0\n",
			*version)
		os.Exit(2)
	}
	if *seed == 0 {
		*seed = uint64(rand.Uint32())
	}
	s := newSchedule(*seed, *length)
	if *show {
		s.write(os.Stdout)
		return
	}
	fmt.Printf("torture: Kafka %s, %v, -seed %d\n", *version, *length, *seed)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, *version)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// tooOld reports whether that Kafka is refused by the publisher.
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	return len(major) < 2 && major < "4"
}

func run(ctx context.Context, s *schedule, version string) (err error) {
	t, err := begin(ctx, s, version, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	r := newReport(os.Stdout, t.history, s.length)
	t.run(ctx)
	r.stop()
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Println("all faults are lifted; a last attempt at each burst, and a count at each broker")
	if err := t.settle(ctx); err != nil {
		return err
	}
	violations, err := t.judge(ctx)
	if err != nil {
		return err
	}
	r.summary(violations)
	if len(violations) > 0 {
		err = fmt.Errorf("%d violations; the schedule: -seed %d -duration %v -schedule", len(violations), s.seed,
			s.length)
	}
	return err
}
