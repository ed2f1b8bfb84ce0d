/*
Package question is what a panel asks of the sales: sums of them, group by group.

  - [Question] declares it in Go values: the time it looks at, what tells groups apart, what
    is measured of each, and, in SQL, what is made of the groups;
  - [Asked] is a question with what its reader has chosen;
  - [Question.SQL] is all of it as Druid's SQL, for Grafana; [Asked.SQL] is that with the
    choice put in (druid.go).

Druid groups by the rendered SQL; shared/local/columnstore groups by the values themselves and leaves the
outer SQL, [Asked.Outer], to SQLite.
*/
package question

import (
	"slices"
	"time"
)

// Question is answered by a row for each group of sales. A group without sales has no row,
// also where there is but one group.
type Question struct {
	Span       Span     // the time it looks at
	Comparison bool     // it looks at the same time before, too: see Measure.Before
	Where      []Filter // of the sales; all must hold
	Bucket     Bucket   // cuts the time: a column "time", before the others
	Dimensions []string // columns of the sales that tell the groups apart
	Measures   []Measure

	// Then is a SELECT that makes the answer of the groups, a table named grouped with the
	// columns above. It may use ${__from}, ${__to} and ${__interval_ms}. Empty: the groups
	// are the answer.
	Then  string
	Order string // ORDER BY, of the answer
	Limit int    // of the answer's rows; 0: none

	// Rows, instead of groups: the columns of a list of the sales themselves, in SQL.
	Rows []string
}

// Bucket is how the time is cut.
type Bucket int

// The buckets in use.
const (
	Undivided  Bucket = iota
	ByInterval        // as long as suits the picture: Choice.Interval
	ByMinute
)

// Measure is a number, or a time, of each group.
type Measure struct {
	Name   string // of its column
	Kind   Kind
	Column string   // of the sales; Count has none
	Filter []Filter // it is of the sales for which all of them hold

	// Before: of the same time before alone. In a comparison the other measures are of the
	// chosen time alone.
	Before bool

	// Per makes a rate: a sum, or a count, by so much time of the bucket. 0: none.
	Per time.Duration
}

// Kind is how a measure is made of the sales.
type Kind int

// The kinds. Of no sales Count, Sum and Money are 0, and the others null.
const (
	Count Kind = iota
	Sum
	Money // a sum of an amount, to the cent where it is no rate
	Mean
	Min
	Max
)

// Filter is a condition on one column of the sales.
type Filter struct {
	Column   string
	Values   []string // one of them; of columns of text
	AtLeast  int64    // of columns of whole numbers, which have no Values
	Not      bool     // none of the Values, or less than AtLeast
	Variable string   // a reader's choice takes the place of the Values; without one all pass
}

// Is lets pass what has one of the values.
func Is(column string, values ...string) Filter { return Filter{Column: column, Values: values} }

// IsNot lets pass what has none of the values.
func IsNot(column string, values ...string) Filter {
	return Filter{Column: column, Values: values, Not: true}
}

// AtLeast lets pass what is n or more.
func AtLeast(column string, n int64) Filter { return Filter{Column: column, AtLeast: n} }

// Chosen lets pass what a reader has chosen of a variable.
func Chosen(variable, column string) Filter { return Filter{Column: column, Variable: variable} }

// Choice is what a reader has chosen.
type Choice struct {
	From, To time.Time           // To is exclusive
	Selected map[string][]string // by a variable's name; none: all
	Table    string              // Druid's
	Interval time.Duration       // of the buckets, a millisecond or more
}

// Asked is a question with what its reader has chosen.
type Asked struct {
	Question
	Choice
}

// Conditions are those of the rows, with the reader's choice as values.
func (a Asked) Conditions() (all []Filter) {
	for _, f := range a.Where {
		if f.Variable != "" {
			f = Filter{Column: f.Column, Values: a.Selected[f.Variable]}
			if len(f.Values) == 0 || slices.Contains(f.Values, "*") {
				continue // see AllValue
			}
		}
		all = append(all, f)
	}
	return all
}

// BucketLength is how long a bucket is; 0: the time is not cut.
func (a Asked) BucketLength() time.Duration {
	switch a.Bucket {
	case ByInterval:
		return a.Interval
	case ByMinute:
		return time.Minute
	}
	return 0
}

// Columns are the names of the groups' columns.
func (q Question) Columns() (names []string) {
	if q.Bucket != Undivided {
		names = append(names, bucketName)
	}
	names = append(names, q.Dimensions...)
	for _, m := range q.Measures {
		names = append(names, m.Name)
	}
	return names
}

const bucketName = "time"
