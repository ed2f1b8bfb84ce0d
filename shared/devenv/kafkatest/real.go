package kafkatest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
)

// NewTopic returns a topic of its own in a real cluster, with the rights that the README
// names for the producer and nothing more. Configs are the topic's, in pairs.
func NewTopic(t testing.TB, k *devenv.Kafka, configs ...string) *Broker {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
	name = strings.ToLower(fmt.Sprintf("%s-%s", name[:min(len(name), 60)], rand.Text()[:6]))
	b := &Broker{
		Addrs: k.Addresses, TLS: k.TLS(), CA: k.CA, Topic: name, Beside: name + contract.TruthSuffix,
		User: string(devenv.Producer), Password: k.Users[devenv.Producer],
		admin: &login{string(devenv.Admin), k.Users[devenv.Admin]},
	}
	admin := b.Admin(t)
	defer admin.Close()
	configs = append(configs, "retention.ms", "-1") // the tests' events have fixed times, of any age
	for topic, partitions := range map[string]int{b.Topic: Partitions, b.Beside: BesidePartitions} {
		if err := admin.CreateTopic(t.Context(), topic, partitions, len(k.Addresses), configs...); err != nil {
			t.Fatal(err)
		}
	}
	b.allow(t, admin)
	b.awaitRights(t)
	return b
}

// awaitRights waits until each broker has heard of them, which it does a moment later.
func (b *Broker) awaitRights(t testing.TB) {
	t.Helper()
	for _, addr := range b.Addrs {
		one := *b
		one.Addrs, one.admin = []string{addr}, nil
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			err := cmp.Or(one.topicError(t, b.Topic), one.topicError(t, b.Beside))
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("broker %s, of topic %s: %v", addr, b.Topic, err)
			}
		}
	}
}

// topicError is what a broker says that a user may not do with a topic, or has not heard of.
func (b *Broker) topicError(t testing.TB, name string) error {
	t.Helper()
	admin := b.Admin(t)
	defer admin.Close()
	m, err := admin.Metadata(t.Context(), name)
	if err != nil {
		return err
	}
	topic := m.Topics[name]
	for _, p := range topic.Partitions {
		topic.Err = cmp.Or(topic.Err, p.Err)
	}
	return topic.Err
}

// Leaders returns the leader of each partition.
func (b *Broker) Leaders(t testing.TB) map[int32]int32 {
	t.Helper()
	admin := b.Admin(t)
	defer admin.Close()
	m, err := admin.Metadata(t.Context(), b.Topic)
	if err != nil {
		t.Fatal(err)
	}
	leaders := make(map[int32]int32)
	for _, p := range m.Topics[b.Topic].Partitions {
		leaders[p.Partition] = p.Leader
	}
	return leaders
}

// allow gives the producer and the consumer their rights.
func (b *Broker) allow(t testing.TB, admin kafkaadmin.Admin) {
	t.Helper()
	literal, prefixed := kadm.ACLPatternLiteral, kadm.ACLPatternPrefixed
	for _, grant := range []struct {
		user    devenv.User
		pattern kadm.ACLPattern
		rights  *kadm.ACLBuilder
	}{
		{devenv.Producer, literal, kadm.NewACLs().Topics(b.Topic).Operations(kadm.OpWrite, kadm.OpRead,
			kadm.OpDescribe)},
		{devenv.Producer, literal, kadm.NewACLs().Topics(b.Beside).Operations(kadm.OpWrite, kadm.OpDescribe)},
		{devenv.Producer, prefixed, kadm.NewACLs().TransactionalIDs(contract.Prefix).Operations(kadm.OpWrite,
			kadm.OpDescribe)},
		{devenv.Producer, prefixed, kadm.NewACLs().Groups(contract.Prefix).Operations(kadm.OpRead)},
		{devenv.Consumer, literal, kadm.NewACLs().Topics(b.Topic).Operations(kadm.OpRead, kadm.OpDescribe)},
		{devenv.Consumer, prefixed, kadm.NewACLs().Groups(b.Topic).Operations(kadm.OpRead)},
	} {
		if err := admin.Allow(t.Context(), grant.user, grant.rights.ResourcePatternType(grant.pattern)); err != nil {
			t.Fatal(err)
		}
	}
}

// DeleteTopic takes the topic away.
func (b *Broker) DeleteTopic(t testing.TB) {
	t.Helper()
	admin := b.Admin(t)
	defer admin.Close()
	if err := admin.DeleteTopic(t.Context(), b.Topic); err != nil {
		t.Fatal(err)
	}
}

// Throttle limits what the producer may send, in bytes a second.
func (b *Broker) Throttle(t testing.TB, rate float64) {
	t.Helper()
	admin := b.Admin(t)
	defer admin.Close()
	altered, err := admin.AlterClientQuotas(t.Context(), []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{{Type: "user", Name: &b.User}},
		Ops:    []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: rate}},
	}})
	for _, a := range altered {
		err = cmp.Or(err, a.Err)
	}
	if err != nil {
		t.Fatalf("setting a quota: %v", err)
	}
}

// Admin is the topic's administrator until the test ends.
func (b *Broker) Admin(t testing.TB) kafkaadmin.Admin {
	t.Helper()
	return kafkaadmin.New(b.asAdmin().Dial(t))
}
