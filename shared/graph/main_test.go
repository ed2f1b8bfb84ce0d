package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// In these packages a reader goes from file to file in one direction.
func TestFilesPointOneWay(t *testing.T) {
	for _, folder := range []string{"publish", "publish/wire", "contract"} {
		uses, err := files(filepath.Join("..", folder))
		if err != nil {
			t.Fatal(err)
		}
		if circles := uses.circles(); len(circles) > 0 {
			t.Errorf("%s: arrows in a circle between %v", folder, circles)
		}
	}
}

func TestCircleIsDrawn(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go": "package p\n\ntype A struct{ b B }\n", "b.go": "package p\n\ntype B struct{ c *C }\n",
		"c.go": "package p\n\ntype C struct{ a *A }\n", "d.go": "package p\n\nvar d A\n", "e_test.go": "package p\n\nvar d A\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run(&out, []string{dir}); !errors.Is(err, errCircle) || !strings.Contains(err.Error(), "[a.go b.go c.go]") {
		t.Error(err)
	}
	for _, want := range []string{"a_go ==> b_go", "c_go ==> a_go", "d_go --> a_go"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "e_test") {
		t.Error("tests are drawn")
	}
}
