/*
Package devenv starts real servers on this machine: for the tests, and for whoever
wants the whole pipeline without a cloud. It needs Java and Maven, and fetches the
servers' files once.

  - [StartKafka] starts Apache Kafka: one to three brokers in KRaft mode, of any version
    that Maven Central has, with TLS, SASL PLAIN and ACLs (kafka.go, properties.go);
  - [StartDruid] starts Druid with its gateway, as they are deployed (druid.go);
  - [Shared] is one such Kafka for all test packages of one `go test`, and [SharedDruid] one such Druid, when that runs
    under shared/devenv/run (shared.go);
  - every server is a [Process] that can be frozen, killed and started again
    (process.go);
  - what a process of ours left behind when it was killed, the keeper ends and removes
    (keeper.go).
*/
package devenv

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// minJava is the oldest Java that runs the servers.
const minJava = 17

// java finds a Java that is new enough.
func java(ctx context.Context) (string, error) {
	const advice = "; on Debian: apt-get install openjdk-17-jre-headless"
	path, err := exec.LookPath("java")
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path, err = exec.LookPath(filepath.Join(home, "bin", "java"))
	}
	if err != nil {
		return "", fmt.Errorf("java is not on the PATH, and Java %d or newer is needed%s", minJava, advice)
	}
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s -version: %w: %s", path, err, out)
	}
	version := regexp.MustCompile(`version "(\d+)`).FindSubmatch(out)
	if version == nil {
		return "", fmt.Errorf("%s -version does not tell its version: %s", path, out)
	}
	if n, _ := strconv.Atoi(string(version[1])); n < minJava {
		return "", fmt.Errorf("%s is Java %d, and %d or newer is needed%s", path, n, minJava, advice)
	}
	return path, nil
}

// folder makes a folder for servers that the keeper removes when this process ends, and
// gives their ports to the keeper.
func folder(p *ports) (string, *keeper, error) {
	dir, err := os.MkdirTemp("", "salesburst-stack-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder for the servers: %w", err)
	}
	k, err := startKeeper(dir)
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	k.ports = p
	return dir, k, nil
}

// say writes a line of progress.
func say(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format+"\n", args...)
	}
}
