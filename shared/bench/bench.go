// Package bench is what the benchmarks share: they write their figures into the documents, with
// where these come from.
package bench

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// WriteBlock puts text into a document, between the lines <!-- name:begin --> and
// <!-- name:end -->, in the place of what is there.
func WriteBlock(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	before, rest, begins := strings.Cut(string(old), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return fmt.Errorf("%s has no place between %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+strings.TrimRight(text, "\n")+"\n"+end+after), 0o644)
}

// WriteRow puts a row into the table of a document, in the place of the one with the same first cell.
func WriteRow(path, row string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
	lines := strings.Split(string(old), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "| "+cell+" |") {
			lines[i] = row
			return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
		}
	}
	return fmt.Errorf("%s has no row that begins with %q", path, cell)
}

var model = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)

// Stamp says when and where figures are measured, and of which commit: "2026-11-26, 2 cores of …, commit …".
func Stamp(now time.Time) string {
	cores := fmt.Sprintf("%d cores", runtime.NumCPU())
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := model.FindSubmatch(text); m != nil {
			cores += " of " + string(m[1])
		}
	}
	commit := "of no commit"
	if out, err := exec.Command("git", "describe", "--always", "--dirty=, changed").Output(); err == nil {
		commit = "commit " + strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%s, %s, %s", now.UTC().Format(time.DateOnly), cores, commit)
}
