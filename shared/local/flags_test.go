package local

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

func TestWrongFlagsAreOneClearLine(t *testing.T) {
	for name, c := range map[string]struct {
		args, env, says string
	}{
		"unknown flag":         {"-hisotry 6h", "", "-hisotry"},
		"not a flag":           {"online", "", `"online" is not a flag`},
		"history no duration":  {"-history 6", "", "history"},
		"history negative":     {"-history -6h", "", "a duration from 0 to 168h"},
		"history too long":     {"-history 200h", "", "a duration from 0 to 168h"},
		"history with seconds": {"-history 90s", "", "whole minutes"},
		"once without history": {"-once -history 0", "", "a minute or more"},
		"speed of zero":        {"-speed 0", "", "a number from 1 to 3600"},
		"speed that is none":   {"-speed NaN", "", "a number from 1 to 3600"},
		"speed in words":       {"-speed fast", "", "a number from 1 to 3600"},
		"once with speed":      {"-once -speed 60", "", "do not go together"},
		"speed alone":          {"-speed 60 -history 0", "", "nothing to catch up with"},
		"snapshot of nothing":  {"-snapshot pics -history 0", "", "a minute or more"},
		"once with snapshot":   {"-once -snapshot pics", "", "do not go together"},
		"snapshot with speed":  {"-snapshot pics -speed 60", "", "do not go together"},
		"listen without port":  {"-listen localhost", "", "host:port"},
		"broker without port":  {"-brokers kafka", "", "host:port"},
		"empty broker":         {"-brokers kafka:9092,", "", "host:port"},
		"two brokers":          {"-stack -brokers kafka:9092", "", "do not go together"},
		"rejects of nothing":   {"-rejects bad.csv", "", "name one"},
		"rejects overwrite":    {"-catalogue my.csv -rejects ./my.csv", "", "name another file"},
		"no topic":             {"-topic=", "", "a name"},
		"impossible topic":     {"-topic a/b", "", "1 to 249 characters"},
		"password missing":     {"", EnvUsername, "are needed together"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := Run(t.Context(), Env{Args: strings.Fields(c.args), Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string {
				if name == c.env {
					return "key"
				}
				return ""
			}})
			expectOneLine(t, stderr.String(), c.says)
			if status != 2 || stdout.Len() > 0 {
				t.Errorf("status %d with %q on standard output, want 2 and nothing", status, &stdout)
			}
		})
	}
}

func expectOneLine(t *testing.T, text, says string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || !strings.Contains(text, says) {
		t.Errorf("want one line that says %q, got %q", says, text)
	}
}

func TestHelp(t *testing.T) {
	var stdout bytes.Buffer
	if status := Run(t.Context(), Env{Args: []string{"-h"}, Stdout: &stdout, Getenv: noEnv}); status != 0 {
		t.Errorf("status %d, want 0", status)
	}
	for _, flag := range []string{"history", "speed", "once", "listen", "catalogue", "rejects", "market", "market-template", "out",
		"brokers",
		"topic", "stack", "snapshot", "incidents", "truth", "truth-topic=false", "twin"} {
		if !strings.Contains(stdout.String(), "\n  -"+flag+" ") {
			t.Errorf("the help does not describe -%s", flag)
		}
	}
	for line := range strings.Lines(stdout.String()) {
		if len(line) > 100 {
			t.Errorf("too long for a terminal: %s", line)
		}
	}
}

func TestFlagsAreUnderstood(t *testing.T) {
	env := map[string]string{EnvServers: "SASL_SSL://a.example:9092, b.example:9092", EnvUsername: "key", EnvPassword: "hidden"}
	o, err := parseFlags(strings.Fields("-history 90m -speed 60.5 -topic sales -listen :0"), func(name string) string { return env[name] }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.brokers) != 2 || o.brokers[0] != "a.example:9092" || o.brokers[1] != "b.example:9092" {
		t.Errorf("brokers are %q", o.brokers)
	}
	if c := existing(o); c.tls == nil || c.username != "key" || c.password.Reveal() != "hidden" {
		t.Error("credentials do not turn TLS on")
	}
	if o.speed != 60.5 || o.history.Minutes() != 90 {
		t.Errorf("options are %+v", o)
	}
	if _, err := parseFlags([]string{"-help"}, noEnv, new(bytes.Buffer)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help gives %v", err)
	}
}
