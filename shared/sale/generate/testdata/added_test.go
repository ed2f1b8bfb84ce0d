package local

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	druid "salesburst/druid-ec2"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// The last field of the table, a number, is in Kafka, in the column store and in what Druid
// is told. TestFieldIsAdded puts this file into the copy of the tree in which it adds one.
func TestAddedField(t *testing.T) {
	const events = 500
	added := sale.Fields[len(sale.Fields)-1]

	c, broker, err := startBroker("sales")
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	start, err := c.ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, burst.Request{
		Channel: contract.ChannelOnline, Origin: "added", At: noon, Over: time.Minute, Events: events,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := publish.New(publish.Config{
		Brokers: c.servers, Topic: c.topic, TLS: c.tls,
		Credentials: &publish.Credentials{Username: c.username, Password: c.password.Reveal()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Publish(t.Context(), publish.Key{}, b); err != nil {
		t.Fatal(err)
	}

	tab := newTable(t, c.topic)
	var records bytes.Buffer
	k, err := newConsumer(c, start, newTally(), tab.Add, &records)
	if err != nil {
		t.Fatal(err)
	}
	ends, err := c.ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.run(ctx) }()
	if err := k.waitFor(ctx, ends); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	var sum, stored int64
	lines := bytes.Split(bytes.TrimSpace(records.Bytes()), []byte("\n"))
	for _, line := range lines {
		var values map[string]any
		if err := json.Unmarshal(line, &values); err != nil {
			t.Fatal(err)
		}
		value, is := values[added.Name].(float64)
		if !is {
			t.Fatalf("%s is not in %s", added.Name, line)
		}
		sum += int64(value)
		if !newParser().fast(line, new(columnstore.Row)) {
			t.Fatalf("the decoder does not know %s", line)
		}
	}
	if len(lines) != events || sum == 0 {
		t.Errorf("%d events, whose %s is %d in all", len(lines), added.Name, sum)
	}
	_, rows, err := tab.Query(t.Context(), `SELECT SUM(`+added.Name+`) FROM "`+c.topic+`"`)
	if err == nil {
		stored, _ = rows[0][0].(int64)
	}
	if stored != sum {
		t.Errorf("the column store's sum is %v, %v, want %d", rows, err, sum)
	}
	text, err := druid.Ingestion{Topic: c.topic, BootstrapServers: "host:9092"}.Spec("supervisor.json")
	if want := `{"type": "long", "name": "` + added.Name + `"}`; err != nil || !strings.Contains(text, want) {
		t.Errorf("Druid is not told %s: %v\n%s", want, err, text)
	}
}
