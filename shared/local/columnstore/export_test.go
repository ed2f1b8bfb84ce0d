package columnstore

import "salesburst/shared/question"

// Groups tells whether a question is answered from groups.
func Groups(t *Table, a question.Asked) bool {
	_, err := newGrouping(t.snapshot(), a)
	return err == nil
}
