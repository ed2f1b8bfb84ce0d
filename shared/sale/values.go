package sale

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	return Text{block(form), uint32(len(form)), hash}
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

// String returns the string itself, without quotes. It is meant for messages
// and tests and is slow.
func (t Text) String() string {
	var s string
	if err := json.Unmarshal([]byte(t.json()), &s); err != nil {
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
func (c Cents) String() string { return string(c.append(make([]byte, 0, numberRoom))) }

// append writes the JSON form to b, which has room for it and eight bytes more.
func (c Cents) append(b []byte) []byte {
	b, n := appendSign(b, int64(c))
	whole := n / 100
	if whole >= 10_000 {
		b = append(strconv.AppendUint(b, whole, 10), '.')
		return append2(b, uint32(n%100))
	}
	zeros := leadingZeros(whole)
	return appendWord(b, (digits4(whole)|'.'<<32|pair(n%100)<<40)>>(8*zeros), 7-zeros)
}

// MarshalJSON implements json.Marshaler.
func (c Cents) MarshalJSON() ([]byte, error) { return c.append(make([]byte, 0, numberRoom)), nil }

// UnmarshalJSON implements json.Unmarshaler. More than two decimals are an error.
func (c *Cents) UnmarshalJSON(b []byte) error {
	n, err := parseFixed(b, 2)
	*c = Cents(n)
	return err
}

// Degrees is a latitude or longitude in ten-thousandths of a degree, about 11 m.
// Its JSON form is a number with four decimals.
type Degrees int32

// append writes the JSON form to b, which has room for it and eight bytes more.
func (d Degrees) append(b []byte) []byte {
	b, n := appendSign(b, int64(d))
	whole := n / 10_000
	zeros := leadingZeros(whole)
	b = appendWord(b, (digits4(whole)|'.'<<32)>>(8*zeros), 5-zeros)
	return appendWord(b, digits4(n%10_000), 4)
}

// MarshalJSON implements json.Marshaler.
func (d Degrees) MarshalJSON() ([]byte, error) { return d.append(make([]byte, 0, numberRoom)), nil }

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
func (t Time) String() string { return string(t.append(make([]byte, 0, numberRoom))) }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return append(t.append(append(make([]byte, 0, numberRoom), '"')), '"'), nil
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

// append writes the JSON form to b, which has room for it, for the years 0000 to 9999: time.Time's
// formatting costs four times as much. The civil date is that of Neri and Schneider, "Euclidean affine
// functions and their application to calendar algorithms" (2022).
func (t Time) append(b []byte) []byte {
	const day = 24 * 60 * 60 * 1000
	days := int64(t) / day
	ms := int64(t) % day
	if ms < 0 {
		days, ms = days-1, ms+day
	}
	const march1 = 719468 // 1970 began so many days after March 1 of the year 0
	n := uint64(days+march1)*4 + 3
	century, ofCentury := n/146097, n%146097/4
	p := (4*ofCentury + 3) * 2939745
	y, ofYear := 100*century+p>>32, p&(1<<32-1)/2939745/4
	n = 2141*ofYear + 197913
	m, d := n>>16, n&(1<<16-1)/2141+1
	if ofYear >= 306 { // from January on
		y, m = y+1, m-12
	}
	seconds, thousandths := uint64(ms/1000), uint64(ms%1000)
	b = appendWord(b, digits4(y)|'-'<<32|pair(m)<<40|'-'<<56, 8)
	b = appendWord(b, pair(d)|'T'<<16|pair(seconds/3600)<<24|':'<<40|pair(seconds/60%60)<<48, 8)
	return appendWord(b, ':'|pair(seconds%60)<<8|'.'<<24|('0'+thousandths/100)<<32|pair(thousandths%100)<<40|'Z'<<56, 8)
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

// statusBlocks are the names with blanks behind them.
var statusBlocks = func() (blocks [len(statusNames)]string) {
	for s, name := range statusNames {
		blocks[s] = block(name)
	}
	return blocks
}()

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
func (id TransactionID) String() string { return string(id.append(make([]byte, 0, numberRoom))) }

// append writes the text form to b, which has room for it and eight bytes more.
func (id TransactionID) append(b []byte) []byte {
	b = append(b, id.Burst[:]...)
	return appendWord(append(b, '-'), digits8(uint64(id.Sequence)), 8)
}

// MarshalText implements encoding.TextMarshaler.
func (id TransactionID) MarshalText() ([]byte, error) {
	return id.append(make([]byte, 0, numberRoom)), nil
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
	if cap(b)-len(b) < numberRoom {
		b = slices.Grow(b, numberRoom)
	}
	b = append(b, customerPrefix...)
	b = appendWord(b, digits4(uint64(id/100_000_000)), 4)
	return appendWord(b, digits8(uint64(id%100_000_000)), 8)
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

// numberRoom is what any number takes, and eight bytes more.
const numberRoom = 32

// blockSize is how much is copied at once of short texts: always the same is faster than just
// enough, which is a call for each text.
const blockSize = 32

// block is a text with so many blanks behind it that it is a block at least.
func block(text string) string { return text + strings.Repeat(" ", max(blockSize-len(text), 0)) }

// appendBlock appends the first n of a block of bytes to b, which has room for all of it.
func appendBlock(b []byte, block string, n int) []byte {
	end := len(b)
	b = b[:end+blockSize]
	// The compiler makes one instruction of each half.
	copy(b[end:end+blockSize/2], block[:blockSize/2])
	copy(b[end+blockSize/2:end+blockSize], block[blockSize/2:blockSize])
	return b[:end+n]
}

// key is what stands in front of a value.
type key struct {
	block [blockSize]byte
	size  int
}

func newKey(text string) (k key) {
	k.size = len(text)
	copy(k.block[:], block(text)[:blockSize])
	return k
}

func (k *key) append(b []byte) []byte {
	end := len(b)
	*(*[blockSize]byte)(b[end : end+blockSize]) = k.block
	return b[:end+k.size]
}

// What follows appends a key and a value to b, which has room for both and a block more. They are calls
// on purpose: all of it in one function would fill the cache of the processor's instructions.

func appendText(b []byte, k *key, t Text) []byte {
	b = k.append(b)
	switch {
	case t.size == 0:
		return append(b, '"', '"')
	case t.size > blockSize:
		return append(b, t.padded...)
	}
	return appendBlock(b, t.padded, int(t.size))
}

func appendStatus(b []byte, k *key, s Status) []byte {
	b = k.append(b)
	if int(s) < len(statusBlocks) {
		b = appendBlock(b, statusBlocks[s], len(statusNames[s]))
	} else {
		b = append(b, s.String()...)
	}
	return append(b, '"')
}

func appendCents(b []byte, k *key, c Cents) []byte { return c.append(k.append(b)) }

func appendCount(b []byte, k *key, n int64) []byte { return appendInt(k.append(b), n) }

func appendDegrees(b []byte, k *key, d Degrees) []byte { return d.append(k.append(b)) }

func appendTime(b []byte, k *key, t Time) []byte { return append(t.append(k.append(b)), '"') }

func appendTransaction(b []byte, k *key, id TransactionID) []byte {
	return append(id.append(k.append(b)), '"')
}

func appendCustomer(b []byte, k *key, id CustomerID) []byte {
	return append(id.Append(k.append(b)), '"')
}

// pairs are the numbers from 00 to 99, the first digit in the lower byte: dividing by a hundred and
// looking two digits up takes half the time of dividing by ten.
var pairs = func() (all [100]uint16) {
	for n := range all {
		all[n] = uint16('0'+n/10) | uint16('0'+n%10)<<8
	}
	return all
}()

func pair(n uint64) uint64 { return uint64(pairs[n]) }

// digits4 is n, below 10,000, with four digits, the first one in the lowest byte.
func digits4(n uint64) uint64 { return pair(n/100) | pair(n%100)<<16 }

// digits8 is n, below 100,000,000, with eight digits.
func digits8(n uint64) uint64 { return digits4(n/10_000) | digits4(n%10_000)<<32 }

// appendSign writes the sign of n where it has one, and returns the rest.
func appendSign(b []byte, n int64) ([]byte, uint64) {
	if n < 0 {
		return append(b, '-'), -uint64(n)
	}
	return b, uint64(n)
}

// leadingZeros is how many of the four digits of a number are zeros in front of it. The last one
// never is.
func leadingZeros(n uint64) uint64 { return (n-10)>>63 + (n-100)>>63 + (n-1000)>>63 }

// appendWord appends the n lowest bytes of eight to b, which has room for all of them.
func appendWord(b []byte, bytes, n uint64) []byte {
	end := uint64(len(b))
	b = b[:end+8]
	binary.LittleEndian.PutUint64(b[end:], bytes)
	return b[:end+n]
}

// append2 writes n, below 100, with two digits.
func append2(b []byte, n uint32) []byte {
	p := pairs[n]
	return append(b, byte(p), byte(p>>8))
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
