package devenv

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"salesburst/shared/devenv/tlscert"
)

// kafkaStart is how long a cluster may take to be ready on a busy machine; on an idle
// one with two cores it takes five seconds.
const kafkaStart = 3 * time.Minute

// KafkaVersion is the version of Kafka that is started where no other is asked for.
const KafkaVersion = "4.1.1"

// KafkaVersions are those with which the tests start clusters: of each line of releases an
// old and a new one. Others may start too.
func KafkaVersions() []string { return []string{"3.5.2", "3.9.1", KafkaVersion, "4.4.0"} }

// KafkaConfig says what cluster is started.
type KafkaConfig struct {
	// Version of Kafka, as Maven Central names it. Where it is empty it is that of
	// shared/devenv/run, under which this process may run, or else KafkaVersion.
	Version string

	Brokers  int               // 1 (also if 0) to 3; the first is the controller too
	Settings map[string]string // for server.properties, over what is there
	JVM      []string          // flags, over those for a quick start
	Log      io.Writer         // one line for each step; nil: none
}

// Kafka is a running cluster.
type Kafka struct {
	Version   string
	Addresses []string        // host:port of the brokers, TLS and SASL PLAIN
	CA        []byte          // PEM, what clients trust
	Users     map[User]string // and their passwords

	Dir  string // of the cluster's files
	Java string
	Jars string // folder

	brokers []*Process
	keeper  *keeper // nil: another process started it
}

// User is one who may log in.
type User string

// The users. Admin may do everything; the others what ACLs say, which is nothing at first.
const (
	Admin    User = "admin"
	Producer User = "producer"
	Consumer User = "consumer"
)

// StartKafka starts a cluster and returns when it is ready. It ends with this process,
// however that ends, or by Stop.
func StartKafka(ctx context.Context, cfg KafkaConfig) (*Kafka, error) {
	cfg.Brokers = max(cfg.Brokers, 1)
	if cfg.Version == "" {
		v, err := sharedVersion()
		if err != nil {
			return nil, err
		}
		cfg.Version = v
	}
	k, err := newKafka(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("starting Kafka: %w", err)
	}
	start := time.Now()
	say(cfg.Log, "starting Kafka %s (%d broker(s))", cfg.Version, cfg.Brokers)
	ctx, cancel := context.WithTimeout(ctx, kafkaStart)
	defer cancel()
	for _, b := range k.brokers {
		err = errors.Join(err, b.Start())
	}
	for i := range k.brokers {
		if err == nil {
			err = k.Await(ctx, i)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting Kafka: %w", err), k.Stop())
	}
	say(cfg.Log, "Kafka is ready after %.1f s at %s", time.Since(start).Seconds(), strings.Join(k.Addresses, ","))
	return k, nil
}

func newKafka(ctx context.Context, cfg KafkaConfig) (*Kafka, error) {
	java, err := java(ctx)
	if err != nil {
		return nil, err
	}
	lib, err := kafkaJars(ctx, cfg.Version, cfg.Log)
	if err != nil {
		return nil, err
	}
	cert, err := tlscert.NewCertificate()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2*cfg.Brokers + 1)
	if err != nil {
		return nil, err
	}
	dir, keeper, err := folder(ports)
	if err != nil {
		return nil, err
	}
	k := &Kafka{
		Version: cfg.Version, CA: cert.CA, Dir: dir, Java: java, Jars: lib, keeper: keeper,
		Users: map[User]string{Admin: rand.Text(), Producer: rand.Text(), Consumer: rand.Text()},
	}
	clusterID, err := newID()
	if err == nil {
		err = k.writeClientFiles(cert)
	}
	for i := range cfg.Brokers {
		if err == nil {
			err = k.addBroker(ctx, i, cfg, ports.numbers, clusterID)
		}
	}
	if err != nil {
		return nil, errors.Join(err, keeper.end())
	}
	return k, nil
}

// addBroker writes a broker's folder: its settings, and a formatted log.
func (k *Kafka) addBroker(ctx context.Context, i int, cfg KafkaConfig, ports []string, clusterID string) error {
	dir := filepath.Join(k.Dir, fmt.Sprintf("broker-%d", i+1))
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	k.Addresses = append(k.Addresses, "127.0.0.1:"+ports[2*i+1])
	settings := k.settings(i, cfg, ports)
	settings["log.dirs"] = data
	file := filepath.Join(dir, "server.properties")
	err := writeProperties(file, settings)
	if err == nil && i == 0 {
		err = k.format(ctx, file, clusterID)
	} else if err == nil {
		err = markFormatted(data, i, clusterID)
	}
	if err != nil {
		return err
	}
	flags := cfg.JVM
	if flags == nil {
		flags = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}
	}
	k.brokers = append(k.brokers, &Process{
		name: fmt.Sprintf("Kafka broker %d", i+1), log: filepath.Join(dir, "log"), keeper: k.keeper,
		make: func() *exec.Cmd {
			args := append([]string{"-Xms256m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.showDateTime=true"}, flags...)
			return exec.Command(k.Java, append(args, "-cp", k.Jars+"/*", "kafka.Kafka", file)...)
		},
	})
	return nil
}

// format has Kafka's own program format the log of the controller. It writes down the
// features of the cluster, those that are the default of its version: without that the
// transactions and groups are the old ones, whatever the version.
func (k *Kafka) format(ctx context.Context, file, clusterID string) error {
	out, err := k.Tool(ctx, "kafka.tools.StorageTool", "format", "--cluster-id", clusterID, "--config",
		file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("formatting: %w: %s", err, out)
	}
	return nil
}

// markFormatted writes the file that a formatted log begins with. For the brokers that are
// no controllers it is all that Kafka's own program writes, and takes no second.
func markFormatted(data string, i int, clusterID string) error {
	directoryID, err := newID()
	if err != nil {
		return err
	}
	return writeProperties(filepath.Join(data, "meta.properties"), map[string]string{
		"version": "1", "cluster.id": clusterID, "node.id": fmt.Sprint(i + 1), "directory.id": directoryID,
	})
}

// Await waits until a broker (0 is the first) is ready.
func (k *Kafka) Await(ctx context.Context, broker int) error {
	return k.brokers[broker].await(ctx, "Kafka Server started")
}

// Broker is the process of a broker; 0 is the first.
func (k *Kafka) Broker(i int) *Process { return k.brokers[i] }

// Stop ends the cluster and removes its files.
func (k *Kafka) Stop() error {
	if k.keeper == nil {
		return nil // not ours
	}
	return k.keeper.end()
}

// TLS is the configuration of a client.
func (k *Kafka) TLS() *tls.Config { return tlscert.Trust(k.CA) }

// Tool returns a command that runs one of Kafka's own programs: its class, as it is named
// in Kafka 4, and arguments.
func (k *Kafka) Tool(ctx context.Context, class string, args ...string) *exec.Cmd {
	if old := "kafka.tools." + class[strings.LastIndex(class, ".")+1:]; k.knows(old) {
		class = old
	}
	return exec.CommandContext(ctx, k.Java, append([]string{"-XX:TieredStopAtLevel=1", "-cp", k.Jars + "/*", class},
		args...)...)
}

// knows tells whether a class is in the part of Kafka from which programs moved elsewhere
// in the course of version 3.
func (k *Kafka) knows(class string) bool {
	jar, err := zip.OpenReader(filepath.Join(k.Jars, "kafka_2.13-"+k.Version+".jar"))
	if err != nil {
		return false
	}
	defer jar.Close()
	_, err = jar.Open(strings.ReplaceAll(class, ".", "/") + ".class")
	return err == nil
}
