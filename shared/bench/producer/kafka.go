package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/sale"
)

const partitions = 6

// countStored reads the topic, to be sure that each event is in it.
func countStored(ctx context.Context, s setup) (n int, err error) {
	client, err := s.client(kgo.ConsumeTopics(s.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	ends, err := kafkaadmin.New(client).Ends(ctx, s.Topic, false)
	if err != nil {
		return 0, err
	}
	maps.DeleteFunc(ends, func(_ int32, end int64) bool { return end == 0 })
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return n, err
		}
		for r := range fetches.RecordsAll() {
			if !r.Attrs.IsControl() {
				n++
			}
			if end, ok := ends[r.Partition]; ok && r.Offset >= end-1 {
				delete(ends, r.Partition)
			}
		}
	}
	return n, nil
}

// lines is how many different events Java's file has; it sends them in random order.
const lines = 50_000

// javaCommand is Java's own measuring tool.
func (b *bench) javaCommand(ctx context.Context, s setup) (*exec.Cmd, func([]byte, *result) error, error) {
	file := filepath.Join(b.kafka.Dir, "events")
	if _, err := os.Stat(file); err != nil {
		if err := s.writeEvents(file); err != nil {
			return nil, nil, err
		}
	}
	cmd := b.kafka.Tool(ctx, "org.apache.kafka.tools.ProducerPerformance", "--topic", s.Topic, "--num-records",
		strconv.Itoa(s.Events),
		"--payload-file", file, "--throughput", "-1", "--producer.config", b.kafka.JavaConfig(devenv.Admin),
		"--producer-props", "bootstrap.servers="+s.Brokers[0], "acks=all", "compression.type=zstd",
		"compression.zstd.level=1",
		"batch.size=1000000", "linger.ms=20", "buffer.memory=134217728")
	cmd.Args = append([]string{cmd.Args[0], "-Xmx1g"}, cmd.Args[2:]...) // with the full compiler
	return cmd, func(out []byte, r *result) error {
		if !bytes.Contains(out, []byte(strconv.Itoa(s.Events)+" records sent")) {
			return fmt.Errorf("ProducerPerformance said: %s", out)
		}
		return nil
	}, nil
}

func (s setup) writeEvents(file string) error {
	s.Events = lines
	b, err := s.burst()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	var event sale.Sale
	var line []byte
	for i := range b.Len() {
		b.At(i, &event)
		line = append(event.AppendJSON(line[:0]), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return w.Flush()
}
