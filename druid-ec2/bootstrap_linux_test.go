package druid_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/devenv/tlscert"
)

// envInside is set in the process that runs the test in namespaces of its own.
const envInside = "SALESBURST_INSIDE"

// TestBootstrap runs bootstrap.sh for real: in a root, a network and a process tree of its
// own, with a data volume, a mirror of the release, and stubs for AWS and for systemd.
func TestBootstrap(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Kafka and Druid, several times")
	}
	if os.Getuid() != 0 {
		t.Fatal("a root file system of its own takes the rights of root: run it as root")
	}
	if os.Getenv(envInside) == "" {
		t.Parallel()
		inNamespaces(t)
		return
	}
	run(t, "ip", "link", "set", "lo", "up")
	k, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Stop(); err != nil {
			t.Error(err)
		}
	})
	jars, err := devenv.DruidJars(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	serveMetadata(t)
	b := newBootstrap(t, k)
	b.mirror, b.sum = serveMirror(t, jars)
	t.Run("refuses", b.refuses)
	t.Run("works", b.works)
}

// inNamespaces runs the test again as the first process of a tree that ends with it.
func inNamespaces(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		self, "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "25m")
	cmd.Env = append(os.Environ(), envInside+"=yes", devenv.EnvState+"=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// bootstrap is what the instances of a test have in common.
type bootstrap struct {
	kafka       *devenv.Kafka
	broker      *kafkatest.Broker
	mirror, sum string // URL of the mirror, SHA-256 of its release
	password    string // of the gateway
}

// ARNs as bootstrap.sh is given them; the stub of aws takes their last part.
const (
	kafkaSecret   = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka"
	gatewaySecret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:gateway"
)

func newBootstrap(t *testing.T, k *devenv.Kafka) *bootstrap {
	return &bootstrap{kafka: k, broker: kafkatest.NewTopic(t, k), password: rand.Text()}
}

// instance is a new machine with the folder, the secrets and an attachable volume.
func (b *bootstrap) instance(t *testing.T, disk string) *root {
	t.Helper()
	r := newRoot(t, b.kafka, disk)
	r.deploy(t, b.sum)
	r.write(t, "/run/secrets/kafka", lambdatest.Secret(b.broker.Addrs, string(devenv.Consumer), b.kafka.Users[devenv.Consumer]))
	r.write(t, "/run/secrets/gateway", b.password)
	return r
}

// run runs bootstrap.sh. An empty value takes a variable away.
func (b *bootstrap) run(t *testing.T, r *root, change ...string) (output string, ok bool) {
	t.Helper()
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "TOPIC": b.broker.Topic, "DATA_VOLUME": volumeID, "KAFKA_SECRET_ARN": kafkaSecret,
		"GATEWAY_SECRET_ARN": gatewaySecret, "STACK_NAME": "Salesburst", "STACK_RESOURCE": "Druid", "DRUID_MIRRORS": b.mirror + "/good",
	}
	for _, c := range change {
		name, value, _ := strings.Cut(c, "=")
		env[name] = value
	}
	cmd := r.command("/opt/salesburst/bootstrap.sh")
	for name, value := range env {
		if value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	start := time.Now()
	out, err := cmd.CombinedOutput()
	t.Logf("after %.1f s: %v\n%s", time.Since(start).Seconds(), err, out)
	for _, secret := range []string{b.password, b.kafka.Users[devenv.Consumer]} {
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("a secret is in the output\n%s", out)
		}
	}
	return string(out), err == nil
}

// Each refusal is one line that says which, and the stack hears it.
func (b *bootstrap) refuses(t *testing.T) {
	small := newDisk(t, 64)
	r := b.instance(t, small)
	for _, c := range []struct {
		name   string
		change []string // variables
		before string   // shell, in the root
		after  string   // shell, in the root
		says   string
	}{
		{name: "no topic", change: []string{"TOPIC="}, says: "the variable TOPIC is not set"},
		{name: "no volume", change: []string{"DATA_VOLUME="}, says: "the variable DATA_VOLUME is not set"},
		{name: "no secret", change: []string{"KAFKA_SECRET_ARN="}, says: "the variable KAFKA_SECRET_ARN is not set"},
		{name: "no gateway secret", change: []string{"GATEWAY_SECRET_ARN="}, says: "the variable GATEWAY_SECRET_ARN is not set"},
		{name: "wrong topic", change: []string{`TOPIC=a"b`}, says: `TOPIC is a"b: want letters`},
		{name: "wrong retention", change: []string{"RETENTION=forever"}, says: "RETENTION is forever: want a period"},
		{name: "secret out of reach", change: []string{"KAFKA_SECRET_ARN=" + kafkaSecret + "x"}, says: "with-kafka: the secret " + kafkaSecret + "x cannot be read"},
		{name: "secret without a key", before: `echo '{"bootstrap_servers":"a:1"}' >/run/secrets/poor`, change: []string{"KAFKA_SECRET_ARN=x:poor"},
			says: "with-kafka: the secret x:poor does not hold api_key and api_secret"},
		{name: "secret without servers", before: `echo '{"api_key":"k","api_secret":"s"}' >/run/secrets/nowhere`, change: []string{"KAFKA_SECRET_ARN=x:nowhere"},
			says: "the secret x:nowhere does not hold bootstrap_servers"},
		{name: "short password", before: `echo short >/run/secrets/short`, change: []string{"GATEWAY_SECRET_ARN=x:short"},
			says: "gateway-password: the secret x:short has less than 16 characters"},
		{name: "data volume too small", says: "/var/lib/druid has ", after: "umount /var/lib/druid"},
		{name: "foreign file system", before: "mkswap -q " + small, says: "the volume " + volumeID + " is not ext4: it is left as it is"},
		{name: "partitions", before: `dd if=/dev/zero of=` + small + ` bs=1M count=1 status=none
			printf '\0\0\0\0\203\0\0\0\1\0\0\0\1\0\0\0' | dd of=` + small + ` bs=1 seek=446 conv=notrunc status=none
			printf '\125\252' | dd of=` + small + ` bs=1 seek=510 conv=notrunc status=none`,
			says: "the volume " + volumeID + " holds something that is no file system: it is left as it is"},
	} {
		t.Run(c.name, func(t *testing.T) { b.refused(t, r, c.before, c.after, c.says, c.change...) })
	}
	big := b.instance(t, newDisk(t, 4096))
	for _, c := range []struct {
		name, before, after, says string
		change                    []string
	}{
		{name: "tampered release", change: []string{"DRUID_MIRRORS=" + b.mirror + "/tampered"}, says: "not " + b.sum + ": it is not unpacked"},
		{name: "no network", change: []string{"DRUID_MIRRORS=http://127.0.0.1:9"}, says: "Druid's release cannot be fetched: is there a way to the internet?"},
		{name: "full disk", before: "cp -a /opt/salesburst /tmp/kept; mount -t tmpfs -o size=100m none /opt; cp -a /tmp/kept /opt/salesburst",
			after: "umount /opt", says: "/opt has "},
	} {
		t.Run(c.name, func(t *testing.T) { b.refused(t, big, c.before, c.after, c.says, c.change...) })
	}
	if calls := big.read(t, stubLog); strings.Contains(calls, "dnf") {
		t.Errorf("packages were installed that are there:\n%s", calls)
	}
}

func (b *bootstrap) refused(t *testing.T, r *root, before, after, says string, change ...string) {
	t.Helper()
	shell := func(script string) {
		if out, err := r.command("sh", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
	}
	shell(before)
	r.write(t, stubLog, "")
	out, ok := b.run(t, r, change...)
	if ok {
		t.Error("it says that it went well")
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "bootstrap: ") || !strings.Contains(last, says) {
		t.Errorf("its last line is %q, want %q", last, says)
	}
	if calls := r.read(t, stubLog); !strings.Contains(calls, "cfn-signal --success false --reason ") || !strings.Contains(calls, says) {
		t.Errorf("the stack does not hear %q but\n%s", says, calls)
	}
	shell(after)
	for _, pattern := range []string{"/opt/apache-druid-*", "/opt/.druid-*", "/opt/druid"} {
		if left, err := filepath.Glob(r.dir + pattern); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, error %v", left, err)
		}
	}
}

// From an empty volume to sales in Druid, again, and on another instance.
func (b *bootstrap) works(t *testing.T) {
	disk := newDisk(t, 4096)
	r := b.instance(t, disk)

	// With a key that Kafka refuses, all is installed and the reason is told.
	r.write(t, "/run/secrets/wrong", lambdatest.Secret(b.broker.Addrs, string(devenv.Consumer), "wrong"))
	r.write(t, "/run/secrets/right", r.read(t, "/run/secrets/kafka"))
	run(t, "cp", r.dir+"/run/secrets/wrong", r.dir+"/run/secrets/kafka")
	t.Cleanup(func() { r.stopServers(t) })
	out, ok := b.run(t, r, "DRUID_MIRRORS="+b.mirror+"/nowhere "+b.mirror+"/good") // the second has it
	if ok || !strings.Contains(out, "the supervisor of "+b.broker.Topic+" is ") || !strings.Contains(out, "check the topic and the key in the secret "+kafkaSecret) {
		r.fatal(t, "a wrong key is not told")
	}
	run(t, "cp", r.dir+"/run/secrets/right", r.dir+"/run/secrets/kafka")
	if out, err := r.command("systemctl", "restart", "druid.target").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b.expectReady(t, r)

	sales := b.publish(t, `{"events":5000,"id":"first"}`)
	b.await(t, r, sales)
	if line := <-r.gatewayLog; !strings.Contains(line, `127.0.0.1 - "GET /status/health" 401 `) {
		t.Errorf("the gateway's first line is %q", line)
	}
	b.expectSpec(t)
	b.expectClosed(t)
	t.Run("units", func(t *testing.T) { verifyUnits(t, r) })

	t.Run("again", func(t *testing.T) {
		files := tree(t, r.dir+"/opt", r.dir+"/etc")
		pids := unitPIDs(r.dir)
		if len(pids) != 7 {
			t.Errorf("servers %v", pids)
		}
		b.expectReady(t, r)
		if now := tree(t, r.dir+"/opt", r.dir+"/etc"); !slices.Equal(now, files) {
			t.Errorf("changed: %v", different(files, now))
		}
		if now := unitPIDs(r.dir); !maps.Equal(now, pids) {
			t.Errorf("servers %v, before %v", now, pids)
		}
		b.await(t, r, sales)
	})
	b.expectNoSecret(t, r)

	t.Run("another instance", func(t *testing.T) {
		r.stopServers(t)
		run(t, "umount", "-l", r.dir+"/var/lib/druid")
		other := b.instance(t, disk)
		t.Cleanup(func() { other.stopServers(t) })
		b.expectReady(t, other)
		b.await(t, other, sales)
		sales += b.publish(t, `{"events":3000,"id":"second"}`)
		b.await(t, other, sales)
		if calls := other.read(t, stubLog); strings.Contains(calls, "mkfs") || !strings.Contains(calls, "ec2 attach-volume --volume-id "+volumeID) {
			t.Errorf("calls\n%s", calls)
		}
	})
}

// expectReady runs bootstrap.sh, which must go well and say so to the stack.
func (b *bootstrap) expectReady(t *testing.T, r *root) {
	t.Helper()
	r.write(t, stubLog, "")
	run(t, "chmod", "666", r.dir+stubLog)
	if out, ok := b.run(t, r); !ok || !strings.HasSuffix(out, "bootstrap: ready\n") {
		r.fatal(t, "not ready")
	}
	if calls := r.read(t, stubLog); !strings.Contains(calls, "cfn-signal --success true") {
		t.Errorf("the stack does not hear that it is ready\n%s", calls)
	}
}

// fatal ends the test and shows the servers' last words.
func (r *root) fatal(t *testing.T, why string) {
	t.Helper()
	for name := range unitPIDs(r.dir) {
		t.Logf("%s:\n%s", name, run(t, "tail", "-n", "5", r.dir+"/var/log/"+name+".log"))
	}
	t.Fatal(why)
}

// stopServers ends all servers of a root at once.
func (r *root) stopServers(t *testing.T) {
	t.Helper()
	for _, pid := range unitPIDs(r.dir) {
		_ = exec.Command("kill", "-s", "KILL", "--", fmt.Sprint(-pid)).Run() // it may have ended
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		left := 0
		for _, pid := range unitPIDs(r.dir) {
			if running(pid) {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a server does not end")
		}
	}
}

// publish has the function's binary publish a burst.
func (b *bootstrap) publish(t *testing.T, order string) (events int) {
	t.Helper()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, b.broker.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(lambdatest.Secrets(t, lambdatest.Secret(b.broker.Addrs, b.broker.User, b.broker.Password)).Env,
		contract.EnvTopic+"="+b.broker.Topic, contract.EnvSecretARN+"="+lambdatest.SecretARN, "SSL_CERT_FILE="+roots)
	f := lambdatest.Run(t, []string{b.broker.Password}, []string{lambdatest.Build(t, contract.Online.Name, runtime.GOARCH)}, env...)
	var report app.Report
	f.Result(t, lambdatest.Invocation{Payload: order, Deadline: time.Now().Add(time.Minute)}, &report)
	return report.Events
}

// await waits until Druid has so many sales, by way of the gateway, whose certificate it
// pins.
func (b *bootstrap) await(t *testing.T, r *root, sales int) {
	t.Helper()
	trust := tlscert.Trust([]byte(r.read(t, "/var/lib/druid/gateway/certificate.pem")))
	trust.ServerName = "salesburst-druid"
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	defer client.CloseIdleConnections()
	want := fmt.Sprintf(`[{"n":%d}]`, sales)
	body := fmt.Sprintf(`{"query":"SELECT COUNT(*) AS n FROM \"%s\""}`, b.broker.Topic)
	var text []byte
	for deadline := time.Now().Add(3 * time.Minute); strings.TrimSpace(string(text)) != want; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Druid answers %s, want %s", text, want)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1/druid/v2/sql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth(devenv.GatewayUser, b.password)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// expectSpec wants Druid to hold what Go would have posted. It writes an hour in seconds.
func (b *bootstrap) expectSpec(t *testing.T) {
	t.Helper()
	i := druid.Ingestion{Topic: b.broker.Topic, BootstrapServers: strings.Join(b.broker.Addrs, ",")}
	for name, path := range map[string]string{
		"supervisor.json": "indexer/v1/supervisor/" + b.broker.Topic,
		"rules.json":      "coordinator/v1/rules/" + b.broker.Topic,
		"compaction.json": "coordinator/v1/config/compaction/" + b.broker.Topic,
	} {
		text, err := i.Spec(name)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get("http://127.0.0.1:8081/druid/" + path)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(text, `"PT1H"`, `"PT3600S"`)), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatalf("%s: %v", answer, err)
		}
		if lost := missing(name, want, got); len(lost) > 0 {
			t.Errorf("Druid does not hold %v but\n%s", lost, answer)
		}
	}
}

// missing are the places of want that got does not have. What want names got may write as
// an object of that type.
func missing(place string, want, got any) (lost []string) {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		for key, value := range want {
			lost = append(lost, missing(place+"."+key, value, got[key])...)
		}
	case []any:
		got, _ := got.([]any)
		if len(got) != len(want) {
			return []string{place}
		}
		for i, value := range want {
			lost = append(lost, missing(fmt.Sprintf("%s[%d]", place, i), value, got[i])...)
		}
	default:
		if object, is := got.(map[string]any); is {
			got = strings.ToUpper(fmt.Sprint(object["type"]))
		}
		if want != got {
			return []string{fmt.Sprintf("%s = %v", place, want)}
		}
	}
	return lost
}

