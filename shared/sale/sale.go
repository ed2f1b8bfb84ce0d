// Package sale holds the sales event: its fields, its money in whole cents, and
// its JSON. Start with [Fields], the table that the struct [Sale] and much else is
// generated from; [Sale.AppendJSON] is the event's fast way to text.
package sale

// Revenue is TotalAmount where the sale was completed and zero elsewhere.
func (s *Sale) Revenue() Cents {
	if s.Status == Completed {
		return s.TotalAmount
	}
	return 0
}

// Mark tells of a field's value where it ends, counted from the begin of the slice that was
// appended to, and a hash of it: the same values have the same, others hardly ever.
type Mark struct{ End, Hash uint32 }

// Marks are those of a sale's fields in their order.
type Marks [len(Fields)]Mark

// AppendJSON appends the JSON form of s to b and returns the longer slice. The
// bytes are those that encoding/json's Marshal writes. It allocates nothing
// where b has room; a sale takes 600 to 900 bytes.
func (s *Sale) AppendJSON(b []byte) []byte {
	var marks Marks
	return s.AppendMarked(b, &marks)
}
