package kafkatest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/contract"
	"salesburst/shared/devenv"
)

// NewTopic returns a topic of its own in a real cluster, with the rights that the README
// names for the producer and nothing more. Configs are the topic's, in pairs.
func NewTopic(t testing.TB, k *devenv.Kafka, configs ...string) *Broker {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
	name = strings.ToLower(fmt.Sprintf("%s-%s", name[:min(len(name), 60)], rand.Text()[:6]))
	b := &Broker{
		Addrs: k.Addresses, TLS: k.TLS(), CA: k.CA, Topic: name,
		User: string(devenv.Producer), Password: k.Users[devenv.Producer],
		admin: &login{string(devenv.Admin), k.Users[devenv.Admin]},
	}
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, Partitions, int16(len(k.Addresses))
	configs = append(configs, "retention.ms", "-1") // the tests' events have fixed times, of any age
	for i := 0; i < len(configs); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = configs[i], kmsg.StringPtr(configs[i+1])
		topic.Configs = append(topic.Configs, c)
	}
	create := kmsg.NewPtrCreateTopicsRequest()
	create.TimeoutMillis = 30_000
	create.Topics = append(create.Topics, topic)
	for _, made := range ask[*kmsg.CreateTopicsResponse](t, b, create).Topics {
		if err := kerr.ErrorForCode(made.ErrorCode); err != nil {
			t.Fatalf("creating topic %s: %v", name, err)
		}
	}
	b.allow(t)
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
			err := one.topicError(t)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("broker %s, of topic %s: %v", addr, b.Topic, err)
			}
		}
	}
}

// topicError is what a broker says that a user may not do with the topic, or has not heard of.
func (b *Broker) topicError(t testing.TB) error {
	t.Helper()
	for _, topic := range ask[*kmsg.MetadataResponse](t, b, b.metadataRequest()).Topics {
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			return err
		}
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Broker) metadataRequest() *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(b.Topic)
	req.Topics = append(req.Topics, topic)
	return req
}

// Leaders returns the leader of each partition.
func (b *Broker) Leaders(t testing.TB) map[int32]int32 {
	t.Helper()
	leaders := make(map[int32]int32)
	for _, topic := range ask[*kmsg.MetadataResponse](t, b, b.metadataRequest()).Topics {
		for _, p := range topic.Partitions {
			leaders[p.Partition] = p.Leader
		}
	}
	return leaders
}

// allow gives the producer and the consumer their rights.
func (b *Broker) allow(t testing.TB) {
	t.Helper()
	create := kmsg.NewPtrCreateACLsRequest()
	grant := func(user devenv.User, kind kmsg.ACLResourceType, name string, pattern kmsg.ACLResourcePatternType, operations ...kmsg.ACLOperation) {
		for _, operation := range operations {
			c := kmsg.NewCreateACLsRequestCreation()
			c.Principal, c.Host = "User:"+string(user), "*"
			c.ResourceType, c.ResourceName, c.ResourcePatternType = kind, name, pattern
			c.Operation, c.PermissionType = operation, kmsg.ACLPermissionTypeAllow
			create.Creations = append(create.Creations, c)
		}
	}
	grant(devenv.Producer, kmsg.ACLResourceTypeTopic, b.Topic, kmsg.ACLResourcePatternTypeLiteral,
		kmsg.ACLOperationWrite, kmsg.ACLOperationRead, kmsg.ACLOperationDescribe)
	grant(devenv.Producer, kmsg.ACLResourceTypeTransactionalId, contract.Prefix, kmsg.ACLResourcePatternTypePrefixed,
		kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe)
	grant(devenv.Producer, kmsg.ACLResourceTypeGroup, contract.Prefix, kmsg.ACLResourcePatternTypePrefixed, kmsg.ACLOperationRead)
	grant(devenv.Consumer, kmsg.ACLResourceTypeTopic, b.Topic, kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLOperationRead, kmsg.ACLOperationDescribe)
	grant(devenv.Consumer, kmsg.ACLResourceTypeGroup, b.Topic, kmsg.ACLResourcePatternTypePrefixed, kmsg.ACLOperationRead)
	for _, r := range ask[*kmsg.CreateACLsResponse](t, b, create).Results {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			t.Fatalf("granting: %v", err)
		}
	}
}

// DeleteTopic takes the topic away.
func (b *Broker) DeleteTopic(t testing.TB) {
	t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TopicNames, req.TimeoutMillis = []string{b.Topic}, 30_000
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.Topic = kmsg.StringPtr(b.Topic)
	req.Topics = append(req.Topics, topic)
	for _, r := range ask[*kmsg.DeleteTopicsResponse](t, b, req).Topics {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			t.Fatalf("deleting topic %s: %v", b.Topic, err)
		}
	}
}

// Throttle limits what the producer may send, in bytes a second.
func (b *Broker) Throttle(t testing.TB, rate float64) {
	t.Helper()
	entry := kmsg.NewAlterClientQuotasRequestEntry()
	entity := kmsg.NewAlterClientQuotasRequestEntryEntity()
	entity.Type, entity.Name = "user", kmsg.StringPtr(b.User)
	entry.Entity = append(entry.Entity, entity)
	op := kmsg.NewAlterClientQuotasRequestEntryOp()
	op.Key, op.Value = "producer_byte_rate", rate
	entry.Ops = append(entry.Ops, op)
	req := kmsg.NewPtrAlterClientQuotasRequest()
	req.Entries = append(req.Entries, entry)
	for _, r := range ask[*kmsg.AlterClientQuotasResponse](t, b, req).Entries {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			t.Fatalf("setting a quota: %v", err)
		}
	}
}

// ask makes a request as the administrator.
func ask[R kmsg.Response](t testing.TB, b *Broker, req kmsg.Request) R {
	t.Helper()
	admin := *b
	if b.admin != nil {
		admin.User, admin.Password = b.admin.user, b.admin.password
	}
	client := admin.Dial(t)
	defer client.Close()
	res, err := client.Request(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.(R)
}
