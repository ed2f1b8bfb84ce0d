// Package document puts what is made by a command into files that are written by hand.
package document

import (
	"fmt"
	"os"
	"strings"
)

// Replace puts inside between the first begin in text and the next end, in the place of what is there.
func Replace(text, begin, end, inside string) (string, error) {
	before, rest, begins := strings.Cut(text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("there is no place between %q and %q", begin, end)
	}
	return before + begin + inside + end + after, nil
}

// WriteBlock puts text into a Markdown file, between the lines <!-- name:begin --> and
// <!-- name:end -->.
func WriteBlock(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := Replace(string(old), "<!-- "+name+":begin -->\n", "\n<!-- "+name+":end -->",
		strings.TrimRight(text, "\n"))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}

// Head is the first two lines of a table.
func Head(columns ...string) string {
	return Row(columns...) + "|" + strings.Repeat(" --- |", len(columns)) + "\n"
}

// Row is a line of a table.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// WriteRow puts a row into the table of a Markdown file, in the place of the one with the same first cell.
func WriteRow(path, row string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
	lines := strings.Split(string(old), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "| "+cell+" |") {
			lines[i] = row
			return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
		}
	}
	return fmt.Errorf("%s has no row that begins with %q", path, cell)
}
