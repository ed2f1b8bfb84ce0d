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

func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// parse reads one JSON value. Comments from // to the end of a line, and a comma behind the last
// member, are allowed; a name that stands twice in an object is not.
func parse(text []byte) (any, error) {
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
}

func (p *parser) line() int { return 1 + bytes.Count(p.text[:p.decoder.InputOffset()], []byte("\n")) }

func (p *parser) value() (any, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
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
		all := object{}
		for p.decoder.More() {
			token, err := p.decoder.Token()
			if err != nil {
				return nil, err
			}
			m := member{name: token.(string), line: p.line()}
			if _, twice := all.get(m.name); twice {
				return nil, fmt.Errorf("%q stands there twice", m.name)
			}
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
