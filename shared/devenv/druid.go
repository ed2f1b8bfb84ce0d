package devenv

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/devenv/tlscert"
)

// druidStart is how long Druid may take to be ready on a busy machine; on an idle one
// with two cores it takes forty seconds.
const druidStart = 6 * time.Minute

// DruidConfig says what Druid is started.
type DruidConfig struct {
	Kafka    *Kafka            // from which it will ingest, as its user Consumer
	Settings map[string]string // properties over those that are deployed
	JVM      []string          // flags, over those that are deployed
	Log      io.Writer         // one line for each step; nil: none
}

// Druid is ZooKeeper, Druid's five servers and the gateway, with the settings that are
// deployed. What differs are the ports, and that nothing waits as long as in a cloud.
type Druid struct {
	URLs     map[string]string // of each server of Druid by its name: coordinator, broker, …
	Gateway  string            // URL; the user is GatewayUser
	Password string            // of the gateway
	CA       []byte            // PEM, what the gateway's clients trust
	Dir      string            // of its files
	Kafka    *Kafka            `json:"-"`

	processes map[string]*Process
	zookeeper string         // host:port
	keeper    *keeper        // nil: another process started it
	pids      map[string]int // where another process started it
}

// GatewayUser is who may ask the gateway.
const GatewayUser = "grafana"

// gatewayName is the gateway's among the processes.
const gatewayName = "gateway"

// memory is the machine for which the heaps are sized here.
const memory = "-XX:MaxRAM=8g"

// StartDruid starts Druid and returns when it is ready. It ends with this process,
// however that ends, or by Stop.
func StartDruid(ctx context.Context, cfg DruidConfig) (*Druid, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, druidStart)
	defer cancel()
	d, err := newDruid(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("starting Druid: %w", err)
	}
	say(cfg.Log, "starting Druid (ZooKeeper, five servers, gateway)")
	// Without a coordinator the others would wait a minute before they ask for it again.
	names := append(druid.Services(), gatewayName)
	if err := errors.Join(d.startAll(ctx, cfg.Log, names[:2]), d.startAll(ctx, cfg.Log, names[2:])); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Druid: %w", err), d.Stop())
	}
	say(cfg.Log, "Druid is ready after %.0f s: console %s, gateway %s", time.Since(start).Seconds(), d.URLs["router"],
		d.Gateway)
	return d, nil
}

// startAll starts servers at the same time and waits until they are ready.
func (d *Druid) startAll(ctx context.Context, log io.Writer, names []string) error {
	start := time.Now()
	for _, name := range names {
		if err := d.processes[name].Start(); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := d.Await(ctx, name); err != nil {
			return err
		}
		say(log, "  %s after %.0f s", name, time.Since(start).Seconds())
	}
	return nil
}

func newDruid(ctx context.Context, cfg DruidConfig) (*Druid, error) {
	javaPath, err := java(ctx)
	if err != nil {
		return nil, err
	}
	nginx, err := program("nginx", "nginx-light")
	if err != nil {
		return nil, err
	}
	lib, err := DruidJars(ctx, cfg.Log)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(8)
	if err != nil {
		return nil, err
	}
	dir, keeper, err := folder(ports)
	if err != nil {
		return nil, err
	}
	d := &Druid{
		URLs: make(map[string]string), Password: rand.Text(), Dir: dir, Kafka: cfg.Kafka,
		processes: make(map[string]*Process), keeper: keeper,
	}
	settings := d.settings(ports.numbers)
	maps.Copy(settings, cfg.Settings)
	err = d.write(lib, ports.numbers)
	for _, name := range druid.Services() {
		d.addServer(name, javaPath, settings, cfg)
	}
	if err == nil {
		err = d.addGateway(nginx)
	}
	if err != nil {
		return nil, errors.Join(err, keeper.end())
	}
	return d, nil
}

// Places among the free ports.
const (
	zookeeperPort = 5 + iota // behind Druid's five servers
	derbyPort
	gatewayPort
)

// settings are what differs from the instance.
func (d *Druid) settings(ports []string) map[string]string {
	d.zookeeper = "127.0.0.1:" + ports[zookeeperPort]
	for i, name := range druid.Services()[1:] {
		d.URLs[name] = "http://127.0.0.1:" + ports[i]
	}
	return map[string]string{
		"druid.extensions.loadList":             "[]", // they are on the class path
		"druid.zk.service.host":                 d.zookeeper,
		"druid.metadata.storage.connector.port": ports[derbyPort],
		"druid.metadata.storage.connector.connectURI": "jdbc:derby://127.0.0.1:" + ports[derbyPort] +
			"/metadata.db;create=true",
		"druid.coordinator.startDelay":            "PT1S",
		"druid.coordinator.period":                "PT5S",
		"druid.coordinator.period.indexingPeriod": "PT10S",
		"druid.indexer.queue.startDelay":          "PT1S",
		"druid.sql.planner.metadataRefreshPeriod": "PT2S",
		"druid.coordinator.kill.on":               "false", // tests that need it turn it on
		"druid.manager.segments.pollDuration":     "PT2S",
	}
}

