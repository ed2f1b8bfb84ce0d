/*
Command bench measures Druid as it is deployed, on this machine, with real Kafka: how
fresh its answers are while sales come in steadily, while segments are handed off, while a
backlog is caught up and while millions of rows are merged; how fast it ingests; how long
the questions in druid-ec2/sql take over millions of rows; and what memory and disk that
takes.

	go run ./shared/bench/druid -write

starts servers of its own and takes half an hour on two cores that have nothing else to do.
Under shared/devenv/run it uses those that run already; -short takes two minutes and shows
that the program works, not how fast Druid is:

	go run ./shared/devenv/run druid -- go run ./shared/bench/druid -short

# What freshness is here

Sales of the market are due at even distances, at 12 a second one every 83 ms, and each is
stamped with the millisecond in which it is due. A sender cuts the burst where the clock
stands and publishes what is due, at most 20 times a second, by the project's own
publisher (acks=all, idempotent). A watcher asks Druid's broker over and over for

	SELECT COUNT(*), MAX(__time) FROM topic WHERE __time >= …

one question at a time, the next one 100 ms after the last was asked, or at once where
that took longer. A sale counts as shown when the first answer that counts it has been
read: the n-th one due is counted when n are there. So "ingest-to-query latency" includes the wait of
up to 50 ms for the next cut, publishing, what Kafka and Druid take, the query, and the
wait for the next question: about half of the 100 ms on average, all of it at worst. A
sender or a watcher that is late adds to the figure and hides nothing.

"Newest sale's age" is how old the newest sale is in each answer when that is read, which
is what somebody who looks at a dashboard sees. It has no wait for the next question in
it, but the distance between sales.

A transaction, which the functions use, would add the 5 ms that its commit takes.

# What ends it with an error

No answer ever counts more than was sent, and at each table's end, after all its segments
are handed off, each burst is there whole and once: the number of its rows and the sum of
their sequences are compared. Otherwise it ends with an error, as it does where nothing
moves for five minutes. It never does because the machine is slow.
*/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	sharedbench "salesburst/shared/bench"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/document"
)

// patience is how long nothing may move. Druid on a busy machine may be silent for a
// minute or two.
const patience = 5 * time.Minute

type phase struct {
	name string
	run  func(*bench, context.Context) error
}

// phases in their order; the last of them uses the rows of the backlog too.
var phases = []phase{
	{"fresh", (*bench).fresh},
	{"backlog", (*bench).backlog},
	{"merge", (*bench).merge},
	{"queries", (*bench).queries},
}

type options struct {
	only                 []string      // phases
	rates                []int         // events per second
	duration             time.Duration // of the measurement at each rate
	warmUp               time.Duration // before each measurement
	handOff              time.Duration // between hand-offs
	poll                 time.Duration
	backlog, merge, rows int
	repeat               int
	write                bool
}

const usage = `usage: go run ./shared/bench/druid [flags]

Measures Druid as it is deployed, with real Kafka on this machine: freshness at steady rates
with hand-offs, beside a backlog and beside a large merge; ingestion, queries, memory, disk.
What is measured exactly: go doc ./shared/bench/druid. Figures go to the standard output as each
phase ends, progress to the standard error.

`

