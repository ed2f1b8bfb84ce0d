package table

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errPlain is a part of a query that cannot do with groups.
var errPlain = errors.New("needs the rows themselves")

// translate writes in SQLite's words what Druid has words of its own for.
func (t *Table) translate(tokens []token) ([]token, error) {
	var out []token
	now := t.now()
	for i := 0; i < len(tokens); i++ {
		rest := tokens[i:]
		switch {
		case matches(rest, "CURRENT_TIMESTAMP - INTERVAL '") && len(rest) > 4:
			n, err := strconv.ParseInt(strings.Trim(rest[3].text, "'"), 10, 32)
			unit, known := units[strings.ToUpper(rest[4].text)]
			if err != nil || !known {
				return nil, fmt.Errorf("an interval of %s %s is not known here", rest[3].text, rest[4].text)
			}
			at := now.Add(-time.Duration(n) * unit).UnixMilli()
			out = append(out, token{tokenString, quoteString(timeText(at)), tokens[i].space})
			i += 4
		case tokens[i].is("CURRENT_TIMESTAMP"):
			out = append(out, token{tokenString, quoteString(timeText(now.UnixMilli())), tokens[i].space})
		case matches(rest, "TIMESTAMPDIFF (") && len(rest) > 2:
			out = append(out, tokens[i], tokens[i+1], token{tokenString, quoteString(rest[2].text), ""})
			i += 2
		default:
			out = append(out, tokens[i])
		}
	}
	return out, nil
}

// group replaces the table, wherever a SELECT of the query can do with groups of its
// rows, by those groups. keys are to be released when the query has run.
func (t *Table) group(ctx context.Context, c *sql.Conn, s *snapshot, tokens []token) (_ []token, keys []int64, err error) {
	for i := 0; i+1 < len(tokens); i++ {
		if !tokens[i].is("FROM") || tokens[i+1].kind != tokenName || tokens[i+1].name() != t.name {
			continue
		}
		b := findBlock(tokens, i)
		p := &planner{ctx: ctx, c: c, s: s}
		planned, err := p.plan(tokens[b.start:b.end], b.where-b.start, i-b.start)
		if errors.Is(err, errPlain) {
			continue
		} else if err != nil {
			return nil, keys, err
		}
		g, err := p.g.group(s)
		if errors.Is(err, errTooFine) {
			continue
		} else if err != nil {
			return nil, keys, err
		}
		key := t.keep(g)
		keys = append(keys, key)
		for j := range planned {
			if planned[j].text == tableMark {
				planned[j].text = p.g.source(key)
			}
		}
		tokens = slices.Concat(tokens[:b.start], planned, tokens[b.end:])
		i = b.start // what is inside it
	}
	return tokens, keys, nil
}

// source is what stands for the table.
func (g *grouping) source(key int64) string {
	names := []string{groupTime: "__time", groupBucket: bucketName, groupCount: countName}
	for _, d := range g.dims {
		names = append(names, d.name)
	}
	for _, m := range g.measures {
		names = append(names, m.name)
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("c%d AS %s", i, quoteName(name))
	}
	return fmt.Sprintf("(SELECT %s FROM %s WHERE key = %d)", strings.Join(names, ", "), groupsModule, key)
}

// Names of what the table itself does not have.
const (
	bucketName = "group bucket"
	countName  = "group count"
	burstName  = "group burst"
	tableMark  = "\x00table"
)

// block is a SELECT by its places among the tokens.
type block struct{ start, where, end int } // where: 0 for none

// findBlock finds the SELECT around the FROM at from.
func findBlock(tokens []token, from int) (b block) {
	depth := 0
	for b.start = from; b.start > 0; b.start-- {
		switch t := tokens[b.start]; {
		case t.text == ")":
			depth++
		case t.text == "(":
			depth--
		}
		if depth == 0 && tokens[b.start].is("SELECT") {
			break
		}
	}
	depth = 0
	for b.end = from; b.end < len(tokens); b.end++ {
		switch t := tokens[b.end]; {
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && t.is("WHERE"):
			b.where = b.end
		}
		if depth < 0 || depth == 0 && slices.ContainsFunc([]string{"UNION", "EXCEPT", "INTERSECT"}, tokens[b.end].is) {
			break
		}
	}
	return b
}

