package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// test is one of a program's, as it went with no mutant at work.
type test struct {
	name    string
	took    time.Duration
	reached map[int]bool // mutants
}

// How long a test may take with a mutant at work. A machine that is busier than it was without
// one must not end it early.
const (
	patience = 5 // times what it took without
	leastime = 10 * time.Second
)

// tests runs each test that may, alone and without a mutant, quick ones first.
func (p *program) tests(ctx context.Context, may func(name string) bool) (all []test, err error) {
	names, err := p.command(ctx, "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: listing tests: %w", p.binary, err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(names)); lines.Scan(); {
		if !may(lines.Text()) {
			continue
		}
		t := test{name: lines.Text(), reached: make(map[int]bool)}
		record := filepath.Join(filepath.Dir(p.binary), "reached")
		for try := 1; ; try++ {
			cmd := p.test(ctx, t, 10*time.Minute)
			cmd.Env = append(os.Environ(), "MUTANTS_REACHED="+record)
			start := time.Now()
			out, err := cmd.CombinedOutput()
			if t.took = time.Since(start); err == nil {
				break
			}
			if try == 3 { // a busy machine is no reason
				return nil, fmt.Errorf("%s fails without a mutant: %w\n%s", t.name, err, out)
			}
		}
		text, err := os.ReadFile(record)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, n := range strings.Fields(string(text)) {
			number, err := strconv.Atoi(n)
			if err != nil {
				return nil, err
			}
			t.reached[number] = true
		}
		_ = os.Remove(record)
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b test) int { return int(a.took - b.took) })
	return all, nil
}

// survives runs the tests that reach a mutant until one fails, or takes far longer than it
// does without.
func (p *program) survives(ctx context.Context, m *mutant, tests []test) bool {
	for _, t := range tests {
		if !t.reached[m.number] {
			continue
		}
		cmd := p.test(ctx, t, leastime+patience*t.took)
		cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(m.number))
		if cmd.Run() != nil {
			return false
		}
	}
	return true
}

func (p *program) test(ctx context.Context, t test, limit time.Duration) *exec.Cmd {
	return p.command(ctx, "-test.run", "^"+t.name+"$", "-test.short", "-test.failfast", "-test.timeout", limit.String())
}

// memory is what a test may take, in KiB of addresses: a mutant may collect without end.
const memory = 6 << 20

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memory),
		p.binary}, args...)...)
	cmd.Dir = p.dir
	cmd.WaitDelay = 5 * time.Second // for what it may have started
	return cmd
}
