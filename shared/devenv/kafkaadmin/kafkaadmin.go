// Package kafkaadmin is what an administrator of Kafka does here: topics, rights, and where
// partitions end. Start with [Dial]; what is not here is [kadm]'s.
package kafkaadmin

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/devenv"
)

// Admin is kadm's client with what is asked for most.
type Admin struct{ *kadm.Client }

// requestTimeout is what brokers are given for a change, in milliseconds.
const requestTimeout = 30_000

// Dial makes the administrator of a cluster, who may do everything. It connects when it is
// first used, and is the caller's to close.
func Dial(k *devenv.Kafka) (Admin, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addresses...), kgo.DialTLSConfig(k.TLS()),
		kgo.SASL(plain.Auth{User: string(devenv.Admin), Pass: k.Users[devenv.Admin]}.AsMechanism()))
	if err != nil {
		return Admin{}, fmt.Errorf("connecting the administrator: %w", err)
	}
	return New(client), nil
}

// New makes an administrator of a client, who may do what the client may.
func New(client *kgo.Client) Admin {
	a := Admin{kadm.NewClient(client)}
	a.SetTimeoutMillis(requestTimeout)
	return a
}

// CreateTopic makes a topic. Configs are its, in pairs of key and value. Its error is a
// *kerr.Error where Kafka refuses, such as kerr.TopicAlreadyExists.
func (a Admin) CreateTopic(ctx context.Context, name string, partitions, replicas int, configs ...string) error {
	values := make(map[string]*string)
	for i := 0; i < len(configs); i += 2 {
		values[configs[i]] = &configs[i+1]
	}
	if _, err := a.Client.CreateTopic(ctx, int32(partitions), int16(replicas), values, name); err != nil {
		return fmt.Errorf("creating the topic %s: %w", name, err)
	}
	return nil
}

// DeleteTopic takes a topic away.
func (a Admin) DeleteTopic(ctx context.Context, name string) error {
	if _, err := a.Client.DeleteTopic(ctx, name); err != nil {
		return fmt.Errorf("deleting the topic %s: %w", name, err)
	}
	return nil
}

// Allow lets a user of devenv's do what rights say, from each host.
func (a Admin) Allow(ctx context.Context, user devenv.User, rights *kadm.ACLBuilder) error {
	made, err := a.CreateACLs(ctx, rights.Allow("User:"+string(user)))
	for _, r := range made {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		return fmt.Errorf("giving %s rights: %w", user, err)
	}
	return nil
}

// AllowDruid lets Druid read the topics, and use the groups, whose names begin with prefix.
func (a Admin) AllowDruid(ctx context.Context, prefix string) error {
	return a.Allow(ctx, devenv.Consumer, kadm.NewACLs().Topics(prefix).Groups(prefix).
		ResourcePatternType(kadm.ACLPatternPrefixed).Operations(kadm.OpRead))
}

// Ends returns where each partition of a topic ends: for readers who wait for transactions
// to end, who do not get beyond the first open one, or for those who do not wait.
func (a Admin) Ends(ctx context.Context, topic string, committed bool) (map[int32]int64, error) {
	list := a.ListEndOffsets
	if committed {
		list = a.ListCommittedOffsets
	}
	listed, err := list(ctx, topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, err
	}
	ends := make(map[int32]int64)
	for p, o := range listed[topic] {
		ends[p] = o.Offset
	}
	return ends, nil
}
