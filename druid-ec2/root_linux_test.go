package druid_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	druid "salesburst/druid-ec2"
	"salesburst/shared/devenv"
)

// root is a root of its own over this machine's: what is written there is gone with the
// test. It is the instance on which bootstrap.sh runs.
type root struct {
	dir  string // the root as its processes see it
	mem  string // what was written below it, in mem/upper, in memory
	disk string // device of the data volume

	gatewayLog <-chan string // its first lines in the journal
}

const (
	volumeID = "vol-0123456789abcdef0"
	// byID is where an attached volume shows on Amazon Linux.
	byID = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
	// stubLog is where the stubs write down how they were called.
	stubLog = "/var/log/stubs"
)

func newRoot(t *testing.T, k *devenv.Kafka, disk string) *root {
	t.Helper()
	dir := t.TempDir()
	r := &root{dir: filepath.Join(dir, "root"), mem: filepath.Join(dir, "mem"), disk: disk}
	run(t, "mkdir", r.dir, r.mem)
	run(t, "mount", "-t", "tmpfs", "-o", "size=8g,mode=755", "none", r.mem)
	t.Cleanup(func() { run(t, "umount", "-R", "-l", r.mem) })
	run(t, "mkdir", r.mem+"/upper", r.mem+"/work")
	run(t, "mount", "-t", "overlay", "-o", fmt.Sprintf("lowerdir=/,upperdir=%[1]s/upper,workdir=%[1]s/work", r.mem), "none", r.dir)
	t.Cleanup(func() { run(t, "umount", "-R", "-l", r.dir) })
	run(t, "mount", "-t", "proc", "none", r.dir+"/proc")
	run(t, "mount", "-t", "tmpfs", "-o", "mode=755", "none", r.dir+"/dev")
	run(t, "mount", "-t", "tmpfs", "-o", "mode=755", "none", r.dir+"/run") // secrets are here, and in no log
	run(t, "mkdir", "-p", r.dir+"/dev/disk/by-id", r.dir+"/run/secrets")
	for _, device := range []string{"null", "zero", "random", "urandom", strings.TrimPrefix(disk, "/dev/")} {
		run(t, "cp", "-a", "/dev/"+device, r.dir+"/dev/"+device)
	}
	run(t, "ln", "-s", "/proc/self/fd", r.dir+"/dev/fd")
	r.addStubs(t)
	r.gatewayLog = serveJournal(t, r.dir+"/dev/log")

	// The instance has the one Java that it is meant to have, and that trusts Kafka.
	java, err := filepath.EvalSymlinks(k.Java)
	if err != nil {
		t.Fatal(err)
	}
	run(t, "ln", "-sf", java, r.dir+"/usr/local/bin/java")
	r.write(t, "/tmp/kafka.pem", string(k.CA))
	out, err := r.command(filepath.Join(filepath.Dir(java), "keytool"), "-importcert", "-cacerts", "-storepass", "changeit", "-noprompt", "-alias", "kafka", "-file", "/tmp/kafka.pem").CombinedOutput()
	if err != nil {
		t.Fatalf("keytool: %v: %s", err, out)
	}
	return r
}

// addStubs puts stand-ins for AWS's commands, and for systemd, onto the PATH.
func (r *root) addStubs(t *testing.T) {
	t.Helper()
	r.write(t, "/usr/local/bin/aws", `#!/bin/sh
echo "aws $*" >>`+stubLog+`
case "$1 $2" in
"secretsmanager get-secret-value") cat "/run/secrets/${4##*:}" 2>/dev/null || { echo "AccessDeniedException" >&2; exit 254; } ;;
"ec2 wait") ;;
"ec2 attach-volume") ln -s `+r.disk+` `+byID+` ;;
"cloudwatch put-metric-data") ;;
*) echo "unknown: $*" >&2; exit 252 ;;
esac
`)
	for _, name := range []string{"cfn-signal", "dnf"} {
		r.write(t, "/usr/local/bin/"+name, "#!/bin/sh\necho \""+name+" $*\" >>"+stubLog+"\n")
	}
	r.write(t, stubLog, "")
	run(t, "chmod", "666", r.dir+stubLog) // servers write there too
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run(t, "cp", self, r.dir+"/usr/local/bin/systemctl")
}

