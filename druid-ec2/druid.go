/*
Package druid is everything that runs on Druid's instance, as files: the CDK app sends
them there, and the tests and the local stack run the same ones.

  - versions.env pins the release; bootstrap.sh installs and starts it;
  - conf, bin and systemd are the servers: their settings, their command, their units;
  - gateway is the one door to them;
  - spec is what Druid is told to do: ingest the topic, keep it for a while, compact it;
  - sql are the questions that people come for.
*/
package druid

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"salesburst/shared/contract"
)

// Files are all of them, with their folders.
//
//go:embed bootstrap.sh versions.env bin conf/* systemd gateway spec sql
//go:embed conf/_common
var Files embed.FS

// Services are the servers in the order in which they are started.
func Services() []string {
	return []string{"zookeeper", "coordinator", "historical", "broker", "router", "indexer"}
}

// Write writes the files below dir; what is a program can be run.
func Write(dir string) error {
	return fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := Files.ReadFile(name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(string(text), "#!") {
			mode = 0o755
		}
		return os.WriteFile(target, text, mode)
	})
}

// Version is the value of a name in versions.env.
func Version(name string) string {
	text, err := Files.ReadFile("versions.env")
	if err != nil {
		panic(err) // embedded
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	panic("versions.env has no " + name)
}

// Ingestion is what the files in spec leave open.
type Ingestion struct {
	Topic            string // and the name of the table
	BootstrapServers string // host:port,…
	Retention        string // ISO 8601 period, such as P90D; empty: P90D
}

// What may be put into the files without quoting.
var (
	topicName    = regexp.MustCompile(contract.TopicPattern)
	serverList   = regexp.MustCompile(`^[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*$`)
	retentionFor = regexp.MustCompile(`^P[1-9][0-9]{0,3}[DWMY]$`)
)

// Spec is one of the files in spec, supervisor.json, rules.json or compaction.json, filled in
// as bootstrap.sh does it.
func (i Ingestion) Spec(name string) (string, error) {
	if i.Retention == "" {
		i.Retention = "P90D"
	}
	for _, field := range []struct {
		name, value string
		allowed     *regexp.Regexp
	}{
		{"topic", i.Topic, topicName},
		{"bootstrap servers", i.BootstrapServers, serverList},
		{"retention", i.Retention, retentionFor},
	} {
		if !field.allowed.MatchString(field.value) {
			return "", fmt.Errorf("%s %q: want a text like %s", field.name, field.value, field.allowed)
		}
	}
	text, err := Files.ReadFile(path.Join("spec", name))
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("${TOPIC}", i.Topic, "${BOOTSTRAP_SERVERS}", i.BootstrapServers, "${RETENTION}",
		i.Retention).
		Replace(string(text)), nil
}

// Query is a file in sql.
type Query struct {
	Name     string // of the file, without .sql
	Question string // its first line
	SQL      string
}

// Queries are those in sql, for the table of a topic.
func Queries(topic string) ([]Query, error) {
	if !topicName.MatchString(topic) {
		return nil, fmt.Errorf("topic %q: want a text like %s", topic, topicName)
	}
	files, err := fs.Glob(Files, "sql/*.sql")
	if err != nil {
		return nil, err
	}
	var queries []Query
	for _, name := range files {
		text, err := Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		question, _, _ := strings.Cut(strings.TrimPrefix(string(text), "-- "), "\n")
		queries = append(queries, Query{
			Name:     strings.TrimSuffix(path.Base(name), ".sql"),
			Question: question,
			SQL:      strings.ReplaceAll(string(text), `"ecommerce-topic-1"`, `"`+topic+`"`),
		})
	}
	return queries, nil
}