// parse reads the flags. Those that are given win over what -short sets.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	short := flags.Bool("short", false, "seconds and some ten thousand rows: two minutes that show that the program "+
		"works")
	only := flags.String("only", "fresh,backlog,merge,queries", "`phases` to run")
	rates := flags.String("rates", "12,5000", "`events` per second of the phase fresh")
	flags.DurationVar(&o.duration, "for", 4*time.Minute, "length of the measurement at each of the rates")
	flags.DurationVar(&o.warmUp, "warm-up", 15*time.Second, "traffic before each measurement")
	flags.DurationVar(&o.handOff, "hand-off", time.Minute,
		"time between hand-offs in the phase fresh, from 1m on; as deployed it is 1h")
	flags.DurationVar(&o.poll, "poll", 100*time.Millisecond, "time between the questions of the watcher")
	flags.IntVar(&o.backlog, "backlog", 5_000_000, "`rows` that are caught up beside fresh ones")
	flags.IntVar(&o.merge, "merge", 2_000_000, "`rows` that are merged and handed off beside fresh ones")
	flags.IntVar(&o.rows, "rows", 10_000_000, "`rows` that the queries are asked over")
	flags.IntVar(&o.repeat, "repeat", 5, "`times` that each query is measured, after one that is not")
	flags.BoolVar(&o.write, "write", false, "write the figures into druid-ec2/README.md, and a chart of freshness "+
		"over time into dashboards/freshness.svg")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("nothing is expected behind the flags, there is %q", flags.Args())
	}
	if *short {
		given := make(map[string]bool)
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, value := range map[string]string{
			"rates": "12,500", "for": "8s", "warm-up": "1s", "backlog": "60000", "merge": "30000", "rows": "100000",
			"repeat": "2",
		} {
			if !given[name] {
				if err := flags.Set(name, value); err != nil {
					return o, err
				}
			}
		}
	}
	o.only = strings.Split(*only, ",")
	for _, name := range o.only {
		if !slices.ContainsFunc(phases, func(p phase) bool { return p.name == name }) {
			return o, fmt.Errorf("-only %s: there is no phase %q, but fresh, backlog, merge and queries", *only, name)
		}
	}
	for text := range strings.SplitSeq(*rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil || rate < 1 || rate > 100_000 {
			return o, fmt.Errorf("-rates %s: want numbers from 1 to 100000", *rates)
		}
		o.rates = append(o.rates, rate)
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.duration < time.Second || o.warmUp < 0:
		return errors.New("-for takes a second or more, -warm-up nothing negative")
	case o.handOff < time.Minute:
		return errors.New("-hand-off takes 1m or more: Druid's tasks fail with less")
	case o.poll < time.Millisecond:
		return errors.New("-poll takes 1ms or more")
	case min(o.backlog, o.merge, o.rows) < 1000 || max(o.backlog, o.merge, o.rows) > contract.MaxEvents:
		return fmt.Errorf("-backlog, -merge and -rows take 1000 to %d", contract.MaxEvents)
	case o.repeat < 1:
		return errors.New("-repeat takes 1 or more")
	}
	return nil
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	_, d, err := devenv.Running()
	if err == nil && d == nil {
		var stop func() error
		d, stop, err = start(ctx)
		defer func() { err = errors.Join(err, stop()) }()
	}
	if err != nil {
		return err
	}
	var text strings.Builder
	out = io.MultiWriter(out, &text)
	fmt.Fprintf(out, "%s.\n", sharedbench.Stamp(time.Now()))
	b, err := newBench(d, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	stopWatching := b.watchMemory(ctx)
	defer stopWatching()
	for _, p := range phases {
		if !slices.Contains(o.only, p.name) {
			continue
		}
		b.say("phase %s", p.name)
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("phase %s: %w", p.name, err)
		}
	}
	if b.live != nil {
		if _, err := b.live.end(ctx); err != nil {
			return err
		}
		if err := b.live.verify(ctx); err != nil {
			return err
		}
		b.verified(b.live)
	}
	stopWatching()
	if err := b.memory(); err != nil {
		return err
	}
	if !o.write {
		return nil
	}
	return errors.Join(
		b.draw("dashboards/freshness.svg"),
		document.WriteBlock("druid-ec2/README.md", "speed", text.String()),
	)
}

// start starts servers of our own, with the broker as it runs for long and not as one that
// is to start quickly.
func start(ctx context.Context) (d *devenv.Druid, stop func() error, err error) {
	k, err := devenv.StartKafka(ctx, devenv.KafkaConfig{Log: os.Stderr, JVM: []string{"-XX:+UseG1GC"}})
	if err != nil {
		return nil, func() error { return nil }, err
	}
	d, err = devenv.StartDruid(ctx, devenv.DruidConfig{Kafka: k, Log: os.Stderr})
	if err != nil {
		return nil, k.Stop, err
	}
	return d, func() error { return errors.Join(d.Stop(), k.Stop()) }, nil
}
