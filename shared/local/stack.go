package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/local/web"
)

// servers are a real Kafka and a real Druid with its gateway, as they are deployed, which
// end with this process.
type servers struct {
	kafka *devenv.Kafka
	druid *devenv.Druid
	topic string
}

// startServers starts them, has Druid ingest the topic, and tells a person where they are.
func startServers(ctx context.Context, ui *terminal, topic string, more ...string) (c *cluster, s *servers, err error) {
	start := time.Now()
	log := lineWriter{ui}
	s = &servers{topic: topic}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.kafka, err = devenv.StartKafka(ctx, devenv.KafkaConfig{Log: log}); err != nil {
		return nil, s, err
	}
	c = &cluster{
		servers: s.kafka.Addresses, topic: topic, tls: s.kafka.TLS(),
		username: string(devenv.Admin), password: credentials.New(s.kafka.Users[devenv.Admin]),
	}
	if err := s.create(ctx, append(more, topic)); err != nil {
		return nil, s, err
	}
	if s.druid, err = devenv.StartDruid(ctx, devenv.DruidConfig{Kafka: s.kafka, Log: log}); err != nil {
		return nil, s, err
	}
	if err := s.druid.Ingest(ctx, topic, nil); err != nil {
		return nil, s, err
	}
	ui.line(`
Kafka and Druid are ready after %.0f s, until you end this program:
  Kafka           %s, SASL_SSL, user %s, password %s
                  certificate %s
  Druid's console %s, table %q
  gateway         %s, user %s, password %s
`, time.Since(start).Seconds(), strings.Join(s.kafka.Addresses, ","), devenv.Admin, c.password.Reveal(),
		s.kafka.CAFile(),
		s.druid.URLs["router"], topic, s.druid.Gateway, devenv.GatewayUser, s.druid.Password)
	return c, s, nil
}

// Close ends the servers and removes their files.
func (s *servers) Close() (err error) {
	if s.druid != nil {
		err = s.druid.Stop()
	}
	if s.kafka != nil {
		err = errors.Join(err, s.kafka.Stop())
	}
	return err
}

// gateway asks Druid the dashboards' questions.
func (s *servers) gateway() (*web.Gateway, error) {
	return web.NewGateway(s.druid.Gateway, devenv.GatewayUser, credentials.New(s.druid.Password), s.druid.CA)
}

// druidTimeout is how long Druid may take until it has what is in the topic.
const druidTimeout = 5 * time.Minute

// awaitRows waits until Druid's table has so many rows, or more, and returns how many.
func (s *servers) awaitRows(ctx context.Context, rows int64) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, druidTimeout)
	defer cancel()
	for {
		n, err = s.rows(ctx)
		if err == nil && n >= rows {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return n, errors.Join(fmt.Errorf("only %d of %d events are in Druid after %v", n, rows, druidTimeout), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *servers) rows(ctx context.Context) (int64, error) {
	answer, err := s.druid.Query(ctx, `SELECT COUNT(*) AS n FROM "`+s.topic+`"`)
	if err != nil {
		return 0, err // there is no table before the first row
	}
	n, ok := answer[0]["n"].(json.Number)
	if !ok {
		return 0, fmt.Errorf("counting in Druid: %v", answer)
	}
	return n.Int64()
}

// create makes topics, and lets Druid's user read what it ingests.
func (s *servers) create(ctx context.Context, topics []string) error {
	admin, err := kafkaadmin.Dial(s.kafka)
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, topic := range topics {
		err = admin.CreateTopic(ctx, topic, contract.Partitions, 1, contract.TimestampType, contract.OfArrival)
		if err != nil {
			return err
		}
	}
	return admin.AllowDruid(ctx, s.topic)
}

// lineWriter writes lines to a terminal.
type lineWriter struct{ ui *terminal }

func (w lineWriter) Write(b []byte) (int, error) {
	w.ui.line("%s", strings.TrimRight(string(b), "\n"))
	return len(b), nil
}
