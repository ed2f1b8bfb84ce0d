package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	druid "salesburst/druid-ec2"
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

// synth runs the CDK's own command in a checkout.
func synth(t *testing.T, checkout, out string, args ...string) {
	t.Helper()
	command(t, checkout, "npx", append([]string{"--yes", "aws-cdk@2.1148.1", "synth", "-q", "-o", out}, args...)...)
}

// clone is a checkout of the last commit, with another one on top.
func clone(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	command(t, "..", "git", "clone", "-q", ".", dir)
	command(t, dir, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "--allow-empty", "-m", name)
	return dir
}

// synthOffline does it where no network is, not even loopback.
func synthOffline(t *testing.T, checkout, out string) {
	t.Helper()
	command(t, checkout, "unshare", "--net", "--map-root-user", "env", "GOPROXY=off", "npx", "--offline", "--yes", "aws-cdk@2.1148.1", "synth", "-q", "-o", out)
}

// From two folders and two commits come the same template and the same files for the cloud,
// so that a deploy changes only what has changed. The second time nothing is downloaded.
func TestSameElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the CDK's command twice")
	}
	here, elsewhere := t.TempDir(), t.TempDir()
	synth(t, clone(t, "here"), here)
	synthOffline(t, clone(t, "elsewhere"), elsewhere)
	for _, name := range []string{"Salesburst.template.json", "Salesburst.assets.json"} { // the latter has the files' hashes
		command(t, ".", "diff", filepath.Join(here, name), filepath.Join(elsewhere, name))
	}
}

// The CDK's own command synthesizes the app, and says in one line what it is asked in vain.
func TestSynth(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the CDK's command")
	}
	out, files := t.TempDir(), t.TempDir()
	synth(t, "..", out)
	for _, name := range []string{"Salesburst.template.json", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	// Of druid-ec2 it sends what runs on the instance, and no test or other code.
	if err := druid.Write(files); err != nil {
		t.Fatal(err)
	}
	sent, err := filepath.Glob(filepath.Join(out, "asset.*", "bootstrap.sh"))
	if err != nil || len(sent) != 1 {
		t.Fatalf("error %v, sent %v", err, sent)
	}
	command(t, ".", "diff", "-r", files, filepath.Dir(sent[0]))
	// The path of a file begins where the command runs.
	carried := t.TempDir()
	synth(t, "..", carried, "-c", "druid=false", "-c", "market=cdk/testdata/market/sundays.json")
	if markets, err := filepath.Glob(filepath.Join(carried, "asset.*", "market.json")); err != nil || len(markets) != 2 {
		t.Errorf("error %v, the market's file is sent as %v", err, markets)
	}
	for setting, want := range map[string]string{
		"memory=lots":          `salesburst: context key "memory" is "lots"; allowed is whole MB, 128 to 10240`,
		"market=cdk/none.json": `salesburst: context key "market" is "cdk/none.json": open cdk/none.json: no such file or directory; allowed is empty, or`,
	} {
		refused := exec.CommandContext(t.Context(), "npx", "--yes", "aws-cdk@2.1148.1", "synth", "-q", "-o", t.TempDir(), "-c", setting)
		refused.Dir = ".."
		text, err := refused.CombinedOutput()
		if err == nil || !strings.Contains(string(text), want) {
			t.Errorf("error %v: %s", err, text)
		}
	}
}
