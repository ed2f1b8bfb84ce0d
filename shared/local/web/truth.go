package web

import (
	"encoding/json"
	"net/http"
	"sync"

	"salesburst/shared/sale"
)

// mostTruth is how much of the truth is kept, in bytes: months of one incident a day.
const mostTruth = 64 << 20

// Truth keeps what incidents did to the bursts since the program started, for people to download. Safe
// for concurrent use.
type Truth struct {
	mu    sync.Mutex
	lines [][]byte
	size  int
	gone  int // lines, of the oldest bursts
}

// Add takes in what incidents did to a burst.
func (t *Truth) Add(all []sale.Truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range all {
		line, err := json.Marshal(one)
		if err != nil {
			panic(err) // texts, times and numbers
		}
		t.lines = append(t.lines, append(line, '\n'))
		t.size += len(line) + 1
	}
	for ; t.size > mostTruth; t.gone++ {
		t.size -= len(t.lines[0])
		t.lines = t.lines[1:]
	}
}

// count is how many lines there are, and how many there are no more.
func (t *Truth) count() (lines, gone int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lines), t.gone
}

func (t *Truth) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	lines := t.lines // which do not change
	t.mu.Unlock()
	asFile(w, "application/jsonl", "truth.jsonl")
	for _, line := range lines {
		if _, err := w.Write(line); err != nil {
			return // the reader has left
		}
	}
}

// asFile has a browser keep what follows.
func asFile(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
