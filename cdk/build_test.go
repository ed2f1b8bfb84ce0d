package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"salesburst/shared/spec"
)

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, out)
	}
	return string(out)
}

// clone is a checkout of the last commit, with another one on top.
func clone(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	command(t, "..", "git", "clone", "-q", ".", dir)
	command(t, dir, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "--allow-empty", "-m", name)
	return dir
}

// From two folders and two commits come the same bytes, so that a deploy changes only
// what has changed.
func TestSameBytesElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the functions twice")
	}
	var built [2]string
	for i, name := range []string{"here", "elsewhere"} {
		dir, err := buildFunctions(clone(t, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		built[i] = dir
	}
	for _, f := range spec.Functions() {
		var files [2][]byte
		for i, dir := range built {
			var err error
			if files[i], err = os.ReadFile(filepath.Join(dir, f.Name, "bootstrap")); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("function %s has %d bytes here and %d elsewhere, or others", f.Name, len(files[0]), len(files[1]))
		}
	}
}

// The CDK's own command synthesizes the app, and says in one line what it is asked in vain.
func TestSynth(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the CDK's command")
	}
	out := t.TempDir()
	command(t, "..", "npx", "--yes", "aws-cdk@2.1148.1", "synth", "-q", "-o", out)
	for _, name := range []string{"Salesburst.template.json", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	refused := exec.CommandContext(t.Context(), "npx", "--yes", "aws-cdk@2.1148.1", "synth", "-q", "-o", t.TempDir(), "-c", "memory=lots")
	refused.Dir = ".."
	text, err := refused.CombinedOutput()
	if err == nil || !strings.Contains(string(text), `salesburst: context key "memory" is "lots"; allowed is whole MB, 128 to 10240`) {
		t.Errorf("error %v: %s", err, text)
	}
}
