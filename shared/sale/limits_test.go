package sale_test

import (
	"encoding/json"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

// Each value is wrong at one place.
func TestUnmarshalRefusesWhatIsNearlyRight(t *testing.T) {
	for name, c := range map[string]struct{ field, value string }{
		"customer of another kind":       {"customer_id", `"XUST-000000001"`},
		"customer with a letter":         {"customer_id", `"CUST-00000000a"`},
		"customer with a slash":          {"customer_id", `"CUST-00000000/"`},
		"transaction without its dash":   {"transaction_id", `"abcdefghij23_00000001"`},
		"transaction with a letter":      {"transaction_id", `"abcdefghij23-0000000a"`},
		"transaction with a slash":       {"transaction_id", `"abcdefghij23-0000000/"`},
		"more than an integer holds":     {"price", `99999999999999999999`},
		"too far east":                   {"longitude", `180.0001`},
		"too far west":                   {"longitude", `-180.0001`},
		"finer than a degree is written": {"latitude", `1.23456`},
		"a number as a time":             {"timestamp", `7`},
		"a time without its zone":        {"timestamp", `"2026-11-24T10:00:00.123"`},
	} {
		t.Run(name, func(t *testing.T) {
			var s sale.Sale
			if err := json.Unmarshal([]byte(`{"`+c.field+`":`+c.value+`}`), &s); err == nil {
				t.Errorf("%s is accepted", c.value)
			}
		})
	}
	// What encoding/json would not pass on.
	for _, text := range []string{"1..5", "1.2.3", "+5", "--5", "5-", "1/", "1:"} {
		var c sale.Cents
		if err := c.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s is accepted as %v", text, c)
		}
	}
}

func TestDegreesReachRoundTheGlobe(t *testing.T) {
	for text, want := range map[string]sale.Degrees{"180": 180_0000, "-180.0000": -180_0000} {
		var d sale.Degrees
		if err := json.Unmarshal([]byte(text), &d); err != nil || d != want {
			t.Errorf("%s degrees are %d, %v", text, d, err)
		}
	}
}

func TestStatusWithoutAName(t *testing.T) {
	const none = sale.Fraud + 1
	if got := none.String(); got != "Status(6)" {
		t.Errorf("it prints as %s", got)
	}
	if s := (sale.Sale{Status: none}); !strings.Contains(string(s.AppendJSON(nil)), `"status":"Status(6)","order_type"`) {
		t.Errorf("it is written in %s", s.AppendJSON(nil))
	}
	if text, err := none.MarshalText(); err == nil {
		t.Errorf("it is written as %s", text)
	}
}

func TestRevenueIsOfCompletedSales(t *testing.T) {
	for status, want := range map[sale.Status]sale.Cents{sale.Completed: 500, sale.Fraud: 0} {
		s := sale.Sale{Status: status, TotalAmount: 500}
		if got := s.Revenue(); got != want {
			t.Errorf("a %v sale's revenue is %v, want %v", status, got, want)
		}
	}
}

func TestEmptyTextIsTheZeroValue(t *testing.T) {
	if sale.NewText("") != (sale.Text{}) {
		t.Error("there are two empty texts")
	}
}
