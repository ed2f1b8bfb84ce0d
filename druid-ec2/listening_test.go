package druid_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// listening are the addresses on which somebody listens for TCP, from the kernel's tables:
// of each 32-bit word the bytes stand in the machine's order.
func listening(t *testing.T) (addresses []string) {
	t.Helper()
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n")[1:] {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != "0A" {
				continue
			}
			ip, port, _ := strings.Cut(fields[1], ":")
			raw, err := hex.DecodeString(ip)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for word := range slices.Chunk(raw, 4) {
				binary.BigEndian.PutUint32(word, binary.NativeEndian.Uint32(word))
			}
			address, _ := netip.AddrFromSlice(raw)
			var n uint16
			if _, err := fmt.Sscanf(port, "%x", &n); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			addresses = append(addresses, netip.AddrPortFrom(address.Unmap(), n).String())
		}
	}
	if len(addresses) == 0 {
		t.Fatal("nobody listens")
	}
	return addresses
}