// write writes the files that are deployed, with the ports of this machine where those are
// not properties.
func (d *Druid) write(lib string, ports []string) error {
	if err := druid.Write(d.path("deployed")); err != nil {
		return err
	}
	for _, dir := range []string{"data", "gateway/tls", "gateway/tmp", "home"} {
		if err := os.MkdirAll(d.path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.Symlink(lib, d.path("home/lib")); err != nil {
		return err
	}
	cert, err := tlscert.NewCertificate()
	if err != nil {
		return err
	}
	d.CA, d.Gateway = cert.CA, "https://127.0.0.1:"+ports[gatewayPort]
	sum := sha1.Sum([]byte(d.Password)) // of random letters, for a server on loopback
	return errors.Join(
		replace(d.path("deployed/conf/zookeeper/zoo.cfg"), d.path("deployed/conf/zookeeper/zoo.cfg"),
			"clientPort=2181", "clientPort="+ports[zookeeperPort]),
		replace(d.path("deployed/gateway/nginx.conf"), d.path("gateway/nginx.conf"),
			"syslog:server=unix:/dev/log,nohostname,tag=druid_gateway", "access.log",
			"listen 443 ssl;", "listen 127.0.0.1:"+ports[gatewayPort]+" ssl;",
			"server 127.0.0.1:8082;", "server "+strings.TrimPrefix(d.URLs["broker"], "http://")+";"),
		os.WriteFile(d.path("gateway/tls/certificate.pem"), cert.CA, 0o600),
		os.WriteFile(d.path("gateway/tls/key.pem"), cert.Key, 0o600),
		os.WriteFile(d.path("gateway/password"),
			fmt.Appendf(nil, "%s:{SHA}%s\n", GatewayUser, base64.StdEncoding.EncodeToString(sum[:])), 0o600),
	)
}

func (d *Druid) path(name string) string { return filepath.Join(d.Dir, filepath.FromSlash(name)) }

// replace copies a text with changes; each must find its place.
func replace(from, to string, oldNew ...string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	for i := 0; i < len(oldNew); i += 2 {
		if strings.Count(string(text), oldNew[i]) != 1 {
			return fmt.Errorf("%s: want %q once", from, oldNew[i])
		}
	}
	return os.WriteFile(to, []byte(strings.NewReplacer(oldNew...).Replace(string(text))), 0o644)
}

func (d *Druid) addServer(name, javaPath string, settings map[string]string, cfg DruidConfig) {
	flags := append([]string{memory}, cfg.JVM...)
	if url := d.URLs[name]; url != "" {
		flags = append(flags, "-Ddruid.plaintextPort="+url[strings.LastIndex(url, ":")+1:])
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		flags = append(flags, "-D"+key+"="+settings[key])
	}
	env := append(os.Environ(),
		"PATH="+filepath.Dir(javaPath)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"DRUID_HOME="+d.path("home"),
		"DRUID_JVM="+strings.Join(flags, " "),
		"KAFKA_JAAS_CONFIG="+d.login())
	d.processes[name] = &Process{
		name: "Druid's " + name, log: d.path("data/" + name + ".log"), keeper: d.keeper,
		make: func() *exec.Cmd {
			cmd := exec.Command(d.path("deployed/bin/serve"), name)
			cmd.Env = env
			return cmd
		},
	}
}

// login is how Druid presents itself to Kafka.
func (d *Druid) login() string {
	if d.Kafka == nil {
		return "none"
	}
	return fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q;",
		Consumer, d.Kafka.Users[Consumer])
}

func (d *Druid) addGateway(nginx string) error {
	args := []string{"-e", "stderr", "-p", d.path("gateway"), "-c", "nginx.conf"}
	if os.Getuid() == 0 {
		args = append(args, "-g", "user root;") // its workers read our files
	}
	if out, err := exec.Command(nginx, append(args, "-t", "-q")...).CombinedOutput(); err != nil {
		return fmt.Errorf("nginx -t: %w: %s", err, out)
	}
	d.processes[gatewayName] = &Process{
		name: "the gateway", log: d.path("gateway/log"), keeper: d.keeper,
		make: func() *exec.Cmd { return exec.Command(nginx, args...) },
	}
	return nil
}

// program finds a program, also where only root's PATH would.
func program(name, debianPackage string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not on the PATH; on Debian: apt-get install %s", name, debianPackage)
}

// Service is the process of a server, zookeeper, coordinator, …, or gateway.
func (d *Druid) Service(name string) *Process { return d.processes[name] }

// PID is the number of a server's process, or the gateway's, whoever started it.
func (d *Druid) PID(name string) int {
	if p := d.processes[name]; p != nil {
		return p.PID()
	}
	return d.pids[name]
}

func (d *Druid) running() map[string]int {
	pids := make(map[string]int)
	for name, p := range d.processes {
		pids[name] = p.PID()
	}
	return pids
}

// Await waits until a server, or the gateway, says that it is healthy.
func (d *Druid) Await(ctx context.Context, name string) error {
	p := d.processes[name]
	if name == "zookeeper" {
		return p.poll(ctx, func() error {
			conn, err := net.Dial("tcp", d.zookeeper)
			if err != nil {
				return err
			}
			return conn.Close()
		})
	}
	url := d.URLs[name]
	if name == gatewayName {
		url = d.Gateway
	}
	return p.poll(ctx, func() error {
		healthy, err := d.Call(ctx, http.MethodGet, url+"/status/health", "")
		if err == nil && strings.TrimSpace(string(healthy)) != "true" {
			err = fmt.Errorf("its health is %s", healthy)
		}
		return err
	})
}

// Stop ends all of it and removes its files.
func (d *Druid) Stop() error {
	if d.keeper == nil {
		return nil // not ours
	}
	return d.keeper.end()
}

// Call asks one of the servers, or the gateway with its password, and waits where the gateway
// says that it is asked too often. The body is JSON. An answer other than 2xx is an error that
// holds what it said.
func (d *Druid) Call(ctx context.Context, method, url, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.DefaultClient
	if strings.HasPrefix(url, d.Gateway) {
		req.SetBasicAuth(GatewayUser, d.Password)
		transport := &http.Transport{TLSClientConfig: tlscert.Trust(d.CA)}
		defer transport.CloseIdleConnections()
		client = &http.Client{Transport: transport}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	if resp.StatusCode == http.StatusTooManyRequests && client != http.DefaultClient {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
		return d.Call(ctx, method, url, body)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, text)
	}
	return text, nil
}

// Row is a row of an answer: numbers are json.Number.
type Row map[string]any

// Query asks the broker in SQL.
func (d *Druid) Query(ctx context.Context, sql string) ([]Row, error) {
	return d.QueryWith(ctx, sql, nil)
}

// QueryWith is Query with parameters of the query's context, such as timeout.
func (d *Druid) QueryWith(ctx context.Context, sql string, parameters map[string]any) ([]Row, error) {
	body, err := json.Marshal(map[string]any{"query": sql, "resultFormat": "object", "context": parameters})
	if err != nil {
		return nil, err
	}
	text, err := d.Call(ctx, http.MethodPost, d.URLs["broker"]+"/druid/v2/sql", string(body))
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var rows []Row
	if err := decoder.Decode(&rows); err != nil {
		return nil, fmt.Errorf("the answer to %s: %w", sql, err)
	}
	return rows, nil
}

// Ingest lets Druid read a topic of its Kafka into a table of that name, by the supervisor
// that is deployed. Change, if not nil, changes it: its keys are paths such as
// ioConfig.taskDuration, below spec. A task lasts a minute at least: with less it fails.
func (d *Druid) Ingest(ctx context.Context, topic string, change map[string]any) error {
	text, err := druid.Ingestion{Topic: topic,
		BootstrapServers: strings.Join(d.Kafka.Addresses, ",")}.Spec("supervisor.json")
	if err != nil {
		return err
	}
	var supervisor map[string]any
	if err := json.Unmarshal([]byte(text), &supervisor); err != nil {
		return fmt.Errorf("supervisor.json: %w", err)
	}
	spec := supervisor["spec"].(map[string]any)
	consumer := spec["ioConfig"].(map[string]any)["consumerProperties"].(map[string]any)
	consumer["ssl.truststore.type"], consumer["ssl.truststore.location"] = "PEM", d.Kafka.CAFile()
	io := spec["ioConfig"].(map[string]any)
	io["startDelay"], io["period"] = "PT1S", "PT5S" // nothing waits as long as in a cloud
	for key, value := range change {
		part, name, _ := strings.Cut(key, ".")
		spec[part].(map[string]any)[name] = value
	}
	body, err := json.Marshal(supervisor)
	if err != nil {
		return err
	}
	_, err = d.Call(ctx, http.MethodPost, d.URLs["coordinator"]+"/druid/indexer/v1/supervisor", string(body))
	return err
}

// EndIngest ends what Ingest has begun: its task publishes what it has, hands it off and
// ends. The table stays until it is dropped. It waits until the supervisor knows its task:
// before, the task would be left to itself, would read on and hold its place for an hour.
func (d *Druid) EndIngest(ctx context.Context, topic string) error {
	supervisor := d.URLs["coordinator"] + "/druid/indexer/v1/supervisor/" + topic
	// where there is no task, there is none to wait for
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		text, err := d.Call(ctx, http.MethodGet, supervisor+"/status", "")
		if err != nil {
			return err
		}
		if known, err := tasksAreKnown(text); err != nil || known {
			if err != nil {
				return fmt.Errorf("the status of the supervisor of %s: %w", topic, err)
			}
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
	_, err := d.Call(ctx, http.MethodPost, supervisor+"/terminate", "")
	return err
}

// tasksAreKnown tells whether a supervisor has a task, and has heard when each began.
func tasksAreKnown(status []byte) (bool, error) {
	var s struct {
		Payload struct {
			ActiveTasks []struct{ StartTime *string }
		}
	}
	if err := json.Unmarshal(status, &s); err != nil {
		return false, fmt.Errorf("%w: %s", err, status)
	}
	for _, task := range s.Payload.ActiveTasks {
		if task.StartTime == nil {
			return false, nil
		}
	}
	return len(s.Payload.ActiveTasks) > 0, nil
}
