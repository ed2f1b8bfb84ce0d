package devenv

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"salesburst/shared/devenv/tlscert"
)

// settings of one broker. The brokers trust each other over plain text on this machine;
// clients come by TLS and SASL.
func (k *Kafka) settings(i int, cfg KafkaConfig, ports []string) map[string]string {
	last := len(ports) - 1
	replicas := fmt.Sprint(cfg.Brokers)
	roles, listeners := "broker", fmt.Sprintf("CLIENTS://127.0.0.1:%s,BROKERS://127.0.0.1:%s", ports[2*i+1], ports[2*i])
	advertised := listeners
	if i == 0 {
		roles = "broker,controller"
		listeners += ",CONTROLLER://127.0.0.1:" + ports[last]
	}
	var users strings.Builder
	for _, u := range slices.Sorted(maps.Keys(k.Users)) {
		fmt.Fprintf(&users, " user_%s=%q", u, k.Users[u])
	}
	s := map[string]string{
		"process.roles":                            roles,
		"node.id":                                  fmt.Sprint(i + 1),
		"controller.quorum.voters":                 "1@127.0.0.1:" + ports[last],
		"controller.listener.names":                "CONTROLLER",
		"listeners":                                listeners,
		"advertised.listeners":                     advertised,
		"inter.broker.listener.name":               "BROKERS",
		"listener.security.protocol.map":           "CLIENTS:SASL_SSL,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"sasl.enabled.mechanisms":                  "PLAIN",
		"ssl.keystore.type":                        "PEM",
		"ssl.keystore.location":                    filepath.Join(k.Dir, "server.pem"),
		"authorizer.class.name":                    "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":                              "User:ANONYMOUS;User:" + string(Admin),
		"auto.create.topics.enable":                "false",
		"group.initial.rebalance.delay.ms":         "0",
		"default.replication.factor":               replicas,
		"offsets.topic.replication.factor":         replicas,
		"transaction.state.log.replication.factor": replicas,
		"transaction.state.log.min.isr":            "1",
		"offsets.topic.num.partitions":             "5", // fifty of them take long to load
		"transaction.state.log.num.partitions":     "5",
		"broker.session.timeout.ms":                "6000", // a dead leader's successor is there soon
		"broker.heartbeat.interval.ms":             "1000",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
		"controlled.shutdown.enable":                                  "true",
	}
	s["listener.name.clients.plain.sasl.jaas.config"] =
		"org.apache.kafka.common.security.plain.PlainLoginModule required" + users.String() + ";"
	maps.Copy(s, cfg.Settings)
	return s
}

func writeProperties(file string, properties map[string]string) error {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&b, "%s=%s\n", key, properties[key])
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}

// writeClientFiles writes what servers and other programs read.
func (k *Kafka) writeClientFiles(cert *tlscert.Certificate) error {
	if err := os.WriteFile(filepath.Join(k.Dir, "server.pem"), cert.PEM(), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(k.CAFile(), cert.CA, 0o600); err != nil {
		return err
	}
	for user, password := range k.Users {
		java := map[string]string{
			"security.protocol":       "SASL_SSL",
			"sasl.mechanism":          "PLAIN",
			"ssl.truststore.type":     "PEM",
			"ssl.truststore.location": k.CAFile(),
			"sasl.jaas.config": fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required "+
				"username=%q password=%q;",
				user, password),
		}
		if err := writeProperties(k.JavaConfig(user), java); err != nil {
			return err
		}
		librdkafka := map[string]string{
			"security.protocol": "SASL_SSL",
			"sasl.mechanism":    "PLAIN",
			"ssl.ca.location":   k.CAFile(),
			"sasl.username":     string(user),
			"sasl.password":     password,
		}
		if err := writeProperties(k.CConfig(user), librdkafka); err != nil {
			return err
		}
	}
	return nil
}

// CAFile is what clients trust.
func (k *Kafka) CAFile() string { return filepath.Join(k.Dir, "ca.pem") }

// JavaConfig is a properties file with which a Java client logs in.
func (k *Kafka) JavaConfig(u User) string {
	return filepath.Join(k.Dir, fmt.Sprintf("%s.properties", u))
}

// CConfig is a file with which a client on librdkafka, kcat for one, logs in.
func (k *Kafka) CConfig(u User) string {
	return filepath.Join(k.Dir, fmt.Sprintf("%s.librdkafka", u))
}

// newID is a random name as Kafka makes them.
func newID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	b[0] &= 0x7f // does not begin with a dash
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}
