package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/local/emulator"
	"salesburst/shared/market"
	"salesburst/shared/parameters"
)

// plans lets people change what goes wrong in the scheduled bursts.
type plans struct {
	incidents *emulator.Incidents
	market    *market.Market
}

func (p *plans) handle(mux *http.ServeMux) {
	mux.HandleFunc("POST /incidents", p.add)
	mux.HandleFunc("PUT /incidents", p.replace)
	mux.HandleFunc("DELETE /incidents/{id}", p.end)
	mux.HandleFunc("GET /"+contract.IncidentsFile, p.download)
}

// Limits of the time that a form says from now on.
const (
	mostAhead  = 7 * 24 * time.Hour
	mostLength = 7 * 24 * time.Hour
)

// add plans one more incident. The form has the fields of an incident, and in, how long until it begins,
// and for, how long it takes. Durations can be numbers of minutes.
func (p *plans) add(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPayload)
	if err := r.ParseForm(); err != nil {
		refuseBody(w, err, maxPayload)
		return
	}
	if len(r.PostForm) == 0 {
		refuseBody(w, errNoForm, maxPayload)
		return
	}
	var planned incidents.Occurrence
	err := p.incidents.Change(func(old *incidents.Plan, now time.Time) (*incidents.Plan, error) {
		text, err := incidentOf(r.PostForm, now)
		if err != nil {
			return nil, err
		}
		one, err := p.market.ReadIncidents(text)
		if err != nil {
			return nil, err
		}
		planned, _ = one.Incidents[0].Next(now)
		return old.With(one.Incidents[0], now)
	})
	if err != nil {
		refuseIncident(w, err, false)
		return
	}
	say(w, planned.Scenario+": "+during(planned, planned.Begin))
}

var errNoForm = errors.New("an incident is a form, as in curl -d scenario=bot-traffic -d for=30m; a whole plan " +
	"is sent with PUT")

// incidentOf is a plan of the one incident that a form describes.
func incidentOf(form url.Values, now time.Time) ([]byte, error) {
	fields := make(map[string]any)
	for name, values := range form {
		switch {
		case len(values) > 1:
			return nil, invalidField(name, fmt.Sprint(values), "one value")
		case values[0] == "":
		case name == "severity" || name == "more" || name == "share" || name == "off" || name == "price":
			fields[name] = values[0]
			if isNumber.MatchString(values[0]) {
				fields[name] = json.Number(values[0])
			}
		case name == "ramp" || name == "decay":
			fields[name] = minutes(values[0])
		case name != "in" && name != "for":
			fields[name] = values[0]
		}
	}
	ahead, length := time.Duration(0), time.Duration(0)
	for _, one := range []struct {
		name     string
		to       *time.Duration
		from, up time.Duration
		instead  string
	}{{"in", &ahead, 0, mostAhead, "from"}, {"for", &length, time.Second, mostLength, "to"}} {
		text := form.Get(one.name)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(minutes(text))
		if err != nil || d < one.from || d > one.up {
			return nil, invalidField(one.name, strconv.Quote(text),
				fmt.Sprintf("a number of minutes, or a duration from %v to %v, as in 90s", one.from, one.up))
		}
		if fields[one.instead] != nil {
			return nil, invalidField(one.name, strconv.Quote(text), "nothing where there is "+one.instead)
		}
		*one.to = d
	}
	if fields["from"] == nil {
		from := now.Add(ahead)
		fields["from"] = from.Format(time.RFC3339)
		if length > 0 {
			fields["to"] = from.Add(length).Format(time.RFC3339)
		}
	} else if length > 0 {
		return nil, invalidField("for", strconv.Quote(form.Get("for")), "nothing where there is from; say to")
	}
	return json.Marshal(map[string]any{"incidents": []any{fields}})
}

var (
	isNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?$`)
	isWhole  = regexp.MustCompile(`^[0-9]{1,6}$`)
)

// minutes is a duration, of which minutes may be a number alone.
func minutes(text string) string {
	if isWhole.MatchString(text) {
		return text + "m"
	}
	return text
}

func invalidField(path, value, allowed string) error {
	return &parameters.Invalid{Path: path, Value: value, Allowed: allowed}
}

// replace makes of a file, as -incidents takes it, the plan.
func (p *plans) replace(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPlan))
	if err != nil {
		refuseBody(w, err, maxPlan)
		return
	}
	plan, err := p.market.ReadIncidents(text)
	if err == nil {
		err = p.incidents.Change(func(*incidents.Plan, time.Time) (*incidents.Plan, error) { return plan, nil })
	}
	if err != nil {
		refuseIncident(w, err, true)
		return
	}
	said := fmt.Sprintf("The plan has %d incidents", len(plan.Incidents))
	if plan.Random.PerDay > 0 {
		said += ", and those that come by chance"
	}
	say(w, said+".")
}

// maxPlan is the size of a plan's file, in bytes, as -incidents takes it.
const maxPlan = 1 << 20

// byChance stands for the number of an incident.
const byChance = "random"

// end takes an incident out of the plan.
func (p *plans) end(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("id"), ""
	err := p.incidents.Change(func(old *incidents.Plan, _ time.Time) (*incidents.Plan, error) {
		if id == byChance && old.Random.PerDay > 0 {
			name = "What comes by chance"
			return old.WithoutRandom(), nil
		}
		for _, i := range old.Incidents {
			if id == strconv.Itoa(i.Number()) {
				name = i.Scenario
				plan, _ := old.Without(i.Number())
				return plan, nil
			}
		}
		return nil, errNoIncident
	})
	if err != nil {
		writeError(w, http.StatusNotFound, "NoSuchIncident", err.Error())
		return
	}
	say(w, name+" has ended, with the last whole minute.")
}

var errNoIncident = errors.New("the plan has no such incident; it may have been ended before")

// download is the plan of the minutes to come, as -incidents takes it.
func (p *plans) download(w http.ResponseWriter, _ *http.Request) {
	text, err := json.MarshalIndent(p.incidents.Latest(), "", "  ")
	if err != nil {
		panic(err) // texts and numbers
	}
	asFile(w, "application/json", contract.IncidentsFile)
	fmt.Fprintf(w, "%s\n", text)
}

func say(w http.ResponseWriter, text string) {
	body, err := json.Marshal(map[string]string{"message": text})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	writeJSON(w, http.StatusOK, body)
}

// refuseBody answers who sends what cannot be read.
func refuseBody(w http.ResponseWriter, err error, most int) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		writeError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("it has %d bytes at most", most))
		return
	}
	writeError(w, http.StatusBadRequest, "InvalidIncident", err.Error())
}

// refuseIncident answers with the path of what is wrong, and, of a file, the line.
func refuseIncident(w http.ResponseWriter, err error, file bool) {
	answer := struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
		Path    string `json:"path,omitempty"`
	}{Message: err.Error(), Type: "InvalidIncident"}
	var invalid *parameters.Invalid
	var unknown *market.Invalid
	switch {
	case errors.As(err, &invalid):
		answer.Path = invalid.Path
		if !file {
			answer.Message = invalidField(invalid.Path, invalid.Value, invalid.Allowed).Error()
		}
	case errors.As(err, &unknown):
		answer.Path = unknown.Field
	}
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	writeJSON(w, http.StatusBadRequest, body)
}
