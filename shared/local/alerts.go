package local

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
)

const alertsHelp = `The alert rules of the dashboards over a file of events, evaluated every minute of their
time, as Grafana would have. Each alert is a line of JSON on the standard output.

  go run ./functions/local -incidents incidents.json -truth truth.jsonl -out events.jsonl -once
  go run ./functions/local alerts -events events.jsonl > alerts.jsonl
  go run ./functions/local score -truth truth.jsonl -alerts alerts.jsonl

Flags:
  -events FILE  the events as lines of JSON, in any order, as -out of this program writes them
`

// alertsCommand is the program where its first argument is alerts.
func alertsCommand(ctx context.Context, args []string, env Env) error {
	var path string
	f := flag.NewFlagSet("alerts", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&path, "events", "", "")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(env.Stdout, alertsHelp)
		return err
	case err != nil:
		return &usageError{"alerts: " + err.Error()}
	case f.NArg() > 0:
		return &usageError{fmt.Sprintf("alerts: %q is not a flag", f.Arg(0))}
	case path == "":
		return &usageError{"alerts looks at a file of events: -events FILE"}
	}
	fired, err := alertsOf(ctx, path)
	if err != nil {
		return fmt.Errorf("-events %s: %w", path, cause(err))
	}
	out := json.NewEncoder(env.Stdout)
	for _, a := range fired {
		if err := out.Encode(a); err != nil {
			return fmt.Errorf("writing the alerts: %w", cause(err))
		}
	}
	return nil
}

// line is where an event stands in a file.
type line struct {
	begin  int64
	length int
}

// longestLine is more than an event has, in bytes.
const longestLine = 1 << 20

// minutesOf finds the events of each minute, in milliseconds since 1970, in a file.
func minutesOf(in io.Reader) (map[int64][]line, error) {
	p, lines, all := newParser(), bufio.NewReaderSize(in, longestLine), make(map[int64][]line)
	begin := int64(0)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		if event := bytes.TrimRight(text, "\r\n"); len(event) > 0 {
			var r columnstore.Row
			if err := p.parse(event, &r); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			minute := r.At - r.At%contract.Slot.Milliseconds()
			all[minute] = append(all[minute], line{begin, len(event)})
		}
		begin += int64(len(text))
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// evaluated is how long after a minute the rules are: Grafana spreads them over it, and the minute's
// bursts have arrived.
const evaluated = 30 * time.Second

// longestLookback is more than any rule looks back.
const longestLookback = 20 * time.Minute

func alertsOf(ctx context.Context, path string) (fired []dashboards.Firing, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	minutes, err := minutesOf(file)
	if err != nil || len(minutes) == 0 {
		return nil, err
	}
	var now time.Time
	table, err := columnstore.Open(contract.DefaultTopic, func() time.Time { return now })
	if err != nil {
		return nil, err
	}
	defer table.Close()
	var watches []*dashboards.Watch
	for _, rule := range dashboards.Alerts() {
		watches = append(watches, &dashboards.Watch{Rule: rule})
	}
	first, last := int64(0), int64(0)
	for minute := range minutes {
		if first == 0 || minute < first {
			first = minute
		}
		last = max(last, minute)
	}
	p := newParser()
	for minute := first; minute <= last; minute += contract.Slot.Milliseconds() {
		now = time.UnixMilli(minute).UTC().Add(contract.Slot + evaluated)
		rows := make([]columnstore.Row, len(minutes[minute]))
		for i, l := range minutes[minute] {
			text := make([]byte, l.length)
			if _, err := file.ReadAt(text, l.begin); err != nil {
				return nil, err
			}
			if err := p.parse(text, &rows[i]); err != nil {
				return nil, err
			}
		}
		if err := table.Add(rows); err != nil {
			return nil, err
		}
		table.Forget(now.Add(-longestLookback))
		for _, w := range watches {
			columns, rows, err := table.Query(ctx, w.Rule.SQL)
			if err == nil {
				err = w.See(now, columns, rows)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	for _, w := range watches {
		fired = append(fired, w.Fired...)
	}
	slices.SortStableFunc(fired, func(a, b dashboards.Firing) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Name, b.Name))
	})
	return fired, nil
}