// serveJournal stands in for the journal.
func serveJournal(t *testing.T, path string) <-chan string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	run(t, "chmod", "666", path)
	lines := make(chan string, 100)
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			if !bytes.Contains(buf[:n], []byte("druid_gateway: ")) {
				continue
			}
			select {
			case lines <- string(buf[:n]):
			default:
			}
		}
	}()
	return lines
}

// write writes a file; what is a program can be run.
func (r *root) write(t *testing.T, path, text string) {
	t.Helper()
	mode := os.FileMode(0o644)
	if strings.HasPrefix(text, "#!") {
		mode = 0o755
	}
	run(t, "rm", "-f", r.dir+path)
	if err := os.WriteFile(r.dir+path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// read reads a file.
func (r *root) read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(r.dir + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command is one that runs in the root.
func (r *root) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("chroot", append([]string{r.dir, name}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"}
	return cmd
}

// deploy writes the folder as user data would, with the checksum of the mirror's release.
func (r *root) deploy(t *testing.T, sum string) {
	t.Helper()
	run(t, "mkdir", "-p", r.dir+"/opt/salesburst")
	if err := druid.Write(r.dir + "/opt/salesburst"); err != nil {
		t.Fatal(err)
	}
	versions := r.read(t, "/opt/salesburst/versions.env")
	r.write(t, "/opt/salesburst/versions.env", strings.ReplaceAll(versions, druid.Version("DRUID_SHA256"), sum))
}

// run runs a command of this machine.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// newDisk is a block device over a file of so many MB, all of them zero.
func newDisk(t *testing.T, megabytes int64) (device string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	device = run(t, "losetup", "-f", "--show", file)
	t.Cleanup(func() { run(t, "losetup", "-d", device) }) // at the latest when it is unmounted
	return device
}

// serveMirror serves a tarball of the release's layout, made of the jars from Maven
// Central, and a tampered one.
func serveMirror(t *testing.T, jars string) (url, sum string) {
	t.Helper()
	dir := t.TempDir()
	release := "apache-druid-" + druid.Version("DRUID_VERSION")
	for _, name := range []string{"good", "tampered"} {
		run(t, "mkdir", "-p", filepath.Join(dir, name, druid.Version("DRUID_VERSION")))
	}
	good := filepath.Join(dir, "good", druid.Version("DRUID_VERSION"), release+"-bin.tar.gz")
	sum = writeRelease(t, good, release, jars)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(strings.Replace(good, "/good/", "/tampered/", 1), text, 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(dir))}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String(), sum
}

// inExtension are the jars that the release has in the folder of an extension, not in lib.
var inExtension = map[string]string{
	"druid-kafka-indexing-service-": "druid-kafka-indexing-service",
	"kafka-clients-":                "druid-kafka-indexing-service",
	"druid-datasketches-":           "druid-datasketches",
}

func writeRelease(t *testing.T, file, release, jars string) (sum string) {
	t.Helper()
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	hash := sha256.New()
	zip, err := gzip.NewWriterLevel(io.MultiWriter(out, hash), gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(zip)
	entries, err := os.ReadDir(jars)
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for _, e := range entries {
		folder := "lib"
		for prefix, extension := range inExtension {
			if strings.HasPrefix(e.Name(), prefix) {
				folder = "extensions/" + extension
				moved++
			}
		}
		text, err := os.ReadFile(filepath.Join(jars, e.Name()))
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: release + "/" + folder + "/" + e.Name(), Mode: 0o644, Size: int64(len(text))})
		}
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if moved != len(inExtension) {
		t.Fatalf("%d jars of extensions, want %d", moved, len(inExtension))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// serveMetadata is the instance's metadata service, version 2.
func serveMetadata(t *testing.T) {
	t.Helper()
	run(t, "ip", "address", "add", "169.254.169.254/32", "dev", "lo")
	listener, err := net.Listen("tcp", "169.254.169.254:80")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "token") })
	mux.HandleFunc("GET /latest/meta-data/instance-id", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-aws-ec2-metadata-token") != "token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, "i-0123456789abcdef0")
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}

// tree lists what is below a folder: each file's name, mode, owner, size and time.
func tree(t *testing.T, folders ...string) []string {
	t.Helper()
	lines := strings.Split(run(t, "find", append(folders, "-printf", "%p %M %u:%g %s %T@\n")...), "\n")
	slices.Sort(lines)
	return lines
}
