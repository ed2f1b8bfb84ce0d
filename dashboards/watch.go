package dashboards

import (
	"fmt"
	"strings"
	"time"
)

// Evaluations are how often Grafana evaluates the rules.
const Evaluations = time.Minute

// Fires reports what the answer to the rule's SQL says of each name that it has, by the texts of its
// row: whether its number passes the limit. Its error is of an answer that Grafana's expressions
// cannot read.
func (a Alert) Fires(columns []string, rows [][]any) (map[string]bool, error) {
	f, err := FrameOf(Panel{Kind: Table}, columns, rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Title, err)
	}
	names, numbers := make([][]string, f.Rows()), []any(nil)
	for _, c := range f.Columns {
		switch {
		case c.Type == Text:
			for i, v := range c.Values {
				text, _ := v.(string)
				names[i] = append(names[i], text)
			}
		case c.Type == Number && numbers == nil:
			numbers = c.Values
		default:
			return nil, fmt.Errorf("%s: column %s is of type %s; a rule reads texts and one number", a.Title, c.Name,
				c.Type)
		}
	}
	all := make(map[string]bool)
	for i, v := range numbers {
		n, _ := v.(float64)
		all[strings.Join(names[i], " ")] = a.Operator == "gt" && n > a.Limit || a.Operator == "lt" && n < a.Limit
	}
	if _, nameless := all[""]; !nameless && a.NoData == "Alerting" {
		all[""] = len(rows) == 0
	}
	return all, nil
}

// Firing is a rule that fires.
type Firing struct {
	Rule string    `json:"rule"`           // UID
	Name string    `json:"name,omitempty"` // of the row
	From time.Time `json:"from"`           // the evaluation at which it has been so for as long as the rule says
	To   time.Time `json:"to,omitzero"`    // the evaluation at which it was over; zero: it goes on
}

// Watch follows a rule through its evaluations, as Grafana does: a name pends until it has passed the
// limit for as long as the rule says, and fires then. One that is in no row any more is over after two
// evaluations, and all are where there is no row at all.
type Watch struct {
	Rule  Alert
	Fired []Firing // in the order of their begin

	names map[string]*watched
}

// watched is a name in a rule.
type watched struct {
	since   time.Time // when it passed the limit; zero: it does not
	firing  int       // index in Fired, from 1 on; 0: it does not fire
	missing int       // evaluations
}

// missingEnds is after how many evaluations without it a name is over.
const missingEnds = 2

// See evaluates the rule at a moment, by the answer that its SQL has then.
func (w *Watch) See(at time.Time, columns []string, rows [][]any) error {
	fires, err := w.Rule.Fires(columns, rows)
	if err != nil {
		return err
	}
	if w.names == nil {
		w.names = make(map[string]*watched)
	}
	for name := range fires {
		if w.names[name] == nil {
			w.names[name] = new(watched)
		}
	}
	for name, x := range w.names {
		if passes, there := fires[name]; there {
			x.missing = 0
			w.take(name, x, at, passes)
		} else if x.missing++; x.missing >= missingEnds || len(rows) == 0 {
			w.take(name, x, at, false)
		}
	}
	return nil
}

func (w *Watch) take(name string, x *watched, at time.Time, passes bool) {
	switch {
	case !passes && x.firing > 0:
		w.Fired[x.firing-1].To = at
		fallthrough
	case !passes:
		*x = watched{missing: x.missing}
		return
	case x.since.IsZero():
		x.since = at
	}
	if x.firing == 0 && at.Sub(x.since) >= w.Rule.For {
		w.Fired = append(w.Fired, Firing{Rule: w.Rule.UID, Name: name, From: at})
		x.firing = len(w.Fired)
	}
}
