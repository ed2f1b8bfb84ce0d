package market

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write defaults.json anew")

// What is read at a function's start is what the table says.
func TestDefaultsAreTheTables(t *testing.T) {
	m, err := newModel(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(m.figures)
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("defaults.json", want, 0o600); err != nil {
			t.Fatal(err)
		}
		defaults = want
	}
	if string(defaults) != string(want) {
		t.Error("defaults.json is not model.schema.json's: go test ./shared/market -run TestDefaultsAreTheTables -update")
	}
	standard, err := DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(standard.figures); err != nil || string(got)+"\n" != string(want) {
		t.Errorf("what is read back is %s, %v", got, err)
	}
}

func BenchmarkDefaultModel(b *testing.B) {
	for b.Loop() {
		if _, err := DefaultModel(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadModel(b *testing.B) {
	t, err := Template()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadModel([]byte(t)); err != nil {
			b.Fatal(err)
		}
	}
}
