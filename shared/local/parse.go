package local

import (
	"encoding/json"
	"fmt"
	"time"

	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

// parser reads events. Those that are written as [sale.Sale] writes them, which is all
// of them unless somebody else writes to the topic, are read in one pass in about a
// microsecond; encoding/json, which takes twenty times as long, reads the others.
// What the pass accepts, encoding/json accepts, with the same result.
type parser struct {
	texts map[string]string // the JSON form of a text, quotes included, to the text
	day   [10]byte          // the date that was read last
	begin int64             // of day, in milliseconds since 1970
}

func newParser() *parser { return &parser{texts: make(map[string]string)} }

// maxTexts bounds the memory of a parser that reads a stream with endless words.
const maxTexts = 100_000

// parse reads the event b into r.
func (p *parser) parse(b []byte, r *columnstore.Row) error {
	if p.fast(b, r) {
		return nil
	}
	var s sale.Sale
	var fields map[string]json.RawMessage
	err := json.Unmarshal(b, &s)
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	if err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	for _, f := range sale.Fields {
		if value, there := fields[f.Name]; !there || string(value) == "null" {
			return fmt.Errorf("reading an event: it has no %s", f.Name)
		}
	}
	if *r, err = columnstore.RowOf(&s); err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	return nil
}

// cursor reads b from its front. The first thing that is not as expected makes it bad,
// and what follows is then without meaning.
type cursor struct {
	b   []byte
	p   *parser
	bad bool
}

func (c *cursor) failIf(bad bool) {
	if bad {
		c.bad = true
		c.b = nil
	}
}

func (c *cursor) expect(s string) {
	if len(c.b) < len(s) || string(c.b[:len(s)]) != s {
		c.failIf(true)
		return
	}
	c.b = c.b[len(s):]
}

func (c *cursor) digits(n int) (value int64) {
	if len(c.b) < n {
		c.failIf(true)
		return 0
	}
	for _, d := range c.b[:n] {
		if d < '0' || d > '9' {
			c.failIf(true)
			return 0
		}
		value = value*10 + int64(d-'0')
	}
	c.b = c.b[n:]
	return value
}

// number reads the whole digits of a number of a JSON document: up to 15 of them,
// without zeros in front.
func (c *cursor) number() int64 {
	n := 0
	for n < len(c.b) && n < 16 && c.b[n] >= '0' && c.b[n] <= '9' {
		n++
	}
	c.failIf(n == 0 || n == 16 || n > 1 && c.b[0] == '0')
	if c.bad {
		return 0
	}
	return c.digits(n)
}

func (c *cursor) sign() int64 {
	if len(c.b) > 0 && c.b[0] == '-' {
		c.b = c.b[1:]
		return -1
	}
	return 1
}

func (c *cursor) count() int32 {
	sign := c.sign()
	n := sign * c.number()
	c.failIf(n != int64(int32(n)))
	return int32(n)
}

// fixed reads a number with exactly the given decimals.
func (c *cursor) fixed(decimals int) int64 {
	sign, value := c.sign(), c.number()
	c.expect(".")
	for range decimals {
		value *= 10
	}
	return sign * (value + c.digits(decimals))
}

func (c *cursor) degrees() int32 {
	d := c.fixed(4)
	c.failIf(d > 180_0000 || d < -180_0000)
	return int32(d)
}

// text reads a string. The same few thousand texts come again and again: each is
// decoded once.
func (c *cursor) text() string {
	if len(c.b) < 2 || c.b[0] != '"' {
		c.failIf(true)
		return ""
	}
	end := 1
	for end < len(c.b) && c.b[end] != '"' {
		if c.b[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(c.b) {
		c.failIf(true)
		return ""
	}
	quoted := c.b[:end+1]
	c.b = c.b[end+1:]
	if text, ok := c.p.texts[string(quoted)]; ok {
		return text
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		c.failIf(true)
		return ""
	}
	if len(c.p.texts) >= maxTexts {
		clear(c.p.texts)
	}
	c.p.texts[string(quoted)] = text
	return text
}

func (c *cursor) transactionID(id *sale.TransactionID) {
	if len(c.b) < sale.TransactionIDLen {
		c.failIf(true)
		return
	}
	for i, letter := range c.b[:sale.BurstIDLen] {
		c.failIf((letter < 'a' || letter > 'z') && (letter < '2' || letter > '7'))
		if c.bad {
			return
		}
		id.Burst[i] = letter
	}
	c.b = c.b[sale.BurstIDLen:]
	c.expect("-")
	id.Sequence = uint32(c.digits(sale.SequenceLen))
}

// status reads one of the names that there are, and leaves the quote behind it.
func (c *cursor) status() string {
	for status := sale.Completed; status <= sale.Fraud; status++ {
		name := status.String()
		if n := len(name); len(c.b) > n && string(c.b[:n]) == name && c.b[n] == '"' {
			c.b = c.b[n:]
			return name
		}
	}
	c.failIf(true)
	return ""
}

// time reads 2026-11-24T10:00:00.123Z, in which the date seldom changes.
func (c *cursor) time() int64 {
	const date = len("2026-11-24")
	if len(c.b) < date {
		c.failIf(true)
		return 0
	}
	if day := [date]byte(c.b); day != c.p.day {
		t, err := time.Parse(time.DateOnly, string(day[:]))
		if err != nil {
			c.failIf(true)
			return 0
		}
		c.p.day, c.p.begin = day, t.UnixMilli()
	}
	c.b = c.b[date:]
	c.expect("T")
	h := c.digits(2)
	c.expect(":")
	m := c.digits(2)
	c.expect(":")
	s := c.digits(2)
	c.expect(".")
	ms := c.digits(3)
	c.expect("Z")
	c.failIf(h > 23 || m > 59 || s > 59)
	return c.p.begin + ((h*60+m)*60+s)*1000 + ms
}
