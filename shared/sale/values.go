package sale

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text is a string that is written many times: it is kept in its JSON form,
// quotes and escapes included, so that writing it is one copy. The zero value is
// the empty string. Two Texts are equal when their strings are.
type Text struct {
	padded string // the JSON form, with blanks up to blockSize; empty for the empty string
	size   uint32 // of the JSON form
	hash   uint32 // of the JSON form, FNV-1a
}

// NewText makes a Text of s. As encoding/json does, it writes invalid UTF-8 as
// U+FFFD.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	form := `"` + s + `"`
	if !isPlain(s) {
		quoted, err := json.Marshal(s)
		if err != nil {
			panic(err) // a string always has a JSON form
		}
		form = string(quoted)
	}
	const offsetBasis, prime = 0x811c9dc5, 0x01000193 // FNV-1a
	hash := uint32(offsetBasis)
	for i := range len(form) {
		hash = (hash ^ uint32(form[i])) * prime
	}
	return Text{padded(form), uint32(len(form)), hash}
}

// isPlain tells whether the JSON form of s is s in quotes: a process begins with thousands of such texts.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// json is the JSON form.
func (t Text) json() string {
	if t.size == 0 {
		return `""`
	}
	return t.padded[:t.size]
}

// String returns the string itself, without quotes. It is slow where the JSON form has escapes.
func (t Text) String() string {
	form := t.json()
	if !strings.Contains(form, `\`) {
		return form[1 : len(form)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(form), &s); err != nil {
		panic(err) // only NewText makes a quoted form
	}
	return s
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(t.json()), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = NewText(s)
	return nil
}

// Cents is an amount of money in hundredths of the currency's unit. Its JSON
// form is a number with two decimals.
type Cents int64

// String returns the amount with two decimals, as 1299.90.
func (c Cents) String() string { return string(c.text()) }

func (c Cents) text() []byte {
	var b block
	return b[:putCents(&b, c)]
}

// MarshalJSON implements json.Marshaler.
func (c Cents) MarshalJSON() ([]byte, error) { return c.text(), nil }

// UnmarshalJSON implements json.Unmarshaler. More than two decimals are an error.
func (c *Cents) UnmarshalJSON(b []byte) error {
	n, err := parseFixed(b, 2)
	*c = Cents(n)
	return err
}

// Degrees is a latitude or longitude in ten-thousandths of a degree, about 11 m.
// Its JSON form is a number with four decimals.
type Degrees int32

// MarshalJSON implements json.Marshaler.
func (d Degrees) MarshalJSON() ([]byte, error) {
	var b block
	return b[:putDegrees(&b, d)], nil
}

// UnmarshalJSON implements json.Unmarshaler. More than four decimals are an error.
func (d *Degrees) UnmarshalJSON(b []byte) error {
	n, err := parseFixed(b, 4)
	if n > 180_0000 || n < -180_0000 {
		return fmt.Errorf("%s degrees are not on the globe", b)
	}
	*d = Degrees(n)
	return err
}

// Time is a moment in milliseconds since 1970 in UTC. Its JSON form is ISO 8601
// with milliseconds, as 2026-11-24T10:00:00.123Z.
type Time int64

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// TimeOf cuts t down to its millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Time returns the moment as a time.Time in UTC.
func (t Time) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String returns the JSON form without its quotes.
func (t Time) String() string { return string(t.text()) }

func (t Time) text() []byte {
	var b block
	return b[:putTime(&b, t)-1] // without the quote
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return append(append([]byte{'"'}, t.text()...), '"'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	parsed, err := time.Parse(timeLayout, s)
	if err != nil {
		return err
	}
	*t = TimeOf(parsed)
	return nil
}

// Status tells how a sale ended.
type Status uint8

// The statuses, as in the original pipeline.
const (
	Completed Status = iota
	FailedCheckout
	FailedAPIResponse
	InsufficientFunds
	UserError
	Fraud
)

var statusNames = [...]string{
	"COMPLETED", "FAILED_CHECKOUT", "FAILED_API_RESPONSE", "INSUFFICIENT_FUNDS", "USER_ERROR", "FRAUD",
}

// String returns the name that stands in the event.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// MarshalText implements encoding.TextMarshaler.
func (s Status) MarshalText() ([]byte, error) {
	if int(s) >= len(statusNames) {
		return nil, fmt.Errorf("no such status: %d", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Status) UnmarshalText(b []byte) error {
	for i, name := range statusNames {
		if name == string(b) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("no such status: %q", b)
}

// Sizes of the identifiers' text forms, in bytes.
const (
	BurstIDLen       = 12 // base-32 characters
	SequenceLen      = 8  // decimal digits, zero-padded
	TransactionIDLen = BurstIDLen + 1 + SequenceLen
	CustomerIDLen    = CustomerPrefixLen + customerDigits

	CustomerPrefixLen = len(customerPrefix) // the same in all of them
)

// BurstID names a burst: twelve characters of base 32 (a–z, 2–7), 60 bits.
type BurstID [BurstIDLen]byte

// String returns the twelve characters.
func (id BurstID) String() string { return string(id[:]) }

// TransactionID names a sale: its burst and its place in it, counted from 0
// without gaps, below 100,000,000.
type TransactionID struct {
	Burst    BurstID
	Sequence uint32
}

// String returns <burst id>-<sequence>, as in k3m9zq7ta2bf-00000041.
func (id TransactionID) String() string { return string(id.text()) }

func (id TransactionID) text() []byte {
	var b block
	return b[:putTransaction(&b, id)-1]
}

// MarshalText implements encoding.TextMarshaler.
func (id TransactionID) MarshalText() ([]byte, error) {
	return id.text(), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *TransactionID) UnmarshalText(b []byte) error {
	if len(b) != TransactionIDLen || b[BurstIDLen] != '-' {
		return fmt.Errorf("transaction id %q is not <%d characters>-<%d digits>", b, BurstIDLen, SequenceLen)
	}
	n, err := parseDigits(b[BurstIDLen+1:])
	if err != nil {
		return fmt.Errorf("transaction id %q: %w", b, err)
	}
	copy(id.Burst[:], b)
	id.Sequence = uint32(n)
	return nil
}

// CustomerID names a customer, below 1,000,000,000,000.
type CustomerID uint64

const (
	customerPrefix = "CUST-"
	customerDigits = 12
)

// String returns the text form, as in CUST-000000123456.
func (id CustomerID) String() string { return string(id.Append(nil)) }

// Append appends the text form, which is also the Kafka record's key.
func (id CustomerID) Append(b []byte) []byte {
	var text block
	return append(b, text[:putCustomer(&text, id)-1]...)
}

// MarshalText implements encoding.TextMarshaler.
func (id CustomerID) MarshalText() ([]byte, error) { return id.Append(nil), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *CustomerID) UnmarshalText(b []byte) error {
	if len(b) != CustomerIDLen || string(b[:len(customerPrefix)]) != customerPrefix {
		return fmt.Errorf("customer id %q is not %s<%d digits>", b, customerPrefix, customerDigits)
	}
	n, err := parseDigits(b[len(customerPrefix):])
	if err != nil {
		return fmt.Errorf("customer id %q: %w", b, err)
	}
	*id = CustomerID(n)
	return nil
}

var errDigits = errors.New("a digit was expected")

func parseDigits(b []byte) (n uint64, err error) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, errDigits
		}
		n = n*10 + uint64(c-'0')
	}
	return n, nil
}

// parseFixed reads a JSON number of at most the given decimals as an integer of
// its smallest unit.
func parseFixed(b []byte, decimals int) (int64, error) {
	whole := make([]byte, 0, len(b)+decimals)
	seen := -1
	for i, c := range b {
		switch {
		case c == '.' && seen < 0:
			seen = 0
			continue
		case c == '-' && i == 0:
		case c < '0' || c > '9':
			return 0, fmt.Errorf("%q is not a decimal number", b)
		case seen >= 0:
			seen++
		}
		whole = append(whole, c)
	}
	for seen = max(seen, 0); seen < decimals; seen++ {
		whole = append(whole, '0')
	}
	if seen > decimals {
		return 0, fmt.Errorf("%q has more than %d decimals", b, decimals)
	}
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a decimal number: %w", b, err)
	}
	return n, nil
}
