package credentials_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"salesburst/shared/credentials"
)

const hidden = "hunter2-and-more"

func TestSecretIsNeverPrinted(t *testing.T) {
	s := credentials.New(hidden)
	c := credentials.Credentials{BootstrapServers: []string{"host:9092"}, APIKey: s, APISecret: s}
	values := map[string]any{
		"secret":      s,
		"pointer":     &s,
		"credentials": c,
		"static":      credentials.Static(c),
		"unexported":  struct{ c credentials.Credentials }{c},
		"map":         map[string]credentials.Secret{"x": s},
		"error":       fmt.Errorf("with %v", c),
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			fmt.Fprint(&out, v)
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(text)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
			for _, leak := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprint([]byte(hidden))} {
				if strings.Contains(out.String(), leak) {
					t.Errorf("%s is in the output\n%s", leak, &out)
				}
			}
		})
	}
	if got := fmt.Sprintf("%v %s %q %x %#v", s, s, s, s, s); got != strings.Repeat(" [redacted]", 5)[1:] {
		t.Errorf("printed as %s", got)
	}
	if s.Reveal() != hidden || (credentials.Secret{}).Reveal() != "" {
		t.Error("Reveal does not return the text")
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		servers string
		want    []string
	}{
		"one":           {"host:9092", []string{"host:9092"}},
		"two":           {"host:9092,host2:9093", []string{"host:9092", "host2:9093"}},
		"with spaces":   {"host:9092, host2:9093", []string{"host:9092", "host2:9093"}},
		"with protocol": {"SASL_SSL://pkc-1.us-east-1.aws.confluent.cloud:9092", []string{"pkc-1.us-east-1.aws.confluent.cloud:9092"}},
		"IPv6":          {"[::1]:9092", []string{"[::1]:9092"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := credentials.Parse(`{"bootstrap_servers":"` + c.servers + `","api_key":"KEY","api_secret":"` + hidden + `"}`)
			want := credentials.Credentials{BootstrapServers: c.want, APIKey: credentials.New("KEY"), APISecret: credentials.New(hidden)}
			if err != nil || !got.Equal(want) {
				t.Errorf("got %v and %v, %v", got.BootstrapServers, got, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"nothing":             {``, "not one JSON object"},
		"text":                {hidden, "not one JSON object"},
		"quoted text":         {`"` + hidden + `"`, "not one JSON object"},
		"list":                {`["` + hidden + `"]`, "not one JSON object"},
		"broken":              {`{"api_secret":"` + hidden + `"`, "not one JSON object"},
		"broken value":        {`{"api_secret":` + hidden + `}`, "not one JSON object"},
		"two objects":         {`{"bootstrap_servers":"h:1","api_key":"k","api_secret":"` + hidden + `"} {}`, "follows"},
		"no servers":          {`{"api_key":"k","api_secret":"` + hidden + `"}`, "bootstrap_servers is missing"},
		"no key":              {`{"bootstrap_servers":"h:1","api_secret":"` + hidden + `"}`, "api_key is missing"},
		"no secret":           {`{"bootstrap_servers":"h:1","api_key":"` + hidden + `"}`, "api_secret is missing"},
		"empty secret":        {`{"bootstrap_servers":"h:1","api_key":"` + hidden + `","api_secret":""}`, "api_secret is empty"},
		"pasted newline":      {`{"bootstrap_servers":"h:1","api_key":"k","api_secret":"` + hidden + `\n"}`, "api_secret begins or ends with white space"},
		"number":              {`{"bootstrap_servers":"h:1","api_key":12345,"api_secret":"` + hidden + `"}`, "api_key is not a text"},
		"twice":               {`{"api_key":"` + hidden + `","api_key":"` + hidden + `"}`, "api_key stands there twice"},
		"unknown field":       {`{"apiKey":"` + hidden + `"}`, "the field apiKey is unknown"},
		"secret as the name":  {`{"` + hidden + `":"x"}`, "a field that is none of bootstrap_servers, api_key, api_secret is unknown"},
		"key as the name":     {`{"ABCDEFGHIJKLMNOP":"` + hidden + `"}`, "a field that is none of"},
		"server without port": {`{"bootstrap_servers":"h:1,` + hidden + `","api_key":"k","api_secret":"s"}`, "entry 2 of bootstrap_servers is not host:port"},
		"port out of range":   {`{"bootstrap_servers":"` + hidden + `:70000","api_key":"k","api_secret":"s"}`, "entry 1 of bootstrap_servers"},
		"https":               {`{"bootstrap_servers":"https://` + hidden + `:443","api_key":"k","api_secret":"s"}`, "entry 1 of bootstrap_servers"},
		"empty entry":         {`{"bootstrap_servers":"h:1,","api_key":"k","api_secret":"s"}`, "entry 2 of bootstrap_servers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := credentials.Parse(c.text)
			if !errors.Is(err, credentials.ErrMalformed) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), credentials.Shape) {
				t.Fatalf("error %v, want one that says %q and shows the shape", err, c.says)
			}
			if strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), "ABCDEFGHIJKLMNOP") || strings.Contains(err.Error(), "12345") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"bootstrap_servers":"host:9092","api_key":"k","api_secret":"s"}`)
	f.Add(`{"bootstrap_servers":"","api_key":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := credentials.Parse(text)
		if err == nil && (len(c.BootstrapServers) == 0 || c.APIKey.Reveal() == "" || c.APISecret.Reveal() == "") {
			t.Errorf("%q was accepted", text)
		}
	})
}
