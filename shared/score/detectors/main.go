/*
Command detectors scores two detectors of incidents on one plan: the alert rules of the dashboards, and
unusual.py, which learns with River what is usual.

	go run ./shared/score/detectors -write

writes the tables of shared/incidents/README.md. It takes ten minutes of one core, and 3 GB on the disk for
as long: both functions sell for three days, with the incidents of plan.json on the second and the third,
and both detectors look at every event. All of it but the machine's speed is the same each time. River is
a Python package, in an environment of its own in the user's cache.
*/
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"salesburst/shared/document"
	"salesburst/shared/score"
)

// river is the Python package.
const river = "river==0.26.1"

//go:embed plan.json
var plan string

//go:embed unusual.py
var unusual string

// options say what is sold and looked at.
type options struct {
	plan     string // JSON
	begin    time.Time
	learn    time.Duration // from the begin on, without incidents
	length   time.Duration // of all of it
	events   int           // a minute in each function; 0: as many as they have by themselves
	document string        // path; empty: none
	progress io.Writer
}

func main() {
	o := options{
		plan: plan, begin: time.Date(2026, 5, 12, 0, 0, 0, 0, time.UTC), learn: 24 * time.Hour,
		length: 72*time.Hour + 30*time.Minute, progress: os.Stderr,
	}
	write := flag.Bool("write", false, "write the tables of shared/incidents/README.md")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "detectors: nothing is expected behind the flags, there is %q\n", flag.Args())
		os.Exit(2)
	}
	if *write {
		o.document = filepath.Join("shared", "incidents", "README.md")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "detectors:", err)
		os.Exit(1)
	}
}

// detector is one with what it said.
type detector struct {
	name   string
	alerts []byte // lines of JSON
	score  score.Score
}

func run(ctx context.Context, o options, out io.Writer) error {
	folder, err := os.MkdirTemp("", "detectors")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r := &stream{o, folder}
	events, truth, err := r.sell(ctx)
	if err != nil {
		return err
	}
	rules, err := r.rules(ctx)
	if err != nil {
		return err
	}
	learned, err := r.river(ctx)
	if err != nil {
		return err
	}
	all := []detector{{name: "rules", alerts: rules}, {name: "rules without ids", alerts: withoutIDs(rules)},
		{name: "River", alerts: learned}}
	for i := range all {
		alerts, err := score.ReadAlerts(bytes.NewReader(all[i].alerts))
		if err != nil {
			return fmt.Errorf("the alerts of %s: %w", all[i].name, err)
		}
		alerts = slices.DeleteFunc(alerts, func(a score.Alert) bool { return a.From.Sub(o.begin) < o.learn })
		all[i].score = score.Of(truth, alerts, score.Usual())
	}
	text := fmt.Sprintf("%d events from %s on, with incidents from %s on.\n\n%s", events,
		o.begin.Format("2 January 2006"), o.begin.Add(o.learn).Format("2 January"), tables(all))
	fmt.Fprint(out, text)
	if o.document == "" {
		return nil
	}
	return document.WriteBlock(o.document, "detectors", text)
}
