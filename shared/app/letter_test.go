package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/app"
	"salesburst/shared/credentials"
)

// letter is what Lambda sends to the dead-letter queue when it gives a request up. The
// response is the function's answer, and nil where it gave none.
func letter(t *testing.T, requestID, payload string, response any) string {
	t.Helper()
	if payload == "" {
		payload = "null"
	}
	body := map[string]any{
		"version": "1.0", "timestamp": "2026-11-20T21:00:05.123Z",
		"requestContext": map[string]any{
			"requestId": requestID, "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:salesburst-online-spike:$LATEST",
			"condition": "RetriesExhausted", "approximateInvokeCount": 3,
		},
		"requestPayload": json.RawMessage(payload),
	}
	if response != nil {
		body["responsePayload"] = response
	}
	return received(t, body, nil)
}

// received is what receive-message makes of a letter.
func received(t *testing.T, body any, attributes map[string]any) string {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	message := map[string]any{"MessageId": "m", "ReceiptHandle": "the receipt", "Body": string(text)}
	if attributes != nil {
		message["MessageAttributes"] = attributes
	}
	if text, err = json.Marshal(map[string]any{"Messages": []any{message}}); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sendAgain runs the lines of cdk/README.md over a letter, with a stub of the aws command, whose
// function says that it went well or not. It returns what the function is invoked with.
func sendAgain(t *testing.T, letter string, well bool) (function, payload string, deleted bool) {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		if testing.Short() {
			t.Skip("needs jq")
		}
		t.Fatal("jq is missing: make install")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "cdk", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?s)```sh\n(  aws sqs receive-message.*?)```").FindSubmatch(readme)
	if lines == nil {
		t.Fatal("cdk/README.md does not say how a letter is sent again")
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "cdk"), filepath.Join(dir, "cdk")); err != nil {
		t.Fatal(err)
	}
	answer := "Unhandled"
	if well {
		answer = "None"
	}
	const stub = `#!/bin/sh
printf '%s\n' "$@" >"call-$2"
case "$2" in
receive-message) cat letter ;;
invoke) echo "$ANSWER" ;;
esac
`
	for name, text := range map[string]string{"aws": stub, "letter": letter} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", string(lines[1]))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "ANSWER="+answer, "LETTERS=https://the.queue")
	if out, err := cmd.CombinedOutput(); err != nil && well || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	call := func(name string) map[string]string {
		text, err := os.ReadFile(filepath.Join(dir, "call-"+name))
		if err != nil {
			return nil
		}
		options := make(map[string]string)
		words := strings.Split(string(text), "\n")
		for i, word := range words {
			if strings.HasPrefix(word, "--") {
				options[word] = words[i+1]
			}
		}
		return options
	}
	if end := call("delete-message"); end != nil {
		deleted = end["--receipt-handle"] == "the receipt" && end["--queue-url"] == "https://the.queue"
	}
	invoked := call("invoke")
	return invoked["--function-name"], invoked["--payload"], deleted
}

const spikeFunction = "arn:aws:lambda:eu-central-1:123456789012:function:salesburst-online-spike"

