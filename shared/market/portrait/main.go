/*
Command portrait draws the market: it sells for a year, looks at what was sold as a retailer would, and
says beside each figure what it ought to be.

	go run ./shared/market/portrait -write

writes the pictures of shared/market/portrait and the marked blocks of shared/market/README.md. It takes
ten minutes of one core: a year of both channels at a small rate, two weeks of minutes at 600 events
each, and a quarter minute by minute as a schedule would publish it, over which DuckDB answers the
questions of the .sql files here. Without -write the figures go to the standard output and nothing is
changed. DuckDB is the Python package, in an environment of its own in the user's cache.

simulate.go sells; year.go, customers.go, retries.go and minutes.go count; figures.go compares; the
drawing is in canvas.go, and the pictures in pictures.go, relations.go and usmap.go.
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
	"path/filepath"
	"syscall"
	"time"

	"salesburst/shared/document"
)

// options say how much is sold, and where the portrait goes.
type options struct {
	from     time.Time // the year's first day
	days     int       // of the year
	online   int       // events a minute
	stores   int
	minutes  int // days of which each minute is looked at
	rate     int // events that a minute has there on average
	quarter  time.Time
	queried  int    // days from quarter on that DuckDB is asked about; 0: it is not
	folder   string // of README.md, and of portrait with the pictures
	write    bool
	only     bool // the scenarios, which are drawn in seconds
	progress io.Writer
}

const usage = `usage: go run ./shared/market/portrait [flags]

Sells for a simulated year and prints the market's figures beside what they ought to be.

`

func parse(args []string, out io.Writer) (options, error) {
	o := options{
		from: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), quarter: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		rate: 600, folder: filepath.Join("shared", "market"), progress: out,
	}
	flags := flag.NewFlagSet("portrait", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&o.days, "days", 365, "days of the year, from 1 January 2026 on")
	flags.IntVar(&o.online, "online", 12, "`events` per minute online")
	flags.IntVar(&o.stores, "stores", 3, "`events` per minute in stores")
	flags.IntVar(&o.minutes, "minutes", 14, "`days` of which each minute is looked at")
	flags.IntVar(&o.queried, "quarter", 91, "`days` that DuckDB is asked about, from 1 April 2026 on; 0: none")
	flags.BoolVar(&o.write, "write", false, "write the pictures, and the blocks of shared/market/README.md")
	flags.BoolVar(&o.only, "scenarios", false, "write the picture of the scenarios alone, in seconds")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("nothing is expected behind the flags, there is %q", flags.Args())
	case o.days < 1 || o.days > 365:
		return o, errors.New("-days takes 1 to 365")
	case min(o.online, o.stores) < 1 || max(o.online, o.stores) > 10_000:
		return o, errors.New("-online and -stores take 1 to 10000")
	case o.minutes < 1 || o.minutes > 100 || o.queried < 0 || o.queried > 275:
		return o, errors.New("-minutes takes 1 to 100, -quarter 0 to 275")
	}
	return o, nil
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "portrait:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "portrait:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	s, err := newSimulation(ctx, o)
	if err != nil {
		return err
	}
	pictures := filepath.Join(o.folder, "portrait")
	if o.only {
		var p portrait
		if p.scenarios, err = s.troubled(); err != nil {
			return err
		}
		return p.drawScenarios().save(pictures, scenariosPicture)
	}
	p, err := s.portrait()
	if err != nil {
		return err
	}
	blocks := []block{{"figures", p.figures()}}
	if o.queried > 0 {
		answers, err := s.query()
		if err != nil {
			return err
		}
		blocks = append(blocks, answers...)
	}
	for _, b := range blocks {
		fmt.Fprintf(out, "%s\n\n%s\n", b.name, b.text)
	}
	if !o.write {
		return nil
	}
	if err := p.draw(pictures); err != nil {
		return err
	}
	for _, b := range blocks {
		if err := document.WriteBlock(filepath.Join(o.folder, "README.md"), b.name, b.text); err != nil {
			return err
		}
	}
	return nil
}

// block is a part of the document that the command writes.
type block struct{ name, text string }
