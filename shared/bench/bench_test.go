package bench

import (
	"strings"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	s := Stamp(time.Date(2026, 11, 27, 1, 0, 0, 0, time.FixedZone("", 2*3600)))
	if !strings.HasPrefix(s, "2026-11-26, ") || !strings.Contains(s, " cores") {
		t.Error(s)
	}
}