// expectClosed wants nothing but the gateway to be heard from outside.
func (b *bootstrap) expectClosed(t *testing.T) {
	t.Helper()
	var open []string
	for _, address := range listening(t) {
		if !strings.HasPrefix(address, "127.") && !strings.HasPrefix(address, "169.254.169.254:") {
			open = append(open, address)
		}
	}
	if !slices.Equal(open, []string{"0.0.0.0:443"}) {
		t.Errorf("from outside one reaches %v, want the gateway alone", open)
	}
}

// expectNoSecret looks for the secrets in all that was written, logs among it.
func (b *bootstrap) expectNoSecret(t *testing.T, r *root) {
	t.Helper()
	if calls := r.read(t, stubLog); !strings.Contains(calls, "secretsmanager get-secret-value") {
		t.Errorf("no secret was read\n%s", calls)
	}
	for _, secret := range []string{b.password, b.kafka.Users[devenv.Consumer]} {
		out, err := exec.Command("grep", "-rlaF", "-e", secret, r.mem+"/upper", r.dir+"/var/lib/druid").CombinedOutput()
		if len(out) > 0 || err == nil {
			t.Errorf("a secret is in\n%s", out)
		}
	}
}

// verifyUnits wants systemd to find nothing to say about the units.
func verifyUnits(t *testing.T, r *root) {
	out, err := r.command("systemd-analyze", "verify", "druid.target").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for _, name := range []string{"druid@broker.service", "druid@indexer.service", "druid-gateway.service", "druid-disk.service"} {
		if out, err := r.command("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", name).CombinedOutput(); err != nil {
			t.Errorf("%s is exposed: %v\n%s", name, err, out)
		}
	}
}

// different are the lines that only one of the lists has.
func different(a, b []string) (lines []string) {
	for _, line := range a {
		if !slices.Contains(b, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			lines = append(lines, "+ "+line)
		}
	}
	return lines
}
