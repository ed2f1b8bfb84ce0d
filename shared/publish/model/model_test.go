// Package model checks the protocol of exactly-once delivery against what a Kafka cluster
// may do to it; see README.md.
package model

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	update = flag.Bool("update", false, "write COUNTEREXAMPLES.md anew")
	large  = flag.Bool("large", false, "search what takes many minutes and gigabytes too")
)

const document = "COUNTEREXAMPLES.md"

// search is a configuration of the model, and what is found in it.
type search struct {
	name  string
	flags string   // see the head of burst.pml
	seen  []string // at least; the search must hold
	story string   // why it fails instead: a counterexample is told under name
	large bool
}

// The protocol before its protections, and with a mark in place of the second look.
const (
	before = "-DRECHECK=0 -DSAME=0 -DSTABLE=0 -DRAISE=0 "
	mark   = "-DRECHECK=0 -DSAME=0 "
)

// What every search with two attempts comes by.
var usual = []string{"published", "skipped", "given up", "given up, another goes on", "refused", "fencing a transaction",
	"a late batch refused", "a late batch taken", "a late entry refused", "commit refused"}

// And with an answer of the past.
var past = []string{"an answer of the past", "the second look helped", "an entry for a broker that does not lead"}

func also(seen ...string) []string { return append(slices.Clone(usual), seen...) }

var searches = []search{
	{name: "all as it is", flags: "-DLAZY=1 -DFREEZES=1", seen: also(append(past, "a marker taken in late")...)},
	{name: "all as it is, leaders verify", flags: "-DLAZY=1 -DFREEZES=1 -DVERIFY=1",
		seen: also(append(past, "a batch outside of a transaction refused")...)},
	{name: "messages arrive twice", flags: "-DCOPIES=1", seen: also("a batch twice")},
	{name: "two bursts in one ledger", flags: "-DBURSTS=2 -DLAZY=1 -DFREEZES=1",
		seen: []string{"published", "given up", "an answer of the past", "the second look helped", "a late entry refused"}},
	{name: "messages arrive twice, with every fault", flags: "-DLAZY=1 -DFREEZES=1 -DCOPIES=1", seen: also("a batch twice"), large: true},
	{name: "three brokers, two freezes", flags: "-DLAZY=1 -DFREEZES=2 -DBROKERS=3", seen: also(past...), large: true},
	{name: "two freezes of two brokers", flags: "-DLAZY=1 -DFREEZES=2", seen: also(past...), large: true},
	{name: "three attempts", flags: "-DATTEMPTS=3 -DHALVES=1 -DLAZY=1", seen: usual, large: true},

	{name: "the last attempt succeeds", flags: "-DALONE=1 -DLAZY=1 -DFREEZES=1",
		seen: []string{"published", "skipped", "an answer of the past"}},
	{name: "the last attempt succeeds, leaders verify and messages arrive twice", flags: "-DALONE=1 -DVERIFY=1 -DCOPIES=1",
		seen: []string{"published", "skipped", "a batch twice"}},

	{name: "before: a broker that froze", flags: before + "-DFREEZES=1 -DVERIFY=1 -DHALVES=1",
		story: "The second attempt asks a broker that speaks of the past."},
	{name: "before: a marker that is taken in late", flags: before + "-DLAZY=1 -DVERIFY=1",
		story: "The second attempt asks before the ledger's broker has taken in what its log says."},
	{name: "before: two bursts in one ledger", flags: before + "-DBURSTS=2 -DFREEZES=1 -DVERIFY=1 -DHALVES=1",
		story: "The entry of the second burst is made of an answer of the past, and the first burst is not in it."},
	{name: "before: a stray batch", flags: before,
		story: "An attempt gives up while a batch is on its way. The abort does not raise the epoch, so the leader takes the batch afterwards, and the next attempt's marker commits it."},
	{name: "before, leaders verify and nobody freezes", flags: before + "-DVERIFY=1",
		seen: []string{"published", "skipped", "given up", "a late batch refused", "a batch outside of a transaction refused"}},

	{name: "without the second look", flags: "-DRECHECK=0 -DSAME=0 -DFREEZES=1 -DHALVES=1",
		story: "What is stable on a broker that froze is still the past."},
	{name: "without RequireStable", flags: "-DSTABLE=0 -DLAZY=1",
		story: "The entry before is still pending, whoever is asked."},
	{name: "the entry goes to whoever has the ledger now", flags: "-DSAME=0 -DLAZY=1 -DFREEZES=1 -DHALVES=1",
		story: "The first look is at a broker that speaks of the past, the second at one that has not taken the marker in. The second cannot ask for what is stable, for its own entry is pending."},
	{name: "abort by EndTxn", flags: "-DRAISE=0",
		story: "The stray batch of before."},
	{name: "abort by EndTxn and then InitProducerID", flags: "-DRAISE=2",
		story: "InitProducerID writes a marker only where a transaction is under way. Without one the leader does not hear of the new epoch."},
	{name: "abort by EndTxn, leaders verify", flags: "-DRAISE=0 -DVERIFY=1 -DLAZY=1",
		seen: []string{"published", "skipped", "given up", "a late batch refused", "a late entry refused"}},

	{name: "a mark in place of the second look", flags: mark + "-DMARK=1 -DLAZY=1 -DFREEZES=1",
		seen: also("an answer of the past", "not its mark", "fenced by the mark", "a late mark over a newer one", "a marker taken in late")},
	{name: "a mark that is written before InitProducerID", flags: mark + "-DMARK=2 -DFREEZES=1 -DHALVES=1",
		story: "The mark proves only that the answer is newer than the mark. An attempt that is fenced later may still publish in between."},

	{name: "limit: an entry that arrives twice", flags: "-DALONE=1 -DCOPIES=1",
		story: "Nothing is duplicated, but the cell is blocked: an entry is pending that no marker will end, and every later attempt is told to wait. Leaders that verify refuse the copy."},
	{name: "limit: a marker that ends the next entry", flags: "-DLAZY=2",
		story: "A broker with KAFKA-17507 ends whatever the producer has pending when it takes a marker in. The abort of a transaction that had announced an entry and not written it is taken in so late that it drops the entry of the next one, which is committed."},
}

