package table

import (
	"strings"
	"unicode"
)

// token is a word of a query, with the white space before it.
type token struct {
	kind  tokenKind
	text  string // as it stands; of quoted names and strings, with their quotes
	space string
}

type tokenKind int

const (
	tokenName   tokenKind = iota // SELECT, brand, "brand"
	tokenString                  // 'LG'
	tokenNumber
	tokenSign
)

// lex cuts a query into its tokens. It knows comments, and nothing of grammar.
func lex(query string) (tokens []token) {
	rest := query
	for {
		space := rest
		rest = skipSpace(rest)
		space = space[:len(space)-len(rest)]
		if rest == "" {
			return tokens
		}
		n, kind := 1, tokenSign
		switch c := rest[0]; {
		case c == '\'' || c == '"':
			n, kind = quotedLen(rest), tokenString
			if c == '"' {
				kind = tokenName
			}
		case c == '_' || c >= 0x80 || unicode.IsLetter(rune(c)):
			kind = tokenName
			n = spanLen(rest, func(c byte) bool { return c == '_' || c >= 0x80 || isDigit(c) || unicode.IsLetter(rune(c)) })
		case isDigit(c):
			kind = tokenNumber
			n = spanLen(rest, func(c byte) bool { return isDigit(c) || c == '.' })
		case len(rest) > 1 && strings.Contains("<> <= >= != ||", rest[:2]):
			n = 2
		}
		if space != "" {
			space = " "
		}
		tokens = append(tokens, token{kind, rest[:n], space})
		rest = rest[n:]
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func spanLen(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

// quotedLen is the length of what is quoted at the begin of s; a doubled quote is one
// inside.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func skipSpace(s string) string {
	for {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		if !strings.HasPrefix(s, "--") {
			return s
		}
		_, s, _ = strings.Cut(s, "\n")
	}
}

func text(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.space + t.text)
	}
	return b.String()
}

// is compares without regard to case, as SQL does for its own words.
func (t token) is(text string) bool {
	return t.kind != tokenString && strings.EqualFold(t.text, text)
}

// name is what a name means: without its quotes.
func (t token) name() string {
	if t.kind == tokenName && t.text[0] == '"' {
		return strings.ReplaceAll(strings.Trim(t.text, `"`), `""`, `"`)
	}
	return t.text
}

// column is the column that the token names.
func (t token) column() (column, bool) {
	if t.kind != tokenName {
		return column{}, false
	}
	return findColumn(t.name())
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteString(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// closing is the place of the bracket that closes the one at open; len(tokens) where none
// does.
func closing(tokens []token, open int) int {
	depth := 0
	for i := open; i < len(tokens); i++ {
		switch tokens[i].text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens)
}

// matches tells whether tokens begin with a pattern: words and signs, with blanks
// between.
func matches(tokens []token, pattern string) bool {
	words := strings.Fields(pattern)
	if len(tokens) < len(words) {
		return false
	}
	for i, word := range words {
		t := tokens[i]
		switch word {
		case "#":
			if t.kind != tokenNumber {
				return false
			}
		case "'":
			if t.kind != tokenString {
				return false
			}
		default:
			if !t.is(word) && !strings.EqualFold(t.name(), word) {
				return false
			}
		}
	}
	return true
}
