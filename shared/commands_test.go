package shared_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
)

var (
	comment = regexp.MustCompile(`\s+#.*`)
	inline  = regexp.MustCompile("`((?:go|make|npx|aws|curl|docker|confluent|openssl|cd) [^`]+)`")
)

// commands are those in a document, in blocks for the shell and in its text.
func commands(text string) (all []string) {
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		if block[1] != "sh" {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(block[2], "\\\n", " ")) {
			if line = strings.TrimSpace(comment.ReplaceAllString(line, "")); line != "" {
				all = append(all, line)
			}
		}
	}
	for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		all = append(all, m[1])
	}
	return all
}

// elsewhere is what the commands need that are not for this machine. The lines that send a dead letter
// again are run with a stub of aws, by TestLetterIsTheSameBurst.
var elsewhere = map[string]string{
	"aws ": "an AWS account", "npx --yes aws-cdk@": "an AWS account", "test None = ": "an AWS account",
	"confluent ": "a Confluent account", "docker run ": "Docker, and the gateway", "openssl s_client ": "the gateway",
}

// goFlags are those of the go command and of its tests.
var goFlags = []string{"v", "run", "bench", "benchtime", "timeout", "short"}

// The commands in the documents are there: their targets, packages, flags and tests.
func TestCommandsInDocuments(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for path, text := range documents(t) {
		for _, command := range commands(text) {
			count++
			if slices.ContainsFunc(slices.Collect(maps.Keys(elsewhere)), func(begin string) bool { return strings.HasPrefix(command, begin) }) {
				continue
			}
			for _, wrong := range wrongWith(command, string(makefile)) {
				t.Errorf("%s: %s: %s", path, command, wrong)
			}
		}
	}
	if count < 40 {
		t.Errorf("%d commands were found: the test shows nothing", count)
	}
	for _, bad := range []string{"make nothing", "go run ./shared/nothing", "go test -nothing ./shared", "go test -run Nothing ./shared",
		`curl -d '{"nothing":1}' 127.0.0.1:8080/invoke/online`, "curl 127.0.0.1:8080/invoke/nothing", "curl -d scenario=nothing 127.0.0.1:8080/incidents", "rm -rf /"} {
		if len(wrongWith(bad, string(makefile))) == 0 {
			t.Errorf("%s passes", bad)
		}
	}
}

func wrongWith(command, makefile string) (wrong []string) {
	words := strings.Fields(command)
	say := func(what string) { wrong = append(wrong, what) }
	switch {
	case words[0] == "make":
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(words[1]) + `:`).MatchString(makefile) {
			say("no such target")
		}
	case words[0] == "curl":
		if payload := regexp.MustCompile(`-d '(.*)'`).FindStringSubmatch(command); payload != nil {
			var fields map[string]any
			if err := json.Unmarshal([]byte(payload[1]), &fields); err != nil {
				say(err.Error())
			}
			for name := range fields {
				if !slices.Contains(contract.RequestFields, name) {
					say("no such field: " + name)
				}
			}
		}
		name := words[len(words)-1]
		if strings.HasSuffix(name, "8080/incidents") {
			if scenario := regexp.MustCompile(`-d scenario=(\S+)`).FindStringSubmatch(command); scenario == nil {
				say("no scenario")
			} else if _, ok := incidents.Named(scenario[1]); !ok {
				say("no such scenario: " + scenario[1])
			}
			break
		}
		if !slices.ContainsFunc(contract.Functions(), func(f contract.Function) bool { return strings.HasSuffix(name, "/invoke/"+f.Name) }) {
			say("no such function")
		}
	case words[0] == "cd" && len(words) > 3 && words[2] == "&&":
		return wrongWithGo(words[3:], words[1])
	case words[0] == "go":
		return wrongWithGo(words, "")
	default:
		say("what is it?")
	}
	return wrong
}

// wrongWithGo looks at a command of go that is run in a folder of the repository.
func wrongWithGo(words []string, folder string) (wrong []string) {
	say := func(what string) { wrong = append(wrong, what) }
	if i := slices.Index(words, "--"); i > 0 { // the command beside servers
		wrong = wrongWithGo(words[i+1:], folder)
		words = words[:i]
	}
	var source, tests string
	for _, word := range words {
		if !strings.HasPrefix(word, "./") || word == "./..." || word == "./shared/NAME" {
			continue
		}
		paths, _ := filepath.Glob(filepath.Join("..", folder, word, "*.go"))
		if len(paths) == 0 {
			say("no such package: " + word)
		}
		if word == "./functions/local" {
			more, _ := filepath.Glob("local/*.go")
			paths = append(paths, more...)
		}
		for _, path := range paths {
			text, _ := os.ReadFile(path)
			source += string(text)
			if strings.HasSuffix(path, "_test.go") {
				tests += string(text)
			}
		}
	}
	for i, word := range words {
		name, isFlag := strings.CutPrefix(word, "-")
		if !isFlag || name == "" || name == "d" {
			continue
		}
		switch declared := regexp.MustCompile(`[Ff]lags?\.\w+\((?:&\w+(?:\.\w+)*, *)?"` + regexp.QuoteMeta(name) + `"|Var\([^"\n]*"` + regexp.QuoteMeta(name) + `"`); {
		case slices.Contains(goFlags, name) && words[1] == "test":
			if name == "run" && words[i+1] != "-" && !regexp.MustCompile(`func Test\w*`+words[i+1]).MatchString(tests) {
				say("no such test: " + words[i+1])
			}
		case !declared.MatchString(source):
			say("no such flag: " + word)
		}
	}
	return wrong
}
