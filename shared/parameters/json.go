package parameters

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// object is a JSON object with its members in their order.
type object []member

type member struct {
	name  string
	value any // object, []any, json.Number, string, bool or nil
	line  int
}

// parse reads one JSON value. Comments from // to the end of a line, and a comma behind the last
// member, are allowed; a name that stands twice in an object is not.
func parse(text []byte) (any, error) {
	if len(text) > mostBytes {
		return nil, fmt.Errorf("line 1: the file has %d bytes; allowed are %d", len(text), mostBytes)
	}
	p := &parser{text: text, decoder: json.NewDecoder(bytes.NewReader(plain(text)))}
	p.decoder.UseNumber()
	v, err := p.value()
	if err == nil {
		if _, more := p.decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the end")
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", p.line(), err)
	}
	return v, nil
}

type parser struct {
	text    []byte
	decoder *json.Decoder
	depth   int
	counted int // bytes of which the lines have been counted
	lines   int
}

func (p *parser) line() int {
	at := int(p.decoder.InputOffset())
	p.lines += bytes.Count(p.text[p.counted:at], []byte("\n"))
	p.counted = at
	return 1 + p.lines
}

// Limits of a file, with which nobody comes near them.
const (
	mostBytes = 1 << 20
	mostDepth = 50
)

func (p *parser) value() (any, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	if p.depth++; p.depth > mostDepth {
		return nil, fmt.Errorf("more than %d brackets are open", mostDepth)
	}
	defer func() { p.depth-- }()
	switch token {
	case json.Delim('['):
		all := []any{}
		for p.decoder.More() {
			v, err := p.value()
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		_, err := p.decoder.Token()
		return all, err
	case json.Delim('{'):
		all, names := object{}, make(map[string]bool)
		for p.decoder.More() {
			token, err := p.decoder.Token()
			if err != nil {
				return nil, err
			}
			m := member{name: token.(string), line: p.line()}
			if names[m.name] {
				return nil, fmt.Errorf("%q stands there twice", m.name)
			}
			names[m.name] = true
			if m.value, err = p.value(); err != nil {
				return nil, err
			}
			all = append(all, m)
		}
		_, err := p.decoder.Token()
		return all, err
	}
	return token, nil
}

// plain puts spaces in the place of comments and of commas behind the last member.
func plain(text []byte) []byte {
	text = bytes.Clone(text)
	comma := -1 // the last comma, where only white space has followed
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			comma = -1
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for ; i < len(text) && text[i] != '\n'; i++ {
				text[i] = ' '
			}
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				text[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			comma = -1
		}
	}
	return text
}
