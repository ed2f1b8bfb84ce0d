// Package flinktest is a job of Apache Flink, for tests: what a stream processor makes of a topic.
package flinktest

import (
	_ "embed" // the job
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/sale"
)

//go:embed LateRecords.java
var job []byte

// factories is the file by which Flink finds the job's reporter of metrics.
const factories = "META-INF/services/org.apache.flink.metrics.reporter.MetricReporterFactory"

// Count has the job read a topic from its start to its end. Its events may be out of order by so much. The
// counts are of events that came to their windows, "in_windows", of those that Flink has dropped, "late", of
// those whose id was there before, "again", and of malformed records by their kind, as the truth names it.
func Count(t testing.TB, k *devenv.Kafka, topic string, outOfOrder time.Duration) (counts map[string]int) {
	t.Helper()
	classes := compile(t, k.Java)
	var fields []string
	for _, f := range sale.Fields {
		fields = append(fields, f.Name)
	}
	out := run(t, k.Java, "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classes, "LateRecords",
		k.JavaConfig(devenv.Consumer), strings.Join(k.Addresses, ","), topic, strconv.Itoa(kafkatest.Partitions),
		strconv.FormatInt(outOfOrder.Milliseconds(), 10), strings.Join(fields, ","))
	if err := json.Unmarshal(out, &counts); err != nil {
		t.Fatalf("the job says %q: %v", out, err)
	}
	return counts
}

// compile returns the class path of the job.
func compile(t testing.TB, java string) (classPath string) {
	t.Helper()
	folder, err := devenv.FlinkJars(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	jars, err := filepath.Glob(filepath.Join(folder, "*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, service := filepath.Join(dir, "LateRecords.java"), filepath.Join(dir, factories)
	if err := errors.Join(os.WriteFile(source, job, 0o600), os.MkdirAll(filepath.Dir(service), 0o700),
		os.WriteFile(service, []byte("LateRecords$LateCounters\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	classPath = strings.Join(append(jars, dir), string(os.PathListSeparator))
	run(t, java, "-cp", classPath, "org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-cp", classPath, "-d", dir,
		source)
	return classPath
}

func run(t testing.TB, java string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), java, append([]string{"-XX:TieredStopAtLevel=1"}, args...)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, said.String())
	}
	return out
}
