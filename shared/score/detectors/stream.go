package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/local"
	"salesburst/shared/sale"
	"salesburst/shared/score"
)

// stream is the events in a folder, and what the program says of them.
type stream struct {
	options
	folder string
}

func (r *stream) path(name string) string { return filepath.Join(r.folder, name) }

// program runs functions/local at a time of its own, with nothing of the environment.
func (r *stream) program(ctx context.Context, args ...string) (stdout []byte, err error) {
	var out bytes.Buffer
	status := local.Run(ctx, local.Env{
		Args: args, Stdout: &out, Stderr: r.progress,
		Now: func() time.Time { return r.begin.Add(r.length) },
		Getenv: func(name string) string {
			if name == contract.EnvEventsPerMinute && r.events > 0 {
				return strconv.Itoa(r.events)
			}
			return ""
		},
	})
	if status != 0 {
		return nil, fmt.Errorf("functions/local %s: status %d: %s", strings.Join(args, " "), status, &out)
	}
	return out.Bytes(), nil
}

// sell publishes all events, through Kafka, and counts them.
func (r *stream) sell(ctx context.Context) (events int, truth []sale.Truth, err error) {
	if err := os.WriteFile(r.path("plan.json"), []byte(r.plan), 0o600); err != nil {
		return 0, nil, err
	}
	said, err := r.program(ctx, "-once", "-history", r.length.String(), "-incidents", r.path("plan.json"),
		"-truth", r.path("truth.jsonl"), "-out", r.path("events.jsonl"))
	if err != nil {
		return 0, nil, err
	}
	if _, err := fmt.Sscanf(string(said), "published %d", &events); err != nil {
		return 0, nil, fmt.Errorf("it says %q: %w", said, err)
	}
	file, err := os.Open(r.path("truth.jsonl"))
	if err != nil {
		return 0, nil, err
	}
	defer file.Close()
	truth, err = score.ReadTruth(file)
	return events, truth, err
}

// rules are the alerts of the dashboards' rules.
func (r *stream) rules(ctx context.Context) ([]byte, error) {
	return r.program(ctx, "alerts", "-events", r.path("events.jsonl"))
}

// withoutIDs are the alerts of the rules that look at no transaction ids.
func withoutIDs(alerts []byte) (left []byte) {
	for line := range bytes.Lines(alerts) {
		if !bytes.Contains(line, []byte("-missing")) && !bytes.Contains(line, []byte("-duplicated")) {
			left = append(left, line...)
		}
	}
	return left
}

// river are the alerts of unusual.py.
func (r *stream) river(ctx context.Context) ([]byte, error) {
	python, err := devenv.Python(ctx, river)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.path("unusual.py"), []byte(unusual), 0o600); err != nil {
		return nil, err
	}
	var message bytes.Buffer
	cmd := exec.CommandContext(ctx, python, r.path("unusual.py"), r.path("events.jsonl"),
		strconv.Itoa(int(r.learn.Minutes())))
	cmd.Stderr = io.MultiWriter(r.progress, &message)
	alerts, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unusual.py: %w", err), errors.New(message.String()))
	}
	return alerts, nil
}
