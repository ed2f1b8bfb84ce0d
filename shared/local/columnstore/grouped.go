package columnstore

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite/vtab"
)

// groupColumns is how many columns groups may have.
const groupColumns = 24

// groups are the answer to the inner part of a question, column by column.
type groups struct {
	rows    int
	columns [groupColumns][]vtab.Value
}

// keep gives SQLite a name for groups, until release.
func (t *Table) keep(g *groups) (key int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastKey++
	t.groups[t.lastKey] = g
	return t.lastKey
}

func (t *Table) release(key int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.groups, key)
}

// groupTable is all kept groups as one table of SQLite; the hidden column key tells them
// apart.
type groupTable struct{ t *Table }

func openGroups(t *Table, ctx vtab.Context) (vtab.Table, error) {
	var b strings.Builder
	for i := range groupColumns {
		fmt.Fprintf(&b, "c%d, ", i)
	}
	return groupTable{t}, ctx.Declare("CREATE TABLE groups (" + b.String() + "key HIDDEN)")
}

func (groupTable) BestIndex(info *vtab.IndexInfo) error {
	for i := range info.Constraints {
		if c := &info.Constraints[i]; c.Column == groupColumns && c.Op == vtab.OpEQ && c.Usable {
			c.ArgIndex, c.Omit = 0, true
			info.EstimatedCost, info.EstimatedRows = 1000, 1000
			return nil
		}
	}
	return errors.New("groups without their key")
}

func (g groupTable) Open() (vtab.Cursor, error) { return &groupCursor{t: g.t}, nil }
func (groupTable) Disconnect() error            { return nil }
func (groupTable) Destroy() error               { return nil }

type groupCursor struct {
	t      *Table
	groups *groups
	i      int
}

func (c *groupCursor) Filter(_ int, _ string, vals []vtab.Value) error {
	key, _ := vals[0].(int64)
	c.t.mu.RLock()
	defer c.t.mu.RUnlock()
	if c.groups, c.i = c.t.groups[key], 0; c.groups == nil {
		return fmt.Errorf("there are no groups %d", key)
	}
	return nil
}

func (c *groupCursor) Next() error { c.i++; return nil }
func (c *groupCursor) Eof() bool   { return c.i >= c.groups.rows }
func (c *groupCursor) Column(i int) (vtab.Value, error) {
	if column := c.groups.columns[i]; c.i < len(column) {
		return column[c.i], nil
	}
	return nil, nil
}
func (c *groupCursor) Rowid() (int64, error) { return int64(c.i), nil }
func (c *groupCursor) Close() error          { return nil }
