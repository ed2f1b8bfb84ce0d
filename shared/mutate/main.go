// Command mutate changes the source in many small ways, one after the other, and looks
// whether a test notices:
//
//	go run ./shared/mutate                   all mutants of the packages below, some hours
//	go run ./shared/mutate -sample           a fixed part of them, some minutes
//	go run ./shared/mutate shared/sale       those of one package, or of one file of it
//
// It prints each mutant that no test notices, and the score of each package. Those that
// need not be noticed stand in survivors.tsv, with the reason; it fails where there are others.
// A mutant that makes a test hang counts as noticed. The tests are those of the mutated package,
// with -short.
//
// All mutants of a package are in one program, which is compiled once; the environment says
// which one is at work. Start with mutants.go, which says what the mutants are.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/signal"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// target is a package whose tests are looked at.
type target struct {
	pkg    string
	sample int // mutants in the sample; 0: it has survivors that are not looked at yet

	// Where most of the tests need a broker, the files that have tests of their own, inside
	// the package. Their mutants are for these alone, and the sample is of them.
	files []string
}

var targets = []target{
	{pkg: "shared/publish/recordzstd", sample: 60},
	{pkg: "shared/publish", sample: 40, files: []string{"batch.go", "murmur2.go", "feed.go"}},
	{pkg: "shared/publish/wire", sample: 20},
	{pkg: "shared/burst", sample: 30},
	{pkg: "shared/app", sample: 40, files: []string{"trigger.go", "payload.go", "order.go", "stages.go", "report.go",
		"log.go"}},
	{pkg: "shared/sale", sample: 50},
	{pkg: "shared/credentials", sample: 30},
}

// seed chooses the sample.
const seed = "1"

func main() {
	sample := flag.Bool("sample", false, "a fixed part of the mutants only")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "mutants at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, flag.Args(), *sample, *workers)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

var errSurvivors = errors.New("write tests that fail with these mutants, or say in " + survivorsFile +
	" why none has to")

func run(ctx context.Context, out io.Writer, only []string, sample bool, workers int) error {
	known, err := readSurvivors()
	if err != nil {
		return fmt.Errorf("%s: %w", survivorsFile, err)
	}
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	failed := false
	for _, t := range targets {
		chosen := len(only) == 0
		var files []string
		for _, o := range only {
			o = path.Clean(o)
			if o == t.pkg || path.Dir(o) == t.pkg && strings.HasSuffix(o, ".go") {
				chosen = true
			}
			if path.Dir(o) == t.pkg && strings.HasSuffix(o, ".go") {
				files = append(files, path.Base(o))
			}
		}
		if !chosen || sample && t.sample == 0 {
			continue
		}
		ok, err := t.run(ctx, out, work, files, known[t.pkg], sample, workers)
		if err != nil {
			return fmt.Errorf("%s: %w", t.pkg, err)
		}
		failed = failed || !ok
	}
	if failed {
		return errSurvivors
	}
	return nil
}

// run looks at the mutants of a package and tells whether all that survive are known.
func (t target) run(ctx context.Context, out io.Writer, work string, files []string, known map[key]string, sample bool,
	workers int) (ok bool, err error) {
	p, err := build(ctx, t.pkg, work)
	if err != nil {
		return false, err
	}
	ok = true
	exist := make(map[key]bool)
	for _, m := range p.mutants {
		exist[m.key] = true
	}
	for k := range known {
		if !exist[k] {
			ok = false
			fmt.Fprintf(out, "no such mutant any more, take it off the list:\n%s\n", k.line(t.pkg))
		}
	}
	mutants := p.mutants
	if sample && t.files != nil {
		files = t.files
	}
	if files != nil {
		mutants = slices.DeleteFunc(mutants, func(m *mutant) bool { return !slices.Contains(files, m.file) })
	}
	if sample {
		mutants = slices.DeleteFunc(mutants, func(m *mutant) bool { return known[m.key] != "" })
		mutants = choose(mutants, t.pkg, t.sample)
	}
	alone := func(m *mutant) bool { return slices.Contains(t.files, m.file) }
	all := slices.ContainsFunc(mutants, func(m *mutant) bool { return !alone(m) })
	tests, err := p.tests(ctx, func(name string) bool { return all || slices.Contains(p.inside, name) })
	if err != nil {
		return false, err
	}
	inside := slices.DeleteFunc(slices.Clone(tests), func(t test) bool { return !slices.Contains(p.inside, t.name) })
	var survived []*mutant
	var mu sync.Mutex
	var running sync.WaitGroup
	next := make(chan *mutant)
	for range workers {
		running.Go(func() {
			for m := range next {
				its := tests
				if alone(m) {
					its = inside
				}
				// Once more: a busy machine can hide a mutant from a test that waits.
				if !p.survives(ctx, m, its) || sample && !p.survives(ctx, m, its) {
					continue
				}
				mu.Lock()
				survived = append(survived, m)
				if known[m.key] == "" {
					ok = false
					fmt.Fprintf(out, "%s\t# line %d: %s\n", m.key.line(t.pkg), m.line, m.piece)
				}
				mu.Unlock()
			}
		})
	}
	for i, m := range mutants {
		if ctx.Err() != nil {
			mutants = mutants[:max(0, i-workers)] // what was looked at is told all the same
			break
		}
		next <- m
	}
	close(next)
	running.Wait()
	survived = slices.DeleteFunc(survived, func(m *mutant) bool { return !slices.Contains(mutants, m) })
	t.report(out, mutants, survived, known)
	return ok, context.Cause(ctx)
}

// choose takes the mutants with the lowest hashes: few others when the source changes.
func choose(mutants []*mutant, pkg string, n int) []*mutant {
	hash := func(m *mutant) uint64 {
		h := fnv.New64a()
		fmt.Fprint(h, seed, m.key.line(pkg))
		return h.Sum64()
	}
	slices.SortFunc(mutants, func(a, b *mutant) int { return cmp.Compare(hash(a), hash(b)) })
	return mutants[:min(n, len(mutants))]
}

func (t target) report(out io.Writer, mutants, survived []*mutant, known map[key]string) {
	byFile := make(map[string][3]int) // mutants, survivors, known ones
	var names []string
	count := func(name string, i int) {
		if _, there := byFile[name]; !there {
			names = append(names, name)
		}
		n := byFile[name]
		n[i]++
		byFile[name] = n
	}
	for _, m := range mutants {
		count("all", 0)
		count(m.file, 0)
	}
	for _, m := range survived {
		count("all", 1)
		count(m.file, 1)
		if known[m.key] != "" {
			count("all", 2)
			count(m.file, 2)
		}
	}
	for _, name := range names {
		n := byFile[name]
		fmt.Fprintf(out, "# %s/%s: %d of %d mutants are noticed, %.1f %%; of %d that are not, %d need not be\n",
			t.pkg, name, n[0]-n[1], n[0], 100*float64(n[0]-n[1])/float64(n[0]), n[1], n[2])
	}
}
