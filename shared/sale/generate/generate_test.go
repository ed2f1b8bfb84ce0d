package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

func TestFilesAreAsGenerated(t *testing.T) {
	all, err := generated(tree)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		if got, err := os.ReadFile(filepath.Join(tree, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the table of the fields says (%v): go generate ./shared/sale", name, err)
		}
	}
}

func TestTablesThatCannotBe(t *testing.T) {
	for says, table := range map[string][]sale.Field{
		"does not know its kind": {{Name: "first", Kind: -1}},
		"room for one":           {{Name: "first", Kind: sale.KindTime}, {Name: "second", Kind: sale.KindTime}},
		"more than 32 bytes":     {{Name: strings.Repeat("x", 29), Kind: sale.KindText}},
	} {
		if _, err := newEvent(table); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}
