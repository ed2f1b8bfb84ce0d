package devenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	druid "salesburst/druid-ec2"
)

// kafkaPOM names Kafka's server and its tools. Kafka 3 brings a logger of its own, beside
// which the simple one would be one of two.
func kafkaPOM(version string) string {
	return strings.ReplaceAll(`<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>salesburst</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>VERSION</version>
      <exclusions>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>VERSION</version>
      <exclusions>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`, "VERSION", version)
}

// kafkaJars returns a folder with the jars of a version of Kafka.
func kafkaJars(ctx context.Context, version string, log io.Writer) (string, error) {
	if strings.Trim(version, "0123456789.") != "" {
		return "", fmt.Errorf("version %q of Kafka: want one such as %s", version, KafkaVersion)
	}
	return jars(ctx, "kafka-"+version, kafkaPOM(version), log)
}

// druidPOM names Druid's servers, the extensions that are deployed, and ZooKeeper, which
// they bring along.
func druidPOM() string {
	return strings.ReplaceAll(`<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>salesburst</groupId><artifactId>druid</artifactId><version>1</version><packaging>pom</packaging>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.apache.druid</groupId><artifactId>druid</artifactId><version>VERSION</version>
      <type>pom</type><scope>import</scope></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.apache.druid</groupId><artifactId>druid-services</artifactId><version>VERSION</version>
      <exclusions><exclusion><groupId>org.hyperic</groupId><artifactId>sigar</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.apache.druid.extensions</groupId><artifactId>druid-kafka-indexing-service</artifactId>
      <version>VERSION</version></dependency>
    <dependency><groupId>org.apache.druid.extensions</groupId><artifactId>druid-datasketches</artifactId>
      <version>VERSION</version></dependency>
  </dependencies>
</project>
`, "VERSION", druid.Version("DRUID_VERSION"))
}

// DruidJars returns a folder with the jars of Druid's release, those of the extensions that
// are deployed among them.
func DruidJars(ctx context.Context, log io.Writer) (string, error) {
	return jars(ctx, "druid", druidPOM(), log)
}

// flinkPOM names Flink, its connector to Kafka, and Eclipse's compiler for Java: so a job takes no more
// than what runs Java.
const flinkPOM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>salesburst</groupId><artifactId>flink</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.flink</groupId><artifactId>flink-streaming-java</artifactId>
      <version>2.2.1</version></dependency>
    <dependency><groupId>org.apache.flink</groupId><artifactId>flink-clients</artifactId>
      <version>2.2.1</version></dependency>
    <dependency><groupId>org.apache.flink</groupId><artifactId>flink-connector-base</artifactId>
      <version>2.2.1</version></dependency>
    <dependency><groupId>org.apache.flink</groupId><artifactId>flink-connector-kafka</artifactId>
      <version>5.0.0-2.2</version></dependency>
    <dependency><groupId>org.eclipse.jdt</groupId><artifactId>ecj</artifactId><version>3.38.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// FlinkJars returns a folder with the jars of Flink, of its connector to Kafka, and of a compiler.
func FlinkJars(ctx context.Context, log io.Writer) (string, error) {
	return jars(ctx, "flink-2.2.1", flinkPOM, log)
}

// jars returns a folder with the jars that a POM names and all that they need. They are
// fetched by Maven when they are asked for the first time, and kept in the user's cache:
// a folder is there whole or not at all.
func jars(ctx context.Context, name, pom string, log io.Writer) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("a place for %s: %w", name, err)
	}
	sum := sha256.Sum256([]byte(pom))
	dir := filepath.Join(cache, "salesburst", name+"-"+hex.EncodeToString(sum[:6]))
	if there(dir) {
		return dir, nil
	}
	if err := fetch(ctx, name, pom, dir, log); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	return dir, nil
}

func there(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

func fetch(ctx context.Context, name, pom, dir string, log io.Writer) error {
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("mvn, which fetches it, is not on the PATH; on Debian: apt-get install maven")
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	file := filepath.Join(temp, "pom.xml")
	if err := os.WriteFile(file, []byte(pom), 0o644); err != nil {
		return err
	}
	say(log, "fetching %s with Maven, once", name)
	out, err := exec.CommandContext(ctx, maven, "-q", "-B", "-f", file,
		"dependency:copy-dependencies", "-DincludeScope=runtime",
		"-DoutputDirectory="+filepath.Join(temp, "lib")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mvn dependency:copy-dependencies: %w: %s", err, strings.TrimSpace(string(out)))
	}
	err = os.Rename(filepath.Join(temp, "lib"), dir)
	if err != nil && there(dir) {
		return nil // another process was faster
	}
	return err
}
