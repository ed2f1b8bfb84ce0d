package local

import (
	"strings"
	"testing"
)

// The dashboards are drawn from real Druid, asked through its gateway, whatever is in its table.
func TestStackDrawsFromDruid(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Kafka and Druid")
	}
	dir := t.TempDir()
	_, stderr, status := runProgram(t, nil, "-stack", "-snapshot", dir, "-history", "20m", "-incidents", wrongData(t))
	if status != 0 {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	expectPictures(t, dir)
}

// Real Kafka and real Druid instead of the broker within: every event is read back from
// the one and counted by the other, what is malformed too, and the servers are gone with the program.
func TestStack(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Kafka and Druid")
	}
	stdout, stderr, status := runProgram(t, nil, "-stack", "-once", "-history", "10m", "-incidents", wrongData(t))
	if status != 0 || !strings.Contains(stdout, "missing 0, duplicated 0; by incidents ") {
		t.Errorf("status %d, %s\n%s", status, stdout, stderr)
	}
	for _, want := range []string{"Druid's console http://127.0.0.1:", "gateway         https://127.0.0.1:", "Druid has ",
		", and passes over "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q but\n%s", want, stderr)
		}
	}
}
