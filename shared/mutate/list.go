package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// survivors are the mutants that no test has to notice, each with the reason why.
type survivors map[string]map[key]string // by package

const survivorsFile = "shared/mutate/survivors.tsv"

func readSurvivors() (survivors, error) {
	text, err := os.ReadFile(survivorsFile)
	if err != nil {
		return nil, err
	}
	return parseSurvivors(text)
}

// parseSurvivors reads a line for each mutant: package, file, function, kind, the text of its
// line and the reason, with tabs between them. Lines that begin with # are not for it.
func parseSurvivors(text []byte) (survivors, error) {
	all := make(survivors)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 6 || strings.TrimSpace(f[5]) == "" {
			return nil, fmt.Errorf("line %d has %d columns: want package, file, function, kind, text and a reason", n,
				len(f))
		}
		if all[f[0]] == nil {
			all[f[0]] = make(map[key]string)
		}
		k := key{f[1], f[2], f[3], f[4]}
		if _, twice := all[f[0]][k]; twice {
			return nil, fmt.Errorf("line %d is there twice", n)
		}
		all[f[0]][k] = f[5]
	}
	return all, lines.Err()
}

// line is what the list has of a mutant, but for the reason.
func (k key) line(pkg string) string {
	return strings.Join([]string{pkg, k.file, k.function, k.kind, k.text}, "\t")
}
