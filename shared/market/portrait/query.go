package main

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"salesburst/shared/devenv"
	"salesburst/shared/document"
	"salesburst/shared/sale"
)

// duckDB is the Python package.
const duckDB = "duckdb==2.0.1"

//go:embed ask.py *.sql
var asked embed.FS

// queries are the questions, by the names of their files and of their blocks.
var queries = []string{"cohorts", "repeat", "rfm"}

// query sells as schedules do, minute by minute, and asks DuckDB about it.
func (s *simulation) query() ([]block, error) {
	folder, err := os.MkdirTemp("", "portrait")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	events := filepath.Join(folder, "events.json")
	n, err := s.record(events)
	if err != nil {
		return nil, err
	}
	files, err := asked.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := asked.ReadFile(f.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, f.Name()), text, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	python, err := devenv.Python(s.ctx, duckDB)
	if err != nil {
		return nil, err
	}
	args := []string{filepath.Join(folder, "ask.py"), events}
	for _, name := range queries {
		args = append(args, filepath.Join(folder, name+".sql"))
	}
	var message bytes.Buffer
	cmd := exec.CommandContext(s.ctx, python, args...)
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking DuckDB: %w: %s", err, message.String())
	}
	var answers [][][]string
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(queries) {
		return nil, fmt.Errorf("reading DuckDB's %d answers: %w", len(answers), err)
	}
	about := fmt.Sprintf("%d days from %s on, minute by minute: %.2f million events.\n\n", s.queried,
		s.quarter.Format("2 January 2006"), float64(n)/1e6)
	blocks := []block{{"quarter", about}}
	for i, name := range queries {
		text := document.Head(answers[i][0]...)
		for _, row := range answers[i][1:] {
			text += document.Row(row...)
		}
		blocks = append(blocks, block{name, text})
	}
	return blocks, nil
}

// record writes the events of the quarter as JSON lines.
func (s *simulation) record(path string) (n int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, 1<<20)
	var line []byte
	for d := range s.queried {
		for c, mean := range [channels]int{s.online, s.stores} {
			from := s.quarter.Add(time.Duration(d) * day)
			err := s.sell(c, mean, from, day, time.Minute, func(e *sale.Sale) error {
				n++
				line = append(e.AppendJSON(line[:0]), '\n')
				_, err := out.Write(line)
				return err
			})
			if err != nil {
				return n, err
			}
			s.step(60)
		}
	}
	return n, out.Flush()
}
