package question

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AllValue is what a variable is replaced by where all is chosen. Grafana inserts it as it
// stands, unlike values, which it quotes.
const AllValue = `'*'`

// SQL is the question as Druid's SQL of a table, in which Grafana replaces ${__from} and
// ${__to} by milliseconds since 1970, ${__interval_ms} by the bucket's length, and
// ${name:sqlstring} by the values of a variable, in single quotes, commas between them.
func (q Question) SQL(table string) string {
	inner := q.inner(table)
	if q.Then != "" {
		inner = "WITH grouped AS (\n  " + strings.ReplaceAll(inner, "\n", "\n  ") + "\n)\n" + q.Then
	}
	return inner + q.end()
}

// SQL is what Grafana sends to Druid.
func (a Asked) SQL() string { return a.interpolate(a.Question.SQL(a.Table)) }

// Outer is the part of the SQL that reads the groups, from a table named grouped.
func (a Asked) Outer() string {
	then := a.Then
	if then == "" {
		then = "SELECT * FROM grouped"
	}
	return a.interpolate(then + a.end())
}

func (q Question) end() (sql string) {
	if q.Order != "" {
		sql += "\nORDER BY " + q.Order
	}
	if q.Limit > 0 {
		sql += "\nLIMIT " + strconv.Itoa(q.Limit)
	}
	return sql
}

// inner is the SELECT of the groups.
func (q Question) inner(table string) string {
	columns := slices.Concat(q.Dimensions, q.Rows)
	if q.Bucket != Undivided {
		columns = slices.Insert(columns, 0, q.bucket()+` AS "`+bucketName+`"`)
	}
	keys := len(columns)
	for _, m := range q.Measures {
		columns = append(columns, q.measure(m)+" AS "+m.Name)
	}
	list := strings.Join(columns, ", ")
	if list = "SELECT " + list; len(list) > 100 {
		list = "SELECT\n  " + strings.Join(columns, ",\n  ")
	}
	sql := list + "\nFROM " + QuoteName(table) + q.where()
	switch {
	case len(q.Rows) > 0:
	case keys == 0:
		sql += "\nHAVING COUNT(*) > 0"
	default:
		numbers := make([]string, keys)
		for i := range numbers {
			numbers[i] = strconv.Itoa(i + 1)
		}
		sql += "\nGROUP BY " + strings.Join(numbers, ", ")
	}
	return sql
}

func (q Question) where() string {
	var all []string
	if q.Span != Always {
		from, to := q.Span.sql()
		all = append(all, moment(">=", from), moment("<", to))
		if q.Comparison {
			all = []string{"(" + strings.Join(all, " AND ") + "\n    OR " +
				moment(">=", from+" - "+earlier) + "\n    AND " + moment("<", to+" - "+earlier) + ")"}
		}
	}
	for _, f := range q.Where {
		all = append(all, f.sql())
	}
	for _, column := range q.needs() {
		all = append(all, column+" IS NOT NULL")
	}
	if len(all) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(all, "\n  AND ")
}

// needs are the columns that a sale must have to be asked about. Malformed events and those with a renamed
// field have rows in Druid too, with null in its place, and Grafana draws null as zero, or takes a column for
// one of another type.
func (q Question) needs() (columns []string) {
	used := slices.Concat(q.Dimensions, q.Rows)
	for _, m := range q.Measures {
		used = append(used, m.Column)
	}
	for _, column := range used { // among those of Rows are SQL
		if isColumn.MatchString(column) && !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	return columns
}

// isColumn is of those that can be null, which the time cannot.
var isColumn = regexp.MustCompile(`^[a-z][a-z_]*$`)

func moment(op, ms string) string { return "__time " + op + " MILLIS_TO_TIMESTAMP(" + ms + ")" }

// now and before tell apart the times of a comparison, which lie one before the other.
var now, before = moment(">=", "${__from}"), moment("<", "${__from}")

// bucket is the begin of a sale's bucket; in a comparison the time before is moved to now.
func (q Question) bucket() string {
	at, length := "TIMESTAMP_TO_MILLIS(__time)", "${__interval_ms}"
	if q.Comparison {
		at = "(" + at + " + CASE WHEN " + now + " THEN 0 ELSE " + earlier + " END)"
	}
	if q.Bucket == ByMinute {
		if !q.Comparison {
			return "TIME_FLOOR(__time, 'PT1M')"
		}
		length = strconv.FormatInt(minute, 10)
	}
	return "MILLIS_TO_TIMESTAMP(" + at + " / " + length + " * " + length + ")"
}

// measure is written with FILTER: with CASE Druid takes three to eight times as long.
func (q Question) measure(m Measure) string {
	var conditions []string
	for _, f := range m.Filter {
		conditions = append(conditions, f.sql())
	}
	if m.Before {
		conditions = append(conditions, before)
	} else if q.Comparison {
		conditions = append(conditions, now)
	}
	filter := ""
	if len(conditions) > 0 {
		filter = " FILTER (WHERE " + strings.Join(conditions, " AND ") + ")"
	}
	name := [...]string{Count: "COUNT", Sum: "SUM", Money: "SUM", Mean: "AVG", Min: "MIN", Max: "MAX"}[m.Kind]
	column := m.Column
	if m.Kind == Count {
		column = "*"
	}
	sql := name + "(" + column + ")" + filter
	if filter != "" && (m.Kind == Sum || m.Kind == Money) {
		sql = "COALESCE(" + sql + ", 0)"
	}
	switch {
	case m.Per > 0:
		return fmt.Sprintf("%s * %d.0 / ${__interval_ms}", sql, m.Per/time.Millisecond)
	case m.Kind == Money:
		return "ROUND(" + sql + ", 2)"
	}
	return sql
}

func (f Filter) sql() string {
	values := quote(f.Values, ", ")
	list := "(" + values + ")"
	switch {
	case f.Variable != "": // both engines calculate '*' IN (…) once, before they read a row
		list = "(${" + f.Variable + ":sqlstring})"
		return "(" + AllValue + " IN " + list + " OR " + f.Column + " IN " + list + ")"
	case len(f.Values) == 0 && f.Not:
		return fmt.Sprintf("%s < %d", f.Column, f.AtLeast)
	case len(f.Values) == 0:
		return fmt.Sprintf("%s >= %d", f.Column, f.AtLeast)
	case len(f.Values) == 1 && f.Not:
		return f.Column + " <> " + values
	case len(f.Values) == 1:
		return f.Column + " = " + values
	case f.Not:
		return f.Column + " NOT IN " + list
	}
	return f.Column + " IN " + list
}

// interpolate puts in what is chosen, as Grafana does.
func (a Asked) interpolate(sql string) string {
	pairs := []string{
		"${__from}", strconv.FormatInt(a.From.UnixMilli(), 10),
		"${__to}", strconv.FormatInt(a.To.UnixMilli(), 10),
		"${__interval_ms}", strconv.FormatInt(a.Interval.Milliseconds(), 10),
	}
	for _, f := range a.Where {
		if values := quote(a.Selected[f.Variable], ","); f.Variable != "" {
			if values == "" {
				values = AllValue
			}
			pairs = append(pairs, "${"+f.Variable+":sqlstring}", values)
		}
	}
	return strings.NewReplacer(pairs...).Replace(sql)
}

// quote is, with commas, Grafana's format sqlstring.
func quote(values []string, separator string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return strings.Join(quoted, separator)
}

// QuoteName quotes the name of a table or a column.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
