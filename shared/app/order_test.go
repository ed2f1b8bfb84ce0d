package app

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/publish"
)

func manual(change func(*burst.Request)) trigger {
	o := burst.Request{Channel: contract.ChannelOnline, Origin: "bf", At: slot, Over: time.Minute, Events: 50, Mean: 600}
	change(&o)
	return trigger{TriggerManual, o, false}
}

// What was asked is what the ledger knows a burst by.
func TestWhatIsAskedIsTheKey(t *testing.T) {
	seen := map[publish.Key]string{manual(func(*burst.Request) {}).key(contract.Online): "the same order"}
	allowed := regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	for name, change := range map[string]func(*burst.Request){
		"channel":       func(o *burst.Request) { o.Channel = contract.ChannelStore },
		"id":            func(o *burst.Request) { o.Origin = strings.Repeat("x", contract.MaxIDLength) },
		"time":          func(o *burst.Request) { o.At = o.At.Add(time.Millisecond) },
		"over":          func(o *burst.Request) { o.Over = 2 * time.Minute },
		"events":        func(o *burst.Request) { o.Events++ },
		"demand":        func(o *burst.Request) { o.Events = 0 },
		"one shard":     func(o *burst.Request) { o.Of = 1 },
		"first shard":   func(o *burst.Request) { o.Of = 20 },
		"second shard":  func(o *burst.Request) { o.Shard, o.Of = 1, 20 },
		"other shards":  func(o *burst.Request) { o.Shard, o.Of = 1, 200 },
		"brand":         func(o *burst.Request) { o.Brand = "LG" },
		"short brand":   func(o *burst.Request) { o.Brand = "RCA" },
		"other brand":   func(o *burst.Request) { o.Brand = "TCL" },
		"city":          func(o *burst.Request) { o.City = "LG" },
		"method":        func(o *burst.Request) { o.PaymentMethod = "LG" },
		"product":       func(o *burst.Request) { o.Product = "LG" },
		"brand in city": func(o *burst.Request) { o.Brand, o.City = "L", "G" },
		"step":          func(o *burst.Request) { o.Stages = []burst.Stage{{Over: time.Minute, Rate: 1}} },
		"ramp":          func(o *burst.Request) { o.Stages = []burst.Stage{{Over: time.Minute, Rate: 1, Ramp: true}} },
		"other rate":    func(o *burst.Request) { o.Stages = []burst.Stage{{Over: time.Minute, Rate: 2}} },
		"shorter step":  func(o *burst.Request) { o.Stages = []burst.Stage{{Over: time.Second, Rate: 1}} },
		"two steps": func(o *burst.Request) {
			o.Stages = []burst.Stage{{Over: time.Minute, Rate: 1}, {Over: time.Minute, Rate: 1}}
		},
	} {
		key := manual(change).key(contract.Online)
		if other, again := seen[key]; again {
			t.Errorf("another %s has the key of %s", name, other)
		}
		seen[key] = name
		if key.Number != 0 || !allowed.MatchString(key.Series) {
			t.Errorf("%s: key %+v", name, key)
		}
	}
	if manual(func(*burst.Request) {}).key(contract.Store) == manual(func(*burst.Request) {}).key(contract.Online) {
		t.Error("two functions have one key")
	}
	for name, change := range map[string]func(*burst.Request){
		"mean":     func(o *burst.Request) { o.Mean = 1 },
		"scenario": func(o *burst.Request) { o.Scenario, o.Brand = "flash-sale", "LG" }, // with it and without
		"zone":     func(o *burst.Request) { o.At = o.At.In(time.FixedZone("CST", -6*3600)) },
	} {
		if key := manual(change).key(contract.Online); seen[key] != "the same order" {
			t.Errorf("another %s is another key", name)
		}
	}
	brand := func(name string) publish.Key {
		return manual(func(o *burst.Request) { o.Brand = name }).key(contract.Online)
	}
	for _, name := range []string{" SAMSUNG ", "samsung", "\u017famsung"} {
		if brand(name) != brand("Samsung") {
			t.Errorf("%q is another brand than Samsung", name)
		}
	}
}

// A schedule's series has eight hexadecimal digits where an order's has a word.
func TestSchedulesAndOrdersAreKeptApart(t *testing.T) {
	scheduled := trigger{TriggerSchedule, burst.Request{Origin: schedule, At: slot}, false}.key(contract.Online)
	if !regexp.MustCompile(`^online-[0-9a-f]{8}$`).MatchString(scheduled.Series) || scheduled.Number != slot.Unix()/60 {
		t.Errorf("key of a schedule %+v", scheduled)
	}
	if order := manual(func(*burst.Request) {}).key(contract.Online); !regexp.MustCompile(`^online-order-[0-9a-f]{32}$`).MatchString(order.Series) {
		t.Errorf("key of an order %+v", order)
	}
}