// planner works out the grouping of one SELECT.
type planner struct {
	ctx     context.Context
	c       *sql.Conn
	s       *snapshot
	g       grouping
	aliases []string
	grouped bool // there is an aggregate or a GROUP BY
}

// plan rewrites a SELECT so that it adds groups up. The table is tableMark in the answer.
func (p *planner) plan(tokens []token, where, from int) ([]token, error) {
	if tokens[0].is("SELECT") && len(tokens) > 1 && tokens[1].is("DISTINCT") {
		p.grouped = true
	}
	end := from + 2
	if end < len(tokens) && !slices.ContainsFunc([]string{"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", ")"}, tokens[end].is) {
		return nil, errPlain // a join, or another name for the table
	}
	for i, t := range tokens {
		if t.is("AS") && i+1 < len(tokens) {
			p.aliases = append(p.aliases, tokens[i+1].name())
		}
	}
	head, err := p.rewrite(tokens[:from])
	if err != nil {
		return nil, err
	}
	head = append(head, tokens[from], token{tokenName, tableMark, " "})
	var times [][]token
	if where > 0 {
		end = where + 1
		for depth := 0; end < len(tokens); end++ {
			if t := tokens[end]; t.text == "(" {
				depth++
			} else if t.text == ")" {
				depth--
			} else if depth == 0 && slices.ContainsFunc([]string{"GROUP", "ORDER", "HAVING", "LIMIT"}, t.is) {
				break
			}
		}
		var conditions []token
		if times, conditions, err = p.conditions(tokens[where+1 : end]); err != nil {
			return nil, err
		}
		head = append(append(head, tokens[where]), conditions...)
	}
	tail, err := p.rewrite(tokens[end:])
	if err != nil {
		return nil, err
	}
	if !p.grouped || groupDims+len(p.g.dims)+len(p.g.measures) > groupColumns {
		return nil, errPlain
	}
	slices.Sort(p.g.bounds)
	p.g.bounds = slices.Compact(p.g.bounds)
	if err := p.intervals(times); err != nil {
		return nil, err
	}
	return append(head, tail...), nil
}

// conditions sorts the conditions of a WHERE: those of the time alone, and those of one
// column of words, are dealt with while the rows are grouped.
func (p *planner) conditions(tokens []token) (times [][]token, left []token, err error) {
	for i, condition := range conjuncts(tokens) {
		if i > 0 {
			left = append(left, token{tokenName, "AND", " "})
		}
		column, alone := onlyColumn(condition)
		switch {
		case alone && column.kind == kindTime:
			if _, err := p.rewrite(condition); err != nil { // it notes the bounds
				return nil, nil, err
			}
			times = append(times, condition)
		case alone && column.kind == kindWord:
			if err := p.filter(column, condition); err != nil {
				return nil, nil, err
			}
		default:
			condition, err := p.rewrite(condition)
			if err != nil {
				return nil, nil, err
			}
			left = append(left, condition...)
			continue
		}
		left = append(left, token{tokenNumber, "1", " "})
	}
	return times, left, nil
}

// conjuncts cuts a condition at its ANDs.
func conjuncts(tokens []token) (all [][]token) {
	depth, start, between := 0, 0, false
	for i, t := range tokens {
		switch {
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && t.is("OR"):
			return [][]token{tokens}
		case depth == 0 && t.is("BETWEEN"):
			between = true
		case depth == 0 && t.is("AND") && between:
			between = false
		case depth == 0 && t.is("AND"):
			all = append(all, tokens[start:i])
			start = i + 1
		}
	}
	return append(all, tokens[start:])
}

// onlyColumn is the one column of a condition, if there is exactly one.
func onlyColumn(tokens []token) (only column, ok bool) {
	for _, t := range tokens {
		if t.is("SELECT") {
			return column{}, false
		}
		if c, is := t.column(); is {
			if ok && c != only {
				return column{}, false
			}
			only, ok = c, true
		}
	}
	return only, ok
}

