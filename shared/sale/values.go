package sale

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

// Text is a string that is written many times: it is kept in its JSON form,
// quotes and escapes included, so that writing it is one copy. The zero value is
// the empty string. Two Texts are equal when their strings are.
type Text struct {
	quoted string // empty for the empty string
	hash   uint32 // of quoted, FNV-1a
}

// NewText makes a Text of s. As encoding/json does, it writes invalid UTF-8 as
// U+FFFD.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	h := fnv.New32a()
	h.Write(quoted)
	return Text{string(quoted), h.Sum32()}
}

// String returns the string itself, without quotes. It is meant for messages
// and tests and is slow.
func (t Text) String() string {
	if t.quoted == "" {
		return ""
	}
	var s string
	if err := json.Unmarshal([]byte(t.quoted), &s); err != nil {
		panic(err) // only NewText makes a quoted form
	}
	return s
}

func (t Text) append(b []byte) []byte {
	if t.quoted == "" {
		return append(b, '"', '"')
	}
	return append(b, t.quoted...)
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) { return t.append(nil), nil }

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
func (c Cents) String() string { return string(c.append(nil)) }

func (c Cents) append(b []byte) []byte { return appendFixed(b, int64(c), 100) }

// MarshalJSON implements json.Marshaler.
func (c Cents) MarshalJSON() ([]byte, error) { return c.append(nil), nil }

// UnmarshalJSON implements json.Unmarshaler. More than two decimals are an error.
func (c *Cents) UnmarshalJSON(b []byte) error {
	n, err := parseFixed(b, 2)
	*c = Cents(n)
	return err
}

// Degrees is a latitude or longitude in ten-thousandths of a degree, about 11 m.
// Its JSON form is a number with four decimals.
type Degrees int32

func (d Degrees) append(b []byte) []byte { return appendFixed(b, int64(d), 10_000) }

// MarshalJSON implements json.Marshaler.
func (d Degrees) MarshalJSON() ([]byte, error) { return d.append(nil), nil }

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
func (t Time) String() string { return string(t.append(nil)) }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) { return quote(t.append), nil }

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

// append writes the civil date by Howard Hinnant's algorithm days-to-civil
// (years 0000 to 9999): time.Time's formatting costs four times as much.
func (t Time) append(b []byte) []byte {
	const day = 24 * 60 * 60 * 1000
	days := int64(t) / day
	ms := int64(t) % day
	if ms < 0 {
		days, ms = days-1, ms+day
	}
	days += 719468
	era := days / 146097
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	mp := (5*dayOfYear + 2) / 153
	d := dayOfYear - (153*mp+2)/5 + 1
	m, y := mp+3, yearOfEra+era*400
	if m > 12 {
		m, y = m-12, y+1
	}
	b = append4(b, uint32(y))
	b = append2(append(b, '-'), uint32(m))
	b = append2(append(b, '-'), uint32(d))
	seconds := uint32(ms / 1000)
	b = append2(append(b, 'T'), seconds/3600)
	b = append2(append(b, ':'), seconds/60%60)
	b = append2(append(b, ':'), seconds%60)
	thousandths := uint32(ms % 1000)
	b = append2(append(b, '.', byte('0'+thousandths/100)), thousandths%100)
	return append(b, 'Z')
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
func (id TransactionID) String() string { return string(id.append(nil)) }

func (id TransactionID) append(b []byte) []byte {
	b = append(b, id.Burst[:]...)
	return append8(append(b, '-'), id.Sequence)
}

// MarshalText implements encoding.TextMarshaler.
func (id TransactionID) MarshalText() ([]byte, error) { return id.append(nil), nil }

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
	b = append(b, customerPrefix...)
	return append8(append4(b, uint32(id/100_000_000)), uint32(id%100_000_000))
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

func quote(app func([]byte) []byte) []byte {
	return append(app([]byte{'"'}), '"')
}

// pairs are the numbers from 00 to 99; dividing by a hundred and looking two digits
// up takes half the time of dividing by ten.
const pairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// append2 writes n, below 100, with two digits.
func append2(b []byte, n uint32) []byte {
	return append(b, pairs[2*n], pairs[2*n+1])
}

// append4 writes n, below 10,000, with four digits.
func append4(b []byte, n uint32) []byte {
	high, low := n/100*2, n%100*2
	return append(b, pairs[high], pairs[high+1], pairs[low], pairs[low+1])
}

// append8 writes n, below 100,000,000, with eight digits.
func append8(b []byte, n uint32) []byte {
	return append4(append4(b, n/10_000), n%10_000)
}

func appendInt(b []byte, n int64) []byte {
	switch {
	case 0 <= n && n < 10:
		return append(b, byte('0'+n))
	case 10 <= n && n < 100:
		return append2(b, uint32(n))
	}
	return strconv.AppendInt(b, n, 10)
}

// appendFixed writes n/unit with all decimals; unit is 100 or 10,000.
func appendFixed(b []byte, n, unit int64) []byte {
	u := uint64(n)
	if n < 0 {
		b = append(b, '-')
		u = -u
	}
	if unit == 100 {
		b = append(appendInt(b, int64(u/100)), '.')
		return append2(b, uint32(u%100))
	}
	b = append(appendInt(b, int64(u/10_000)), '.')
	return append4(b, uint32(u%10_000))
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
