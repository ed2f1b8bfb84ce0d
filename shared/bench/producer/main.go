/*
Command bench measures how fast producers bring sales to real Kafka: this project's
pipeline beside franz-go, kafka-go's Writer and Java's ProducerPerformance, each tuned,
each a process of its own, over SASL_SSL, with zstd and acks=all, on the same broker on
this machine. The order rotates from round to round.

	go run ./shared/bench/producer -events 1000000 -rounds 5
	go run ./shared/bench/producer -write     # into the documents and the chart, from the root

It ends with an error where a producer did not store every event.
*/
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	sharedbench "salesburst/shared/bench"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/document"
	"salesburst/shared/publish"
)

func main() {
	if text := os.Getenv(envRun); text != "" {
		if err := child(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.IntVar(&o.events, "events", 1_000_000, "events per run")
	flag.IntVar(&o.large, "large", 10_000_000,
		"events of one more run of ours, which shows that memory does not grow; 0: none")
	flag.IntVar(&o.rounds, "rounds", 5, "runs of each producer; the table has the medians")
	flag.BoolVar(&o.write, "write", false, "write the figures into README.md and shared/publish/README.md, and "+
		"dashboards/bench.svg")
	flag.Parse()
	if o.events < 1000 || o.rounds < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "bench: want at least 1000 -events and 1 of -rounds, and nothing behind the flags")
		os.Exit(2)
	}
	if err := run(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	events, large, rounds int
	write                 bool
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	k, err := devenv.StartKafka(ctx, devenv.KafkaConfig{
		Log:      os.Stderr,
		JVM:      []string{"-Xmx1g", "-XX:+UseG1GC"}, // as a broker runs, not as one that is to start quickly
		Settings: map[string]string{"log.retention.ms": "-1"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Stop()) }()
	b := &bench{kafka: k, results: make(map[string][]result)}
	if _, err := b.measure(ctx, ours, min(o.events, 200_000)); err != nil { // the broker's compiler warms up
		return err
	}
	for round := range o.rounds {
		for i := range producers {
			p := producers[(i+round)%len(producers)]
			r, err := b.measure(ctx, p.name, o.events)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s %.0f events/s\n", round+1, o.rounds, p.name, r.rate())
			b.results[p.name] = append(b.results[p.name], r)
		}
	}
	var text strings.Builder
	out = io.MultiWriter(out, &text)
	fmt.Fprintf(out, "%s. Runs of %d events, medians of %d in rotating order; in brackets the ratio to ours.\n\n",
		sharedbench.Stamp(time.Now()), o.events, o.rounds)
	b.table(out, o)
	if o.large > 0 {
		r, err := b.measure(ctx, ours, o.large)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "- %d events: %.0f events/s, %.0f MB\n", o.large, r.rate(), r.rss)
		if more := o.large - o.events; more > 0 { // what a start takes is left out
			before := median(b.results[ours], func(r result) float64 { return r.allocations })
			fmt.Fprintf(out, "- ours, once it runs: %.4f allocations an event\n", (r.allocations-before)/float64(more))
		}
	}
	if err := b.cold(ctx, out, o.rounds); err != nil {
		return err
	}
	if !o.write {
		return nil
	}
	return errors.Join(
		b.draw("dashboards/bench.svg", o.events),
		document.WriteBlock("shared/publish/README.md", "speed", text.String()),
		document.WriteRow("README.md", b.headline()),
	)
}

// headline is the row of the README's table.
func (b *bench) headline() string {
	mine, theirs := b.results[ours], b.results[franz]
	cpu := func(r result) float64 { return r.cpu.Seconds() / float64(r.events) }
	return fmt.Sprintf("| events a second into real Kafka, exactly once | %.2f times franz-go's at %.2f of its "+
		"processor time, "+
		"in %.0f MB | %s | [`make bench`](shared/publish/README.md#speed) |",
		median(mine, result.rate)/median(theirs, result.rate), median(mine, cpu)/median(theirs, cpu),
		median(mine, func(r result) float64 { return r.rss }), sharedbench.Stamp(time.Now()))
}

// bench has what was measured.
type bench struct {
	kafka   *devenv.Kafka
	topics  int
	results map[string][]result
}

// result is one run of a producer.
type result struct {
	events int
	wall   time.Duration // of the process from its start to its end
	cpu    time.Duration // likewise
	rss    float64       // MB, the most
	stored int64         // bytes in the topic's log
	// bytes that crossed the loopback interface meanwhile; 0 where the system does not count them
	wire        int64
	allocations float64 // ours only
}

func (r result) rate() float64 { return float64(r.events) / r.wall.Seconds() }

// measure runs one producer in a process of its own, into a topic of its own.
func (b *bench) measure(ctx context.Context, producer string, events int) (result, error) {
	b.topics++
	s := setup{
		Producer: producer, Events: events, Brokers: b.kafka.Addresses, CA: b.kafka.CA,
		User: string(devenv.Admin), Password: b.kafka.Users[devenv.Admin], Topic: fmt.Sprintf("bench-%d", b.topics),
		Delivery: publish.ExactlyOnce,
	}
	admin, err := kafkaadmin.Dial(b.kafka)
	if err != nil {
		return result{}, err
	}
	defer admin.Close()
	if err := admin.CreateTopic(ctx, s.Topic, partitions, 1); err != nil {
		return result{}, err
	}
	r := result{events: events}
	cmd, finish, err := b.command(ctx, s)
	if err != nil {
		return result{}, err
	}
	var message strings.Builder
	cmd.Stderr = &message
	crossed := loopbackBytes()
	start := time.Now()
	out, err := cmd.Output()
	r.wall = time.Since(start)
	r.wire = loopbackBytes() - crossed
	if err != nil {
		return result{}, fmt.Errorf("%w: %s", err, message.String())
	}
	if err := finish(out, &r); err != nil {
		return result{}, err
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	r.rss = float64(usage.Maxrss) / 1000
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	stored, err := count(ctx, s)
	if err == nil && stored != events {
		err = fmt.Errorf("%d of %d events are in the topic", stored, events)
	}
	if err == nil {
		r.stored, err = b.size(s.Topic)
	}
	return r, errors.Join(err, admin.DeleteTopic(ctx, s.Topic))
}

// loopbackBytes counts what this machine has sent to itself: where nothing else runs, what a
// producer and the broker say to each other.
func loopbackBytes() int64 {
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if name, counts, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "lo" {
			n, _ := strconv.ParseInt(strings.Fields(counts)[0], 10, 64) // the kernel's own number
			return n
		}
	}
	return 0
}

// count reads the topic in a process of its own: what a process is measured to take at
// most includes what its parent took when it started it.
func count(ctx context.Context, s setup) (n int, err error) {
	s.Producer = reader
	text, err := json.Marshal(s)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), envRun+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("reading back: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// command is the producer's process, and what takes its output in.
func (b *bench) command(ctx context.Context, s setup) (*exec.Cmd, func([]byte, *result) error, error) {
	if s.Producer == java {
		return b.javaCommand(ctx, s)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), envRun+"="+string(text))
	return cmd, func(out []byte, r *result) error {
		var said said
		if err := json.Unmarshal(out, &said); err != nil {
			return fmt.Errorf("the process said %q: %w", out, err)
		}
		r.allocations = float64(said.Allocations)
		return nil
	}, nil
}

// size is what the topic takes in the broker's log: its record batches as they came.
func (b *bench) size(topic string) (total int64, err error) {
	files, err := filepath.Glob(filepath.Join(b.kafka.Dir, "broker-1", "data", topic+"-*", "*.log"))
	for _, f := range files {
		info, statErr := os.Stat(f)
		if statErr != nil {
			return 0, statErr
		}
		total += info.Size()
	}
	return total, err
}

// table prints the medians, with ratios to ours.
func (b *bench) table(out io.Writer, o options) {
	fmt.Fprint(out, document.Head("producer", "events/s", "CPU s per million", "peak RSS, MB",
		"bytes per event in the log", "on the wire"))
	figures := func(name string) [5]float64 {
		rs := b.results[name]
		return [5]float64{
			median(rs, result.rate),
			median(rs, func(r result) float64 { return r.cpu.Seconds() * 1e6 / float64(r.events) }),
			median(rs, func(r result) float64 { return r.rss }),
			median(rs, func(r result) float64 { return float64(r.stored) / float64(r.events) }),
			median(rs, func(r result) float64 { return float64(r.wire) / float64(r.events) }),
		}
	}
	base := figures(ours)
	for _, p := range producers {
		f := figures(p.name)
		fmt.Fprintf(out, "| %s | %.0f (%.2f) | %.2f (%.2f) | %.0f (%.1f) | %.0f | %.0f |\n",
			p.name, f[0], f[0]/base[0], f[1], f[1]/base[1], f[2], f[2]/base[2], f[3], f[4])
	}
	allocations := median(b.results[ours], func(r result) float64 { return r.allocations })
	fmt.Fprintf(out, "\n- ours, start and all: %.4f allocations an event\n", allocations/float64(o.events))
}

func median(rs []result, of func(result) float64) float64 {
	var all []float64
	for _, r := range rs {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