// A letter that is sent again is the burst that failed, whatever was asked, however late and
// under another request's name: it is published if it is missing, and skipped if it is there.
func TestLetterIsTheSameBurst(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing asked":   ``,
		"scenario":        `{"events":500,"scenario":"flash-sale","brand":" samsung ","over":"90s"}`,
		"id without time": `{"events":500,"id":"mine"}`,
		"time without id": `{"events":500,"at":"2026-11-20T11:00:00.5+01:00"}`,
		"one city":        `{"events":30,"city":"New York","payment_method":"Apple Pay"}`,
		"shard":           `{"events":501,"id":"spike","at":"2026-11-20T10:00:00Z","shard":1,"of":3}`,
		"schedule":        slot,
	} {
		orders := make(map[string]string) // by letter
		for _, there := range []bool{false, true} {
			t.Run(name+map[bool]string{false: ", missing", true: ", there"}[there], func(t *testing.T) {
				now := clock
				l := start(t, func(cfg *app.Config) { cfg.Now = func() time.Time { return now } })
				invoke := func(id, payload string) (r app.Report, err error) {
					ctx, cancel := context.WithTimeout(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: id}), 15*time.Second)
					defer cancel()
					answer, err := l.Invoke(ctx, []byte(payload))
					if err == nil {
						err = json.Unmarshal(answer, &r)
					}
					return r, err
				}
				l.denied = credentials.ErrDenied
				_, err := invoke("first", payload)
				var not *app.NotPublished
				if !errors.As(err, &not) {
					t.Fatal(err)
				}
				text := letter(t, "first", payload, map[string]string{"errorMessage": err.Error(), "errorType": "NotPublished"})
				order, known := orders[text]
				if !known {
					var function string
					var deleted bool
					if function, order, deleted = sendAgain(t, text, true); function != spikeFunction || !deleted {
						t.Errorf("function %s is invoked; the letter is deleted: %v", function, deleted)
					}
					orders[text] = order
				}
				l.denied = nil
				if there {
					if r, err := invoke("first", payload); err != nil || r.Skipped || r.BurstID != not.Report.BurstID {
						t.Fatalf("the retry made %+v, %v", r, err)
					}
				}
				now = now.AddDate(0, 0, 2)
				for i, skipped := range []bool{there, true} {
					r, err := invoke(map[int]string{0: "second", 1: "third"}[i], order)
					if err != nil || r.Skipped != skipped || r.BurstID != not.Report.BurstID || r.Expected != not.Report.Expected || r.CoversTo != not.Report.CoversTo {
						t.Errorf("order %s made %+v, %v; want the burst of %+v, skipped: %v", order, r, err, not.Report, skipped)
					}
				}
				all := l.broker.readAll(t)
				if len(all) != not.Report.Expected || len(all.of(not.Report.BurstID)) != len(all) && not.Report.Of == 0 {
					t.Errorf("%d events are stored, want %d", len(all), not.Report.Expected)
				}
			})
		}
	}
}

// The order of a burst that was published in part comes after the report.
func TestLetterOfAPartIsTheSameBurst(t *testing.T) {
	err := &app.PartlyPublished{Report: app.Report{BurstID: "b", Scenario: "x"}, Order: json.RawMessage(`{"id":"x","product":"y. Order: {"}`), Err: errors.New("broken. Order: {}")}
	_, order, _ := sendAgain(t, letter(t, "r", `{}`, map[string]string{"errorMessage": err.Error(), "errorType": "PartlyPublished"}), true)
	if order != `{"id":"x","product":"y. Order: {"}` {
		t.Errorf("order %s", order)
	}
}

// Letters in which no function says what the order was.
func TestLettersWithoutAnOrder(t *testing.T) {
	killed := map[string]string{"errorMessage": "2026-11-20T20:01:02.123Z request-1 Task timed out after 60.00 seconds", "errorType": "Sandbox.Timedout"}
	scheduleARN := "arn:aws:lambda:eu-central-1:123456789012:function:salesburst-online"
	for name, c := range map[string]struct{ letter, function, payload string }{
		"killed":           {letter(t, "request-1", `{"events":5}`, killed), spikeFunction, `{"id":"request-1","at":"2026-11-20T21:00:05.123Z","events":5}`},
		"killed, nothing":  {letter(t, "request-1", ``, killed), spikeFunction, `{"id":"request-1","at":"2026-11-20T21:00:05.123Z"}`},
		"never begun":      {letter(t, "request-1", `{"events":5}`, nil), spikeFunction, `{"id":"request-1","at":"2026-11-20T21:00:05.123Z","events":5}`},
		"named":            {letter(t, "request-1", `{"id":"x","at":"2026-11-20T10:00:00Z"}`, nil), spikeFunction, `{"id":"x","at":"2026-11-20T10:00:00Z"}`},
		"killed, schedule": {letter(t, "request-1", slot, killed), spikeFunction, slot},
		"no object":        {letter(t, "request-1", `[1]`, map[string]string{"errorMessage": "payload [1]: allowed is …", "errorType": "InvalidTrigger"}), spikeFunction, `[1]`},
		"of the schedule": {received(t, json.RawMessage(slot), map[string]any{"TARGET_ARN": map[string]string{"StringValue": scheduleARN, "DataType": "String"}}),
			scheduleARN, slot},
	} {
		t.Run(name, func(t *testing.T) {
			if function, payload, deleted := sendAgain(t, c.letter, true); function != c.function || payload != c.payload || !deleted {
				t.Errorf("function %s is invoked with %s, deleted: %v; want %s with %s", function, payload, deleted, c.function, c.payload)
			}
			if testing.Short() && name != "killed" {
				return
			}
			if _, _, deleted := sendAgain(t, c.letter, false); deleted {
				t.Error("a letter is deleted though its burst failed again")
			}
		})
	}
}
