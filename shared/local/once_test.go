package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

var onceLine = regexp.MustCompile(`^published (\d+), read back (\d+), missing 0, duplicated 0\n$`)

// published returns the number in the line of -once.
func published(t *testing.T, line string) int {
	t.Helper()
	part := onceLine.FindStringSubmatch(line)
	var n int
	if part == nil || part[1] != part[2] {
		t.Fatalf("it says %q", line)
	}
	if fmt.Sscan(part[1], &n); n == 0 {
		t.Fatal("nothing was published")
	}
	return n
}

func TestOncePublishesAndReadsBack(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := runProgram(t, nil, "-once", "-history", "10m")
	if published(t, stdout); status != 0 {
		t.Errorf("status %d", status)
	}
	if strings.ContainsAny(stderr, "\r\x1b\b") {
		t.Errorf("control characters where there is no terminal: %q", stderr)
	}
}

func TestOutIsEveryEventAndNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.json")
	stdout, _, status := runProgram(t, nil, "-once", "-history", "3m", "-out", path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := published(t, stdout); expectEvents(t, file) != n || status != 0 {
		t.Errorf("not the %d published events are in the file; status %d", n, status)
	}

	stdout, stderr, status := runProgram(t, nil, "-once", "-history", "3m", "-out", "-")
	last := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]
	if n := published(t, last); expectEvents(t, []byte(stdout)) != n || status != 0 {
		t.Errorf("not the %d published events are on standard output; status %d", n, status)
	}
}

func expectEvents(t *testing.T, lines []byte) int {
	t.Helper()
	seen := make(map[sale.TransactionID]bool)
	for line := range bytes.Lines(lines) {
		var s sale.Sale
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[s.TransactionID] = true
	}
	return len(seen)
}

// With a broker that exists, only what this run publishes counts.
func TestOnceWithABrokerThatExists(t *testing.T) {
	t.Parallel()
	secure, env := secureBroker(t, "sales")
	plain := &cluster{servers: plainBroker(t, "sales").ListenAddrs(), topic: "sales"}
	for name, c := range map[string]struct {
		cluster *cluster
		env     []string
	}{"TLS and SASL": {secure, env}, "plain text": {plain, nil}} {
		t.Run(name, func(t *testing.T) {
			for _, delivery := range []string{"exactly-once", "idempotent"} { // this publishes the same events again
				produceOthers(t, c.cluster)
				stdout, stderr, status := runProgram(t, append(slices.Clone(c.env), "DELIVERY="+delivery), "-once", "-history", "2m", "-topic", "sales", "-brokers", c.cluster.servers[0])
				if status != 0 {
					t.Fatalf("status %d: %s", status, stderr)
				}
				published(t, stdout)
			}
		})
	}
}

// Two programs at once, and a third one afterwards, bring each burst to the topic once.
func TestProgramsBesideEachOther(t *testing.T) {
	t.Parallel()
	c, env := secureBroker(t, "sales")
	run := func() {
		stdout, stderr, status := runProgram(t, env, "-once", "-history", "10m", "-topic", "sales", "-brokers", c.servers[0])
		part := onceLine.FindStringSubmatch(stdout)
		if status != 0 || part == nil {
			// An attempt that is overtaken says so, and its burst is there all the same.
			if !strings.Contains(stderr, "took over") {
				t.Errorf("status %d, %s, %s", status, stdout, stderr)
			}
		}
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(run)
	}
	wg.Wait()
	run()
	tally, ids := newTally(), readTopic(t, c)
	for _, r := range ids {
		tally.see([]columnstore.Row{r})
	}
	if sum := tally.totals(); sum.Foreign != len(ids) || len(ids) == 0 || countDuplicated(tally) > 0 {
		t.Errorf("%d events in the topic, %d of them duplicated", len(ids), countDuplicated(tally))
	}
}

func countDuplicated(t *tally) (n int) {
	for _, a := range t.bursts {
		n += a.duplicated
	}
	return n
}

// readTopic returns what is in the topic for readers who wait for transactions.
func readTopic(t *testing.T, c *cluster) []columnstore.Row {
	t.Helper()
	ends, err := c.ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	starts := make(map[int32]int64)
	for p := range ends {
		starts[p] = 0
	}
	var all bytes.Buffer
	k, err := newConsumer(c, starts, newTally(), newTable(t, c.topic).Add, &all)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go k.run(ctx)
	if err := k.waitFor(ctx, ends); err != nil {
		t.Fatal(err)
	}
	var rows []columnstore.Row
	p := newParser()
	for line := range bytes.Lines(all.Bytes()) {
		var r columnstore.Row
		if err := p.parse(bytes.TrimSpace(line), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func newTable(t testing.TB, name string) *columnstore.Table {
	t.Helper()
	tab, err := columnstore.Open(name, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	return tab
}

// produceOthers puts records of somebody else into the topic.
func produceOthers(t *testing.T, c *cluster) {
	t.Helper()
	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for i := range 50 {
		r := &kgo.Record{Topic: c.topic, Key: fmt.Append(nil, i), Value: []byte(`{"not":"a sale"}`)}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCtrlCEndsItAndSaysWhatHappened(t *testing.T) {
	t.Parallel()
	history := "24h"
	if testing.Short() {
		history = "4h"
	}
	for name, c := range map[string]struct{ args, after string }{
		"while it publishes the history": {"-listen 127.0.0.1:0 -history " + history, "history: 25 %"},
		"while it is live":               {"-listen 127.0.0.1:0 -history 10m", "on the page after"},
		"while it catches up":            {"-listen 127.0.0.1:0 -history 6h -speed 600", "Live dashboards"},
		"without history":                {"-listen 127.0.0.1:0 -history 0", "Live dashboards"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, nil, strings.Fields(c.args)...)
			p.waitFor(t, c.after)
			time.Sleep(200 * time.Millisecond)
			last := p.interrupt(t)
			if !regexp.MustCompile(`^ended: [\d,]+ events published in [\d,]+ bursts, [\d,]+ stored, 0 missing, 0 duplicated$`).MatchString(last) {
				t.Errorf("it ends with %q", last)
			}
			if p.stdout.Len() > 0 {
				t.Errorf("standard output has %s", p.stdout)
			}
		})
	}
}

func TestCatalogueOfOnesOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.csv")
	text := "PRODUCT_NAME,PRICING,URL,BRAND,SCREEN_SIZE,DISPLAY_TYPE,RESOLUTION,OS\n" +
		"Sony - 65\"\" Class OLED 4K TV,1999.99,,Sony,65,OLED,4K UHD,\n" +
		"LG - 55\"\" Class OLED 4K TV,1299.99,,LG,55,OLED,4K UHD,\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := runProgram(t, nil, "-once", "-history", "2m", "-catalogue", path, "-out", "-")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for line := range strings.Lines(stdout) {
		var s sale.Sale
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if brand := s.Brand.String(); brand != "Sony" && brand != "LG" {
			t.Fatalf("%s is sold", s.ProductName)
		}
	}
}
