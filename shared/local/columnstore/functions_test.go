package columnstore_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

// What Druid's functions give, by Druid's SQL reference (druid.apache.org/docs/latest/
// querying/sql-functions), its times as they stand in its answers.
func TestFunctions(t *testing.T) {
	tab, err := columnstore.Open("sales", func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	for expression, want := range map[string]any{
		`MILLIS_TO_TIMESTAMP(1795521600123)`:                                              "2026-11-24T12:00:00.123Z",
		`MILLIS_TO_TIMESTAMP(-1)`:                                                         "1969-12-31T23:59:59.999Z",
		`MILLIS_TO_TIMESTAMP(NULL)`:                                                       nil,
		`TIMESTAMP_TO_MILLIS('2026-11-24T12:00:00.123Z')`:                                 int64(1795521600123),
		`TIMESTAMP_TO_MILLIS(MILLIS_TO_TIMESTAMP(1795521600123) ) / 1000 * 1000`:          int64(1795521600000),
		`TIME_FLOOR('2026-11-24T12:34:56.789Z', 'PT1S')`:                                  "2026-11-24T12:34:56.000Z",
		`TIME_FLOOR('2026-11-24T12:34:56.789Z', 'PT15M')`:                                 "2026-11-24T12:30:00.000Z",
		`TIME_FLOOR('2026-11-24T12:34:56.789Z', 'P1D')`:                                   "2026-11-24T00:00:00.000Z",
		`TIME_FLOOR('1969-12-31T23:59:59.999Z', 'PT1H')`:                                  "1969-12-31T23:00:00.000Z",
		`TIMESTAMPDIFF(SECOND, '2026-11-24T12:00:00.900Z', '2026-11-24T12:00:03.800Z')`:   int64(2),
		`TIMESTAMPDIFF(MINUTE, CURRENT_TIMESTAMP - INTERVAL '1' HOUR, CURRENT_TIMESTAMP)`: int64(60),
		`CURRENT_TIMESTAMP`: "2026-11-24T12:00:00.000Z",
		`CAST(SUBSTRING('p222rm7v3ros-00000017', 14) AS BIGINT)`:                                   int64(17),
		`SUBSTRING('p222rm7v3ros-00000017', 1, 12)`:                                                "p222rm7v3ros",
		`MILLIS_TO_TIMESTAMP(CASE WHEN 2 > 1 THEN 1795521600000 ELSE 0 END - 1000 * (3 + 57) / 1)`: "2026-11-24T11:59:00.000Z",
	} {
		_, rows, err := tab.Query(t.Context(), "SELECT "+expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if rows[0][0] != want {
			t.Errorf("%s is %v, want %v", expression, rows[0][0], want)
		}
	}
	for expression, says := range map[string]string{
		`TIME_FLOOR('2026-11-24T12:34:56.789Z', 'P1M')`:                      `period "P1M" is not known here`,
		`TIME_FLOOR('yesterday', 'PT1M')`:                                    `yesterday is no time`,
		`TIMESTAMP_TO_MILLIS('24.11.2026')`:                                  `is no time`,
		`TIMESTAMPDIFF(WEEK, '2026-11-24T12:00:00.000Z', CURRENT_TIMESTAMP)`: `unit "WEEK" is not known here`,
		`CURRENT_TIMESTAMP - INTERVAL '1' FORTNIGHT`:                         `FORTNIGHT is not known here`,
		`NO_SUCH_FUNCTION(1)`:                                                `no such function`,
	} {
		if _, _, err := tab.Query(t.Context(), "SELECT "+expression); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s gives %v, want %q", expression, err, says)
		}
	}
}

// A row has every field of the sale, under Druid's name and in its type.
func TestRowsAreWhatWasAdded(t *testing.T) {
	tab, err := columnstore.Open(`a "name"`, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	var event []string
	want := map[string]any{"seconds_to_arrive": int64(41)}
	for _, f := range sale.Fields {
		if f.Example == `""` { // else it would be like others
			f.Example = fmt.Sprintf("%q", "a "+f.Name)
		}
		event = append(event, fmt.Sprintf("%q:%s", f.Name, f.Example))
		var value any
		if err := json.Unmarshal([]byte(f.Example), &value); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		switch f.Kind.Druid() {
		case "timestamp":
			want["__time"] = value
		case "long":
			want[f.Name] = int64(value.(float64))
		default:
			want[f.Name] = value
		}
	}
	var s sale.Sale
	if err := json.Unmarshal([]byte("{"+strings.Join(event, ",")+"}"), &s); err != nil {
		t.Fatal(err)
	}
	row, err := columnstore.RowOf(&s)
	if err != nil {
		t.Fatal(err)
	}
	row.Arrived(s.Timestamp.Time().Add(41_983 * time.Millisecond).UnixMilli())
	if err := tab.Add([]columnstore.Row{row}); err != nil {
		t.Fatal(err)
	}
	columns, rows, err := tab.Query(t.Context(), `SELECT * FROM "a ""name"""`)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	if len(columns) != len(want) {
		t.Errorf("%d columns, want %d", len(columns), len(want))
	}
	for i, name := range columns {
		if rows[0][i] != want[name] {
			t.Errorf("%s is %v, want %v", name, rows[0][i], want[name])
		}
	}
}

func TestNumbersBeyondAColumn(t *testing.T) {
	s := sale.Sale{ScreenSize: math.MaxInt32 + 1}
	if _, err := columnstore.RowOf(&s); err == nil || !strings.Contains(err.Error(), "screen_size 2147483648") {
		t.Errorf("error %v", err)
	}
}

func TestForget(t *testing.T) {
	tab := fill(t, 20_000, 4)
	before := noon.Add(-90 * time.Minute)
	tab.Forget(before)
	for _, query := range []string{`SELECT MIN(__time) FROM "ecommerce-topic-1"`, `SELECT __time FROM "ecommerce-topic-1" ORDER BY __time LIMIT 1`} {
		_, rows, err := tab.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		oldest, err := time.Parse(time.RFC3339, rows[0][0].(string))
		if err != nil || oldest.Before(before) || oldest.After(before.Add(10*time.Second)) {
			t.Errorf("%s: the oldest is of %v, want %v", query, rows[0][0], before)
		}
	}
}

// Readers ask while sales are added and forgotten: what they see adds up.
func TestAskedWhileSalesAreAdded(t *testing.T) {
	tab := fill(t, 4_000, 4)
	_, rows, err := tab.Query(t.Context(), `SELECT * FROM "ecommerce-topic-1" LIMIT 1`)
	if err != nil || len(rows) != 1 {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 40 && err == nil; i++ {
			more := make([]columnstore.Row, 1000)
			for j := range more {
				more[j] = columnstore.Row{At: noon.UnixMilli()}
				more[j].Money[columnstore.TotalAmount] = 100
				more[j].Words[columnstore.Status] = "COMPLETED"
			}
			err = tab.Add(more)
		}
		done <- err
	}()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		_, rows, err := tab.Query(t.Context(), `SELECT COUNT(*), ROUND(SUM(total_amount), 2) FROM "ecommerce-topic-1" WHERE __time >= '2026-11-24T12:00:00.000Z'`)
		if err != nil {
			t.Fatal(err)
		}
		if n := rows[0][0].(int64); n > 0 && float64(n) != rows[0][1] || n%1000 != 0 {
			t.Fatalf("%v sales of a dollar are %v dollars", rows[0][0], rows[0][1])
		}
	}
}