// twice keeps the memory of the searches that run at once below two gigabytes.
var twice = make(chan struct{}, 2)

func TestModel(t *testing.T) {
	if testing.Short() {
		t.Skip("searches take minutes")
	}
	for _, tool := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: apt-get install spin gcc", err)
		}
	}
	var mu sync.Mutex
	stories := make(map[string]string)
	t.Run("search", func(t *testing.T) {
		for _, s := range searches {
			if s.large && !*large {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				twice <- struct{}{}
				defer func() { <-twice }()
				output, steps := s.run(t)
				if s.story == "" {
					if steps != nil {
						t.Fatalf("does not hold:\n%s", strings.Join(steps, "\n"))
					}
					for _, what := range s.seen {
						if !strings.Contains(output, "seen: "+what+"\n") {
							t.Errorf("never came by: %s", what)
						}
					}
					return
				}
				if steps == nil {
					t.Fatal("holds, and should not")
				}
				mu.Lock()
				defer mu.Unlock()
				stories[s.name] = s.tell(steps)
			})
		}
	})
	if t.Failed() {
		return
	}
	text, err := os.ReadFile(document)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if *update {
		text = write(stories, text)
		if err := os.WriteFile(document, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, story := range stories {
		if told(text, name) != story {
			t.Errorf("%s tells another story of %q: go test -update, and read what became of it; it is now:\n%s", document, name, story)
		}
	}
}

var (
	failures = regexp.MustCompile(`errors: (\d+)`)
	sizes    = regexp.MustCompile(`(\d+) states, stored`)
	complete = regexp.MustCompile(`(?m)^Full statespace search|Breadth-First Search`)
)

// run searches all states and returns what the checker said, and the steps of a
// counterexample where there is one.
func (s search) run(t *testing.T) (output string, steps []string) {
	dir := t.TempDir()
	const source = "burst.pml"
	model, err := os.ReadFile(source)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, source), model, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	command := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
		return string(out)
	}
	flags := strings.Fields(s.flags)
	pan := []string{"-m100000", "-w22"}
	if !strings.Contains(s.flags, "ALONE") {
		pan = append(pan, "-E") // an attempt may wait forever
	}
	compile := []string{"-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=512", "-o", "pan", "pan.c"}
	if s.story == "" {
		flags = append(flags, "-DSEEN")
	} else {
		compile = append(compile, "-DBFS") // the shortest story
	}
	command("spin", append(flags, "-a", source)...)
	command("gcc", compile...)
	output = command("./pan", pan...)
	found := failures.FindStringSubmatch(output)
	size := sizes.FindStringSubmatch(output)
	if found == nil || size == nil || !complete.MatchString(output) || strings.Contains(output, "max search depth too small") {
		t.Fatalf("the search failed:\n%s", output)
	}
	t.Logf("%s: %s states", s.name, size[1])
	if found[1] == "0" {
		return output, nil
	}
	story := command("spin", append(flags, "-t", "-T", "-B", source)...)
	for line := range strings.Lines(story) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "spin:") {
			break // the end of the trail, or its last step
		}
		if line != "" {
			steps = append(steps, line)
		}
	}
	if len(steps) == 0 {
		t.Fatalf("no steps:\n%s", story)
	}
	if strings.Contains(s.flags, "ALONE") {
		steps = append(steps, fmt.Sprintf("Attempt %d waits forever.", 2))
	}
	return output, steps
}

func (s search) tell(steps []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n`%s`\n\n", s.story, strings.TrimSpace(s.flags))
	for i, step := range steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, step)
	}
	return b.String()
}

const introduction = `# Counterexamples

Each is the shortest way in which the promise is broken. The test compares them with what
the checker finds; ` + "`go test ./shared/publish/model -large -update`" + ` writes them anew.
`

// told returns the story that the document tells under a name.
func told(document []byte, name string) string {
	_, rest, ok := bytes.Cut(document, []byte("\n## "+name+"\n"))
	if !ok {
		return ""
	}
	story, _, more := bytes.Cut(rest, []byte("\n## "))
	if more {
		return string(story)
	}
	return string(rest)
}

// write returns the document with new stories; those that are not there stay as they were.
func write(stories map[string]string, old []byte) []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	for _, s := range searches {
		story, ok := stories[s.name]
		if !ok {
			story = told(old, s.name)
		}
		if s.story != "" && story != "" {
			fmt.Fprintf(&b, "\n## %s\n%s", s.name, story)
		}
	}
	return b.Bytes()
}
