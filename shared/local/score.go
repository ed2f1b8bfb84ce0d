package local

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"salesburst/shared/score"
)

const scoreHelp = `How good a detector is: its alerts beside the truth of the incidents.

  go run ./functions/local -incidents incidents.json -truth truth.jsonl -out events.jsonl -once
  your-detector < events.jsonl > alerts.jsonl
  go run ./functions/local score -truth truth.jsonl -alerts alerts.jsonl

An alert is a line of JSON, {"from":"2026-11-27T18:03:00Z","to":"2026-11-27T18:09:00Z"}; with
"scenario" it also says what it takes it for, and finds only that. An incident is found where an
alert begins in its time, or as much before or after as is allowed. What touched no event counts
for nothing.

Flags:
  -truth FILE      what the incidents did, as -truth of this program writes it
  -alerts FILE     what the detector says; - is standard input
  -early DURATION  how long before the first event that an incident touched an alert may begin (1m)
  -late DURATION   how long after the last one (5m)
  -json            print the figures as JSON
`

// scoreCommand is the program where its first argument is score.
func scoreCommand(args []string, env Env) error {
	var truthPath, alertsPath string
	var asJSON bool
	tolerance := score.Tolerance{}
	f := flag.NewFlagSet("score", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&truthPath, "truth", "", "")
	f.StringVar(&alertsPath, "alerts", "", "")
	f.DurationVar(&tolerance.Early, "early", score.Usual().Early, "")
	f.DurationVar(&tolerance.Late, "late", score.Usual().Late, "")
	f.BoolVar(&asJSON, "json", false, "")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(env.Stdout, scoreHelp)
		return err
	case err != nil:
		return &usageError{"score: " + err.Error()}
	case f.NArg() > 0:
		return &usageError{fmt.Sprintf("score: %q is not a flag", f.Arg(0))}
	case truthPath == "" || alertsPath == "":
		return &usageError{"score compares two files: -truth FILE -alerts FILE"}
	case tolerance.Early < 0 || tolerance.Late < 0:
		return &usageError{"score: -early and -late are durations from 0s on"}
	}
	truth, err := readLines("truth", truthPath, score.ReadTruth)
	if err != nil {
		return err
	}
	alerts, err := readLines("alerts", alertsPath, score.ReadAlerts)
	if err != nil {
		return err
	}
	s := score.Of(truth, alerts, tolerance)
	if asJSON {
		out := json.NewEncoder(env.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(s)
	}
	return writeScore(env.Stdout, s)
}

func readLines[T any](flag, path string, read func(io.Reader) ([]T, error)) ([]T, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("-%s %s: %w", flag, path, cause(err))
		}
		defer file.Close()
		in = file
	}
	all, err := read(in)
	if err != nil {
		return nil, fmt.Errorf("-%s %s: %w", flag, path, err)
	}
	return all, nil
}

func writeScore(w io.Writer, s score.Score) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	percent := func(p *int) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprintf("%d %%", *p)
	}
	seconds := func(s *score.Seconds) string {
		if s == nil {
			return "-"
		}
		return time.Duration(*s).Round(time.Second).String()
	}
	fmt.Fprint(table, "scenario\tincidents\tfound\trecall\talerts\tright\tprecision\tmedian time\tworst\t\n")
	for _, f := range append(s.Scenarios, s.All) {
		name := f.Scenario
		if name == "" {
			name = "all"
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%d\t%d\t%s\t%s\t%s\t\n", name, f.Incidents, f.Found,
			percent(f.Recall), f.Alerts, f.Right, percent(f.Precision), seconds(f.Median), seconds(f.Worst))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if s.Unseen > 0 {
		_, err := fmt.Fprintf(w, "%d incidents touched no event, and count for nothing\n", s.Unseen)
		return err
	}
	return nil
}
