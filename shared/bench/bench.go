// Package bench is what the benchmarks share: they say where their figures come from.
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
