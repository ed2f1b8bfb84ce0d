package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const tree = "../../.."

// The recipe in shared/README.md, done in a copy of the tree: the field is in Kafka, in the
// column store and in what Druid is told (testdata/added_test.go looks), and the tests of what
// knows the fields pass without another edit.
func TestFieldIsAdded(t *testing.T) {
	if testing.Short() {
		t.Skip("builds much of the tree anew")
	}
	dir := t.TempDir()
	copyTree(t, dir)
	readme := read(t, filepath.Join(dir, "shared/README.md"))
	_, recipe, found := strings.Cut(readme, "\n### Add a field\n")
	code := regexp.MustCompile("(?s) +```go\n(.*?) +```").FindAllStringSubmatch(recipe, -1)
	if !found || len(code) != 2 {
		t.Fatalf("shared/README.md has no recipe with two pieces of Go to add a field")
	}
	appendTo(t, filepath.Join(dir, "shared/sale/fields.go"), "\nvar Fields = ", code[0][1])
	appendTo(t, filepath.Join(dir, "shared/market/sell.go"), ") write(", code[1][1])
	added := read(t, "testdata/added_test.go")
	if err := os.WriteFile(filepath.Join(dir, "shared/local/added_test.go"), []byte(added), 0o600); err != nil {
		t.Fatal(err)
	}

	run(t, dir, "generate", "./shared/sale")
	run(t, dir, "build", "./functions/...", "./shared/...", "./dashboards", "./druid-ec2/...")
	run(t, dir, "test", "-short", "-run", "^Test(AddedField|FilesAreAsGenerated|ExamplesAreASale|EveryFieldSays|"+
		"AppendJSON|Marks|LayoutKnows|ParserReads|RowsAreWhat|SalesAreWhat)",
		"./shared/local", "./shared/sale/...", "./shared/publish", "./shared/local/columnstore", "./shared/burst")
}

// copyTree copies what belongs to the module; folders that tools make stay behind.
func copyTree(t *testing.T, to string) {
	t.Helper()
	made := []string{".git", "out", "node_modules", "cdk.out"}
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(tree, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(made, d.Name()):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// appendTo puts code at the end of the declaration that begins as given.
func appendTo(t *testing.T, path, begins, code string) {
	t.Helper()
	before, rest, found := strings.Cut(read(t, path), begins)
	inside, after, ends := strings.Cut(rest, "\n}\n")
	if !found || !ends {
		t.Fatalf("%s has no declaration with %q", path, begins)
	}
	text := before + begins + inside + "\n" + code + "}\n" + after
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
