package document

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.md")
	const text = "before\n<!-- speed:begin -->\nold\n<!-- speed:end -->\nafter\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := WriteBlock(path, "speed", "new\n\n"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if want := strings.Replace(text, "old", "new", 1); err != nil || string(got) != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if err := WriteBlock(path, "other", "x"); err == nil {
		t.Error("a block that is not there was written")
	}
}

func TestTable(t *testing.T) {
	if got, want := Head("what", "ms")+Row("a", "1"), "| what | ms |\n| --- | --- |\n| a | 1 |\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWriteRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(path, []byte("| what | figure |\n| --- | --- |\n| speed | 1 |\n| size | 2 |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteRow(path, "| speed | 3 |"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if want := "| what | figure |\n| --- | --- |\n| speed | 3 |\n| size | 2 |\n"; err != nil || string(got) != want {
		t.Errorf("%v: %q, want %q", err, got, want)
	}
	if err := WriteRow(path, "| weight | 3 |"); err == nil {
		t.Error("a row that is not there was written")
	}
}
