package druid_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/devenv"
)

// A server that is killed while it works, and all of them at once, come back: nothing is
// lost, and nothing is duplicated once the tasks that died are replaced. How long they take is logged.
func TestKilledServersComeBack(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Druid")
	}
	t.Parallel()
	d, err := devenv.StartDruid(t.Context(), devenv.DruidConfig{Kafka: devenv.Shared(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := startPipeline(t, d, map[string]any{
		"ioConfig.taskDuration":      "PT1M",
		"ioConfig.completionTimeout": "PT4M", // a task that hangs after the kill is replaced; by default in half an hour
	})
	events := p.burst(t, `{"events":20000,"id":"before","over":"5m"}`).Events
	p.Await(t, events)
	p.AwaitHandOff(t, 1) // the historical has something to lose

	for _, name := range druid.Services() {
		events += p.killWhileIngesting(t, events, name, func(context.Context) error { return d.Service(name).Start() }, name)
	}
	all := druid.Services()
	events += p.killWhileIngesting(t, events, "all", func(ctx context.Context) error {
		if err := errors.Join(d.Service(all[0]).Start(), d.Service(all[1]).Start(), d.Await(ctx, all[1])); err != nil {
			return err
		}
		var err error
		for _, name := range all[2:] {
			err = errors.Join(err, d.Service(name).Start())
		}
		return err
	}, all...)
	if n := p.AwaitHandOff(t, events); n != events { // from segments: nothing is counted twice for a while
		t.Errorf("%d rows are handed off, want %d", n, events)
	}
	p.AwaitAfterFailure(t, events)
	p.compareByBrandAndStatus(t)
}

// killWhileIngesting kills servers while a burst comes in, publishes another one while
// they are gone, and returns how many events those are once all of them can be queried.
func (p *pipeline) killWhileIngesting(t *testing.T, before int, what string, start func(context.Context) error, servers ...string) (events int) {
	t.Helper()
	events = p.burst(t, fmt.Sprintf(`{"events":50000,"id":"into-%s","over":"5m"}`, what)).Events
	for _, name := range servers {
		if err := p.Druid.Service(name).Kill(); err != nil {
			t.Fatal(err)
		}
	}
	events += p.burst(t, fmt.Sprintf(`{"events":5000,"id":"without-%s"}`, what)).Events
	from := time.Now()
	if err := start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range servers {
		if err := p.Druid.Await(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	healthy := time.Since(from)
	p.AwaitAfterFailure(t, before+events)
	t.Logf("%s killed: healthy after %.0f s, all events there after %.0f s", what, healthy.Seconds(), time.Since(from).Seconds())
	return events
}