// A key that a version has written to the ledger is the same for every later one.
func TestKeysStay(t *testing.T) {
	for name, c := range map[string]struct {
		asked trigger
		want  publish.Key
	}{
		"schedule": {trigger{TriggerSchedule, burst.Request{Origin: schedule, At: slot}, false}, publish.Key{Series: "online-214ee383", Number: 29925240}},
		"order":    {manual(func(*burst.Request) {}), publish.Key{Series: "online-order-2a74ed5e5b4e0bd86e75fec6940e67b1"}},
		"shard": {manual(func(o *burst.Request) {
			o.Shard, o.Of, o.Scenario, o.Brand, o.City, o.PaymentMethod = 1, 3, "flash-sale", "LG", "Chicago", "PayPal"
		}), publish.Key{Series: "online-order-09023bc80b9e87e1536f5bc7680564d7"}},
		"stages": {manual(func(o *burst.Request) {
			o.Stages = []burst.Stage{{Over: 30 * time.Second, Rate: 1}, {Over: 30 * time.Second, Ramp: true}}
		}), publish.Key{Series: "online-order-d9cb5e109e6c6d1b12e97b5993f295e2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.asked.key(contract.Online); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// The order of a failure is the payload of the same trigger, whoever asks and whenever.
func TestAgain(t *testing.T) {
	elsewhere := where
	elsewhere.requestID, elsewhere.now, elsewhere.traceID = "another-request", now.AddDate(0, 0, 3), "Root=1-"+inHex(slot.AddDate(0, 0, 3).Unix())+"-bd862e3fe1be46a994272793"
	for _, payload := range []string{
		``, `{"events":7}`, `{"over":"90s","scenario":"flash-sale"}`, `{"at":"2026-11-20T10:00:00.123Z"}`, `{"id":"bf"}`,
		`{"events":9,"brand":"LG","product":"A \"TV\". Order: {","city":"\u003cx\u003e","payment_method":"Apple Pay"}`,
		`{"events":9,"id":"bf","at":"2026-11-20T11:00:00+01:00","shard":0,"of":3}`, `{"events":9,"id":"bf","at":"2026-11-20T11:00:00+01:00","shard":2,"of":3}`,
		`{"stages":[{"over":"90s","per_second":5},{"over":"1h0m5s","to":0},{"per_second":0,"over":"1s"}]}`,
		`{"stages":[{"over":"1s","to":5}],"id":"bf","at":"2026-11-20T11:00:00+01:00","shard":2,"of":3,"twin":true}`,
		`{"scheduled_time":"2026-11-24T10:00:59.5Z","schedule_arn":"` + schedule + `"}`,
	} {
		first, err := parseTrigger([]byte(payload), where)
		if err != nil {
			t.Fatal(err)
		}
		text := marked(first.again())
		order, ok := strings.CutPrefix(text, contract.RequestMark)
		if !ok || strings.LastIndex(text, contract.RequestMark) != 0 {
			t.Errorf("%s: the order is marked as %s", payload, text)
		}
		if again, err := parseTrigger([]byte(order), elsewhere); err != nil || !same(again, first) {
			t.Errorf("%s: %s is %+v, %v; want %+v", payload, order, again, err, first)
		}
	}
}

// So it is where the order has incidents.
func TestAgainWithIncidents(t *testing.T) {
	const incidents = `[{"scenario":"price-error","product":"A \"TV\". Order: {"}]`
	first, err := parseTrigger([]byte(`{"events":7,"incidents":`+incidents+`}`), where)
	if err != nil {
		t.Fatal(err)
	}
	order, ok := strings.CutPrefix(marked(first.again()), contract.RequestMark)
	again, err := parseTrigger([]byte(order), where)
	if !ok || err != nil || again.order.Incidents.Incidents[0].Product != first.order.Incidents.Incidents[0].Product ||
		again.key(contract.Online) != first.key(contract.Online) {
		t.Errorf("%s: %+v, error %v", order, again, err)
	}
	plain, err := parseTrigger([]byte(`{"events":7}`), where)
	if err != nil || plain.key(contract.Online) != first.key(contract.Online) {
		t.Errorf("with incidents it is another order; error %v", err)
	}
}