// filter has SQLite say which words pass a condition.
func (p *planner) filter(c column, condition []token) error {
	words := append([]string{}, p.s.words[c.at]...) // never null in JSON
	list, err := json.Marshal(words)
	if err != nil {
		return err
	}
	rows, err := p.c.QueryContext(p.ctx, "SELECT key FROM (SELECT key, value AS "+quoteName(c.name)+" FROM json_each(?)) WHERE "+text(condition), string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	f := filter{c.at, make([]bool, len(words))}
	for rows.Next() {
		var code int
		if err := rows.Scan(&code); err != nil {
			return err
		}
		f.pass[code] = true
	}
	if slices.Contains(f.pass, false) {
		p.g.filters = append(p.g.filters, f)
	}
	return rows.Err()
}

// intervals has SQLite say which of the intervals the query looks at.
func (p *planner) intervals(times [][]token) error {
	for i := range len(p.g.bounds) + 1 {
		at := int64(0) // the begin of the first one, for all that is sold
		if i > 0 {
			at = p.g.bounds[i-1]
		}
		seen := true
		for _, condition := range times {
			var v sql.NullBool
			query := "SELECT " + text(condition) + " FROM (SELECT " + quoteString(timeText(at)) + " AS __time)"
			if err := p.c.QueryRowContext(p.ctx, query).Scan(&v); err != nil {
				return err
			}
			seen = seen && v.Bool
		}
		p.g.seen = append(p.g.seen, seen)
	}
	return nil
}

var aggregates = []string{"COUNT", "SUM", "AVG", "MIN", "MAX"}

// rewrite goes through a part of a SELECT, notes what it needs of the table, and asks
// the groups for it.
func (p *planner) rewrite(tokens []token) (out []token, err error) {
	for i := 0; i < len(tokens); i++ {
		t, rest := tokens[i], tokens[i:]
		put := func(text string) { out = append(out, token{tokenName, text, t.space}) }
		switch {
		case matches(rest, "( SELECT"): // one of its own
			end := closing(tokens, i)
			out = append(out, tokens[i:min(end+1, len(tokens))]...)
			i = end
		case matches(rest, "AS") && len(rest) > 1:
			out = append(out, rest[:2]...)
			i++
		case matches(rest, "GROUP BY"):
			p.grouped = true
			out = append(out, t)
		case matches(rest, "MILLIS_TO_TIMESTAMP ( TIMESTAMP_TO_MILLIS ( __time ) / # * # )") && rest[7].text == rest[9].text:
			period, err := strconv.ParseInt(rest[7].text, 10, 64)
			if err != nil || !p.bucket(period) {
				return nil, errPlain
			}
			put(quoteName(bucketName))
			i += 10
		case matches(rest, "MILLIS_TO_TIMESTAMP ( ( TIMESTAMP_TO_MILLIS ( __time ) + CASE WHEN"):
			text, used, err := p.shifted(rest)
			if err != nil {
				return nil, err
			}
			put(text)
			i += used - 1
		case matches(rest, "TIME_FLOOR ( __time , ' )"):
			period, err := parsePeriod(strings.Trim(rest[4].text, "'"))
			if err != nil || !p.bucket(period) {
				return nil, errPlain
			}
			put(quoteName(bucketName))
			i += 5
		case matches(rest, "SUBSTRING ( transaction_id , 1 , 12 )"):
			p.dim(dim{burstName, column{kind: kindID}})
			put(quoteName(burstName))
			i += 7
		case slices.ContainsFunc(aggregates, t.is) && matches(rest[1:], "("):
			text, used, err := p.aggregate(rest)
			if err != nil {
				return nil, err
			}
			put(text)
			i += used - 1
		default:
			if c, ok := t.column(); ok && !(len(rest) > 1 && rest[1].text == "(") {
				if err := p.column(c, rest); err != nil {
					return nil, err
				}
			}
			out = append(out, t)
		}
	}
	return out, nil
}

// shifted rewrites, at the begin of tokens, buckets of which some are moved,
//
//	MILLIS_TO_TIMESTAMP((TIMESTAMP_TO_MILLIS(__time) + CASE WHEN … THEN 0 ELSE n END) / 1000 * 1000)
//
// where n is so many whole buckets.
func (p *planner) shifted(tokens []token) (out string, used int, err error) {
	end := closing(tokens, 1)
	inside := closing(tokens, 2)
	if end == len(tokens) || !matches(tokens[inside:], ") / # * # )") || tokens[inside+2].text != tokens[inside+4].text {
		return "", 0, errPlain
	}
	moved := tokens[8:inside] // CASE … END
	split := slices.IndexFunc(moved, func(t token) bool { return t.is("ELSE") })
	then := slices.IndexFunc(moved, func(t token) bool { return t.is("THEN") })
	period, err := strconv.ParseInt(tokens[inside+2].text, 10, 64)
	if err != nil || then < 0 || split != then+2 || moved[then+1].text != "0" || !p.bucket(period) {
		return "", 0, errPlain
	}
	by := moved[split+1 : len(moved)-1]
	if slices.ContainsFunc(by, func(t token) bool { return t.kind == tokenName }) {
		return "", 0, errPlain
	}
	var n int64
	if err := p.c.QueryRowContext(p.ctx, "SELECT "+text(by)).Scan(&n); err != nil {
		return "", 0, err
	}
	if n%period != 0 {
		return "", 0, errPlain
	}
	condition, err := p.rewrite(moved[2:then])
	if err != nil {
		return "", 0, err
	}
	return fmt.Sprintf("MILLIS_TO_TIMESTAMP((TIMESTAMP_TO_MILLIS(%s) + CASE WHEN %s THEN 0 ELSE %d END) / %d * %d)",
		quoteName(bucketName), text(condition), n, period, period), end + 1, nil
}

func (p *planner) bucket(period int64) bool {
	if p.g.bucket == 0 {
		p.g.bucket = period
	}
	return p.g.bucket == period && period > 0
}

func (p *planner) dim(d dim) {
	if !slices.Contains(p.g.dims, d) {
		p.g.dims = append(p.g.dims, d)
	}
}

func (p *planner) measure(kind measureKind, c column) string {
	m := measure{fmt.Sprintf("group %d %s", kind, c.name), kind, c}
	if !slices.Contains(p.g.measures, m) {
		p.g.measures = append(p.g.measures, m)
	}
	return quoteName(m.name)
}

// column notes a column that stands outside of aggregates.
func (p *planner) column(c column, rest []token) error {
	switch {
	case c.kind == kindTime && len(rest) > 2 && slices.Contains([]string{">=", ">", "<", "<="}, rest[1].text):
		at, err := p.moment(rest[2:])
		if err != nil {
			return err
		}
		if rest[1].text == ">" || rest[1].text == "<=" {
			at++
		}
		p.g.bounds = append(p.g.bounds, at)
		return nil
	case c.kind == kindWord || c.kind == kindCount && c.at != Latitude && c.at != Longitude:
		p.dim(dim{c.name, c})
		return nil
	case slices.Contains(p.aliases, c.name):
		return nil
	}
	return errPlain
}

// moment is the time that a comparison compares with: a text or a function's value.
func (p *planner) moment(tokens []token) (ms int64, err error) {
	n := 1
	if len(tokens) > 1 && tokens[1].text == "(" {
		n = min(closing(tokens, 1)+1, len(tokens))
	}
	if n < len(tokens) && slices.Contains([]string{"+", "-", "*", "/", "||"}, tokens[n].text) {
		return 0, errPlain
	}
	if _, has := onlyColumn(tokens[:n]); has || tokens[0].text == "(" || tokens[0].kind == tokenName && n == 1 {
		return 0, errPlain
	}
	var v any
	if err := p.c.QueryRowContext(p.ctx, "SELECT "+text(tokens[:n])).Scan(&v); err != nil {
		return 0, err
	}
	if ms, err = parseTime(v); err != nil {
		return 0, errPlain
	}
	return ms, nil
}

// aggregate rewrites an aggregate with its FILTER at the begin of tokens, and says how
// many tokens that were.
func (p *planner) aggregate(tokens []token) (out string, used int, err error) {
	p.grouped = true
	end := closing(tokens, 1)
	if end == len(tokens) {
		return "", 0, errPlain
	}
	args := tokens[2:end]
	used = end + 1
	where := ""
	if matches(tokens[used:], "FILTER (") {
		end := closing(tokens, used+1)
		if end == len(tokens) {
			return "", 0, errPlain
		}
		inside, err := p.rewrite(tokens[used+2 : end])
		if err != nil {
			return "", 0, err
		}
		where = " FILTER (" + text(inside) + ")"
		used = end + 1
	}
	count := "SUM(" + quoteName(countName) + ")" + where
	window := used < len(tokens) && tokens[used].is("OVER")
	name := strings.ToUpper(tokens[0].text)
	c, is := column{}, false
	if len(args) == 1 {
		c, is = args[0].column()
	}
	numeric := is && (c.kind == kindMoney || c.kind == kindCount || c.kind == kindDegree)
	if matches(args, "CAST ( SUBSTRING ( transaction_id , 14 ) AS BIGINT )") && len(args) == 11 {
		c, is, numeric = column{name: "sequence", kind: kindSequence}, true, true
	}
	switch {
	case name == "SUM" && !window && matches(args, "CASE WHEN"):
		inside, err := p.cases(args)
		return "SUM(" + inside + ")" + where, used, err
	case window && (is || matches(args, "*")):
		return "", 0, errPlain
	case name == "COUNT" && matches(args, "*"):
		return "COALESCE(" + count + ", 0)", used, nil
	case name == "SUM" && numeric:
		return "SUM(" + p.measure(sum, c) + ")" + where, used, nil
	case name == "AVG" && numeric:
		return "(SUM(" + p.measure(sum, c) + ")" + where + " * 1.0 / " + count + ")", used, nil
	case name == "MIN" && (numeric || is && c.kind == kindTime):
		return "MIN(" + p.measure(least, c) + ")" + where, used, nil
	case name == "MAX" && (numeric || is && c.kind == kindTime):
		return "MAX(" + p.measure(greatest, c) + ")" + where, used, nil
	case name == "MIN" || name == "MAX" || name == "COUNT" && matches(args, "DISTINCT"):
		// Of words: they are the same in groups.
	case name == "SUM" && slices.ContainsFunc(args, func(t token) bool { return slices.ContainsFunc(aggregates, t.is) }):
		// Of sums, over a window.
	default:
		return "", 0, errPlain
	}
	inside, err := p.rewrite(args)
	return tokens[0].text + "(" + text(inside) + ")" + where, used, err
}

// cases rewrites the CASE inside a SUM: a number counts once for each row of a group, and
// an amount is the group's sum.
func (p *planner) cases(tokens []token) (string, error) {
	if closing := len(tokens) - 1; !tokens[closing].is("END") {
		return "", errPlain
	}
	var out []token
	begin, depth := 1, 0
	for i := 1; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && t.is("CASE"):
			return "", errPlain
		case depth == 0 && (t.is("THEN") || t.is("ELSE")):
			condition, err := p.rewrite(tokens[begin:i])
			if err != nil || i+2 >= len(tokens) {
				return "", errors.Join(err, errPlain)
			}
			value := tokens[i+1]
			c, is := value.column()
			switch {
			case value.kind == tokenNumber:
				value.text = value.text + " * " + quoteName(countName)
			case is && (c.kind == kindMoney || c.kind == kindCount || c.kind == kindDegree):
				value.text = p.measure(sum, c)
			default:
				return "", errPlain
			}
			if next := tokens[i+2]; !next.is("WHEN") && !next.is("ELSE") && !next.is("END") {
				return "", errPlain
			}
			out = append(append(out, condition...), t, value)
			begin = i + 2
			i++
		}
	}
	return "CASE" + text(out) + " END", nil
}
